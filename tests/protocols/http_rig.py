"""HTTP for the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from typing import ClassVar

from perfsvc.plugin.testing import Behaviour
from perfsvc.plugin.testing import Rig
from perfsvc_protocols.http import HttpProtocol
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer
from tests.protocols.servers import always
from tests.protocols.servers import silent


async def dies(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"hel")
    peer.reset()


FIRST = {
    Behaviour.GOOD: always(),
    Behaviour.SILENT: silent,
    Behaviour.DIES: dies,
    Behaviour.GARBAGE: always(b"220 mail.example ESMTP\r\n"),
}


class HttpRig(Rig):
    protocol = HttpProtocol
    request: ClassVar[dict[str, Any]] = {"url": "/"}
    unsendable: ClassVar[dict[str, Any]] = {"url": "/{{nobody}}"}
    refused: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({"url": 5}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "/{{$nonsense}}"}, "url"),
        ({"headers": {"A B": "c"}}, "headers.A B"),
        ({"metod": "GET"}, "metod"),
    ]

    @asynccontextmanager
    async def peer(self, behaviour: Behaviour) -> AsyncIterator[str]:
        async def script(peer: Peer) -> None:
            await (FIRST[behaviour] if peer.number == 1 else always())(peer)

        async with ScriptedServer(script) as server:
            yield server.url

    def url(self, host: str, port: int) -> str:
        return f"http://{host}:{port}"

    def secure_url(self, host: str, port: int) -> str:
        return f"https://{host}:{port}"
