"""The gRPC protocol: one object serves one run on one node."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any

from perfsvc.plugin import Fault
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Operation
from perfsvc.plugin import Protocol
from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Text
from perfsvc.plugin import Unlisted
from perfsvc_protocols.grpc import spec

if TYPE_CHECKING:
    from perfsvc_protocols.grpc.call import GrpcCall
    from perfsvc_protocols.grpc.session import GrpcSession


class GrpcProtocol(Protocol):
    """gRPC: unary calls and streams in either direction, plain and over TLS.

    The library takes a quarter of a second to import, so it is imported with the first object.
    """

    name = "grpc"
    title = Text("gRPC", "gRPC")
    Request = spec.Request
    Options = spec.Options
    has_operations = True

    def __init__(self, options: spec.Options, context: RunContext) -> None:
        """Raise InvalidInput, with the compiler's message, for ``.proto`` texts that do not compile."""
        from perfsvc_protocols.grpc.channels import ChannelDialer
        from perfsvc_protocols.grpc.descriptors import MAX_BYTES
        from perfsvc_protocols.grpc.routes import OwnRoutes
        from perfsvc_protocols.grpc.schemas import Schemas

        super().__init__(options, context)
        self._dialer = ChannelDialer(options, context)
        # Descriptors have a size limit of their own, whatever that of replies is.
        self._reflecting = ChannelDialer(options.model_copy(update={"max_message_bytes": MAX_BYTES}), context)
        self._schemas = Schemas(options, self._reflecting)
        self._pool = [OwnRoutes(self._dialer, number) for number in range(options.shared_channels)]

    def compile(self, request: Any, timeout_ns: int, reads: ReplyParts) -> GrpcCall:
        from perfsvc_protocols.grpc.compile import compiled

        call = compiled(request, self.context, timeout_ns, reads)
        method = self._schemas.from_files(call.path)
        if method is not None:
            try:
                call.bind(method)
            except Fault as fault:
                raise InvalidInput(fault.problems) from None
        return call

    async def operations(self, request: Mapping[str, Any], limit_s: float) -> Sequence[Operation | Unlisted]:
        from perfsvc_protocols.grpc.compile import server_of
        from perfsvc_protocols.grpc.operations import operations_of

        target, metadata = server_of(request, self.context)
        schema, unlisted = await self._schemas.full(target, metadata, limit_s)
        return [*await asyncio.to_thread(lambda: operations_of(schema.methods())), *unlisted]

    def session(self, scope: Scope, done: Callable[[Reply], None]) -> GrpcSession:
        from perfsvc_protocols.grpc.routes import OwnRoutes
        from perfsvc_protocols.grpc.routes import SharedRoutes
        from perfsvc_protocols.grpc.session import GrpcSession

        routes = SharedRoutes(self._pool, scope.vu) if self._pool else OwnRoutes(self._dialer, scope.vu)
        return GrpcSession(scope, done, self.options, routes, self._schemas, self.context.now_ns)

    def status_failure(self, status: int) -> str | None:
        from perfsvc_protocols.grpc.reply import status_name

        return f"gRPC {status_name(status)}" if status else None

    async def close(self) -> None:
        for routes in self._pool:
            await routes.close()
        await self._reflecting.close()
        await self._dialer.close()
