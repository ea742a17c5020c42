"""gRPC for the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from typing import ClassVar

from perfsvc.plugin.testing import Behaviour
from perfsvc.plugin.testing import Rig
from perfsvc_protocols.grpc import GrpcProtocol
from tests.protocols.grpc_peers import PROTOS
from tests.protocols.grpc_peers import DemoServicer
from tests.protocols.grpc_peers import babbles
from tests.protocols.grpc_peers import dies
from tests.protocols.grpc_peers import relay
from tests.protocols.grpc_peers import served
from tests.protocols.grpc_quick_peer import served_quickly
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer

SAY = "demo.Desk/Say"


class FirstCallHangs(DemoServicer):
    """A stream that is given up leaves its connection as it was: what a silent peer must forget is the call."""

    async def say(self, request: Any, context: Any) -> Any:
        await self._record(request, context)
        if len(self.requests) == 1:
            await self._hang()
        return request


class GrpcRig(Rig):
    protocol = GrpcProtocol
    options: ClassVar[dict[str, Any]] = {"protos": PROTOS}
    request: ClassVar[dict[str, Any]] = {"method": SAY, "message": {"text": "hello"}}
    unsendable: ClassVar[dict[str, Any]] = {"method": SAY, "message": {"text": "{{nobody}}"}}
    refused: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({}, "method"),
        ({"method": "Say"}, "method"),
        ({"method": "demo.Nobody/Say"}, "method"),
        ({"method": "demo.Desk/Shout"}, "method"),
        ({"method": SAY, "url": "ftp://127.0.0.1"}, "url"),
        ({"method": SAY, "url": "grpc://{{host}}"}, "url"),
        ({"method": SAY, "message": {"txt": "hello"}}, "message"),
        ({"method": SAY, "message": {"tags": ["{{$nonsense}}"]}}, "message.tags[0]"),
        ({"method": SAY, "messages": [{}, {}]}, "messages"),
        ({"method": SAY, "message": {}, "messages": [{}]}, "messages"),
        ({"method": "demo.Desk/Chat", "messages": [{}, {"big_number": "many"}]}, "messages[1]"),
        ({"method": SAY, "metadata": {"a b": "c"}}, "metadata.a b"),
        ({"method": SAY, "metadata": {"grpc-timeout": "1S"}}, "metadata.grpc-timeout"),
        ({"method": SAY, "metadata": {"x": "two\nlines"}}, "metadata.x"),
        ({"method": SAY, "metadata": {"x-bin": "?"}}, "metadata.x-bin"),
        ({"method": SAY, "mesage": {}}, "mesage"),
    ]

    @asynccontextmanager
    async def peer(self, behaviour: Behaviour) -> AsyncIterator[str]:
        if behaviour is Behaviour.GOOD:
            async with served_quickly() as port:
                yield self.url("127.0.0.1", port)
            return
        servicer = FirstCallHangs() if behaviour is Behaviour.SILENT else DemoServicer()
        async with served(servicer) as port:
            if behaviour is Behaviour.SILENT:
                yield self.url("127.0.0.1", port)
                return
            first = dies if behaviour is Behaviour.DIES else babbles

            async def script(peer: Peer) -> None:
                await (first(peer) if peer.number == 1 else relay(peer, port))

            async with ScriptedServer(script) as server:
                yield self.url("127.0.0.1", server.port)

    def url(self, host: str, port: int) -> str:
        return f"grpc://{host}:{port}"

    def secure_url(self, host: str, port: int) -> str:
        return f"grpcs://{host}:{port}"
