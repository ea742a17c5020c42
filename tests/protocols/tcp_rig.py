"""TCP for the contract suite: messages of ``length (4 bytes) + payload``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from typing import ClassVar

from perfsvc.plugin.testing import Behaviour
from perfsvc.plugin.testing import Rig
from perfsvc_protocols.tcp import TcpProtocol
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer


async def echoing(peer: Peer) -> None:
    while data := await peer.some():
        await peer.send(data)


async def silent(peer: Peer) -> None:
    await peer.some()
    await peer.gone()


async def dies(peer: Peer) -> None:
    await peer.some()
    await peer.send(b"\x00\x00\x00\x05he")
    peer.reset()


async def babbling(peer: Peer) -> None:
    while await peer.some():
        await peer.send(b"\xff\xff\xff\xff what")


FIRST = {
    Behaviour.GOOD: echoing,
    Behaviour.SILENT: silent,
    Behaviour.DIES: dies,
    Behaviour.GARBAGE: babbling,
}
LENGTH = {"type": "length"}


class TcpRig(Rig):
    protocol = TcpProtocol
    request: ClassVar[dict[str, Any]] = {"text": "hello", "add_length": True, "framing": LENGTH}
    unsendable: ClassVar[dict[str, Any]] = {"text": "{{nobody}}", "framing": LENGTH}
    refused: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({"url": 5}, "url"),
        ({"url": "http://127.0.0.1:1", "one_way": True}, "url"),
        ({"url": "tcp://127.0.0.1", "one_way": True}, "url"),
        ({"url": "tcp://127.0.0.1:1/path", "one_way": True}, "url"),
        ({"text": "{{$nonsense}}"}, "text"),
        ({"text": "a"}, "framing"),
        ({"hex": "0g", "one_way": True}, "hex"),
        ({"base64": "*", "one_way": True}, "base64"),
        ({"text": "a", "hex": "00"}, "hex"),
        ({"text": "a", "framing": {"type": "delimiter"}}, "framing"),
        ({"text": "a", "framing": {"type": "delimiter", "hex": "0g"}}, "framing.hex"),
        ({"text": "a", "framing": {"type": "regex", "pattern": "("}}, "framing.pattern"),
        ({"text": "a", "framing": {"type": "regex", "pattern": "a*"}}, "framing.pattern"),
        ({"text": "a", "framing": {"type": "length", "size": 3}}, "framing.size"),
        ({"text": "a", "framing": {"type": "fixed", "size": 0}}, "framing.size"),
        ({"text": "a", "framing": {"type": "fixed", "size": 1}, "add_length": True}, "add_length"),
        ({"text": "a" * 256, "framing": {"type": "length", "size": 1}, "add_length": True}, "add_length"),
        ({"tekst": "a"}, "tekst"),
    ]

    @asynccontextmanager
    async def peer(self, behaviour: Behaviour) -> AsyncIterator[str]:
        async def script(peer: Peer) -> None:
            await (FIRST[behaviour] if peer.number == 1 else echoing)(peer)

        async with ScriptedServer(script) as server:
            yield f"tcp://127.0.0.1:{server.port}"

    def url(self, host: str, port: int) -> str:
        return f"tcp://{host}:{port}"

    def secure_url(self, host: str, port: int) -> str:
        return f"tls://{host}:{port}"
