"""UDP for the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from typing import ClassVar

from perfsvc.plugin.testing import Behaviour
from perfsvc.plugin.testing import Rig
from perfsvc_protocols.udp import UdpProtocol
from tests.protocols.udp_peers import UdpServer
from tests.protocols.udp_peers import echo


def first_only(behaviour: Behaviour) -> Any:
    def fault(server: UdpServer, data: bytes, addr: Any) -> None:
        if server.did["received"] > 1 or behaviour is Behaviour.GOOD:
            echo(server, data, addr)
        elif behaviour is Behaviour.GARBAGE:
            server.answer(b"?", addr)

    return fault


class UdpRig(Rig):
    protocol = UdpProtocol
    request: ClassVar[dict[str, Any]] = {"text": "....hello", "sequence": {}}
    unsendable: ClassVar[dict[str, Any]] = {"text": "{{nobody}}"}
    refused: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({"url": 5}, "url"),
        ({"url": "tcp://127.0.0.1:1", "text": "a"}, "url"),
        ({"url": "udp://127.0.0.1", "text": "a"}, "url"),
        ({}, "text"),
        ({"text": "{{$nonsense}}"}, "text"),
        ({"hex": "0g"}, "hex"),
        ({"text": "a", "sequence": {"size": 2}}, "sequence.size"),
        ({"text": "a", "sequence": {}, "match": {"size": 1}}, "match"),
        ({"text": "a", "count": 2}, "sequence"),
        ({"tekst": "a"}, "tekst"),
    ]
    without: ClassVar[dict[str, str]] = {
        "a_peer_that_dies_in_the_middle": "a datagram has no middle, and nothing tells that its peer is gone",
    }

    @asynccontextmanager
    async def peer(self, behaviour: Behaviour) -> AsyncIterator[str]:
        async with UdpServer(first_only(behaviour)) as server:
            yield server.url

    def url(self, host: str, port: int) -> str:
        return f"udp://{host}:{port}"
