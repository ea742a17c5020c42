"""One virtual user as a gRPC client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc.aio

from perfsvc.plugin import TIMEOUT
from perfsvc.plugin import AsyncSession
from perfsvc.plugin import Fault
from perfsvc.plugin import NotSent
from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin.failures import CLOSED_EARLY
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc_protocols.grpc import failures
from perfsvc_protocols.grpc.call import GrpcCall
from perfsvc_protocols.grpc.channels import MethodChannel
from perfsvc_protocols.grpc.channels import Route
from perfsvc_protocols.grpc.failures import Failed
from perfsvc_protocols.grpc.reply import GrpcReply
from perfsvc_protocols.grpc.routes import Routes
from perfsvc_protocols.grpc.schemas import Schemas
from perfsvc_protocols.grpc.spec import Options


class GrpcSession(AsyncSession):
    """Calls methods, one at a time, on its own channels or on shared ones."""

    __slots__ = ("_now_ns", "_options", "_reply", "_routes", "_schemas")

    def __init__(
        self,
        scope: Scope,
        done: Callable[[Reply], None],
        options: Options,
        routes: Routes,
        schemas: Schemas,
        now_ns: Callable[[], int],
    ) -> None:
        super().__init__(scope, done)
        self._options = options
        self._routes = routes
        self._schemas = schemas
        self._now_ns = now_ns
        self._reply: GrpcReply

    def prepare(self, call: GrpcCall) -> GrpcReply:
        texts, metadata = call.render(self.scope), call.metadata.render(self.scope)
        reply = GrpcReply(call, texts, metadata, self._options)
        if call.method is not None:
            reply.wire = call.wire(texts)
        reply.started_ns = self._now_ns()
        self._reply = reply
        return reply

    async def call(self, call: GrpcReply) -> Reply:
        """One call, of which ``call`` is the reply to be."""
        reply = call
        try:
            route = self._routes.to(reply.call.target)
            channel = route.channel
            if channel is None or reply.wire is None:
                channel = await self._prepared(reply, route)
            await self._exchange(reply, route, channel)
        except Failed as error:
            if not error.sent:
                reply.unsent()
            reply.fail(error.error_class, str(error), self._now_ns())
        return reply

    def failed(self, error_class: str, message: str) -> Reply:
        self._reply.fail(error_class, message, self._now_ns())
        return self._reply

    def reset(self) -> None:
        self._routes.drop()

    async def close(self) -> None:
        await self._routes.close()

    async def _prepared(self, reply: GrpcReply, route: Route) -> MethodChannel:
        """The schema where it is still unknown, and a connected channel. Raise Failed."""
        try:
            async with asyncio.timeout(reply.call.timeout_s):
                if reply.wire is None:
                    await self._bind(reply)
                channel, reply.connected = await route.open(reply.call.timeout_s)
                return channel
        except TimeoutError:
            raise Failed(TIMEOUT, f"no connection to {route.target.authority} in time") from None

    async def _bind(self, reply: GrpcReply) -> None:
        call = reply.call
        try:
            if call.method is None:
                call.bind(await self._schemas.reflected(call.target, call.path, reply.metadata, call.timeout_s))
            reply.wire = call.wire(reply.texts)
        except NotSent as error:
            raise Failed(error.error_class, str(error)) from None
        except Fault as fault:
            raise Failed(INVALID_REQUEST, str(fault)) from None

    async def _exchange(self, reply: GrpcReply, route: Route, channel: MethodChannel) -> None:
        call, wire = reply.call, reply.wire
        method: Any = call.method
        rpc = channel.rpc(method)(
            wire if method.client_streaming else wire[0],  # type: ignore[index]  # bound above
            timeout=call.timeout_s,
            metadata=reply.metadata,
        )
        reply.begun(self._now_ns())
        try:
            if method.server_streaming:
                async for data in rpc:
                    reply.take(data, self._now_ns())
            else:
                reply.take(await rpc, self._now_ns())
            reply.ended_ns = self._now_ns()
            if call.reads.headers:
                reply.answered(await rpc.initial_metadata(), await rpc.trailing_metadata())
        except grpc.aio.AioRpcError as error:
            failure = failures.of(error)
            if failure is not None:
                if failure.broken:
                    route.lost(channel)
                raise failure from None
            reply.ended_ns = self._now_ns()
            reply.refused(error, reply.ended_ns)
        except asyncio.CancelledError:
            # grpc.aio leaves a streamed call running that is cancelled just before its first message.
            rpc.cancel()
            if asyncio.current_task().cancelling():  # type: ignore[union-attr]  # we are in one
                raise
            raise Failed(CLOSED_EARLY, "the channel was closed", sent=True) from None
