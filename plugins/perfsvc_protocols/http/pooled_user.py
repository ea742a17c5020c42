"""Base class of sessions with a connection per origin, opened on demand and kept."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from operator import add
from typing import Generic
from typing import TypeVar
from typing import cast

from perfsvc.plugin import TIMEOUT
from perfsvc.plugin import Failed
from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin import failures
from perfsvc.plugin.net.dial import Dialer
from perfsvc.plugin.net.dial import DialState
from perfsvc.plugin.net.tls import handshake_counters
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http import head
from perfsvc_protocols.http.base_connection import BaseConnection
from perfsvc_protocols.http.call import HttpCall
from perfsvc_protocols.http.rendered_request import RenderedRequest
from perfsvc_protocols.http.reply import HttpReply
from perfsvc_protocols.http.spec import Options
from perfsvc_protocols.http.user import NO_REPLY
from perfsvc_protocols.http.user import NS
from perfsvc_protocols.http.user import PARTIAL
from perfsvc_protocols.http.user import REPEATED
from perfsvc_protocols.http.user import HttpUser

C = TypeVar("C", bound=BaseConnection)


class PooledUser(HttpUser, Generic[C]):
    """Sends each request on the connection to its origin, opening one if needed.

    A request that is retried because the server had closed an idle connection keeps the start time of its first
    attempt.
    """

    __slots__ = ("_connection", "_connections", "_dial_state", "_dialer", "_dialing", "_repeats")

    def __init__(
        self,
        scope: Scope,
        done: Callable[[Reply], None],
        options: Options,
        reply: HttpReply,
        dialer: Dialer,
        now_ns: Callable[[], int],
    ) -> None:
        super().__init__(scope, done, options, reply, now_ns)
        # For as long as the user lives
        self._connections: dict[Origin, C] = {}
        self._dialer = dialer
        self._dial_state = DialState()
        # For one request
        self._connection: C | None = None
        self._dialing: asyncio.Task[None] | None = None
        self._repeats = 0

    def start(self, call: HttpCall) -> None:
        message = call.message or call.make(self.scope)
        if self._iteration is not None and self._iteration != self.scope.iteration:
            self._iteration = self.scope.iteration
            self.reset()
        self._call = call
        self._message = message
        self._repeats = 0
        self.reply.reset()
        connection = self._connection
        if connection is not None and connection.origin is message.origin and connection.write is not None:
            self._send(connection, message)
        else:
            self._dispatch(message)

    def abort(self, error_class: str) -> None:
        if self._message is None:
            return
        waited_for = self._dial_state.hung
        if self._dialing is not None:
            self._dialing.cancel()
        elif self._connection is not None:
            waited_for = PARTIAL if self.reply.raw else NO_REPLY
            self._connection.give_up()
        self._fail(error_class, waited_for if error_class == TIMEOUT else "")

    def reset(self) -> None:
        for connection in self._connections.values():
            connection.drop()
        self._connections.clear()
        self._connection = self.scope.cookies = None
        self._dial_state = DialState()

    async def close(self) -> None:
        self.reset()
        await asyncio.sleep(0)  # lets the loop run connection_lost of the aborted connections

    @abstractmethod
    def _new_connection(self, origin: Origin) -> C:
        """Make a connection that is about to be opened."""

    @abstractmethod
    def _send(self, connection: C, message: RenderedRequest) -> None:
        """Send a request on an open connection."""

    # On the way out

    def _dispatch(self, message: RenderedRequest) -> None:
        connection = self._connections.get(message.origin)
        if connection is not None and connection.write is not None:
            self._send(connection, message)
            return
        self._requested_ns = self._now_ns()
        self._dialing = asyncio.get_running_loop().create_task(self._dial(message))

    async def _dial(self, message: RenderedRequest) -> None:
        connection = self._new_connection(message.origin)
        try:
            async with asyncio.timeout(self._call.timeout_ns / NS):
                phases = await self._dialer.open(message.origin, connection, self.scope, self._dial_state)
        except asyncio.CancelledError:
            connection.drop()
            raise
        except TimeoutError:
            connection.drop()
            self._fail(TIMEOUT, self._dial_state.hung)
        except Failed as error:
            self._fail(error.error_class, str(error))
        else:
            self._dialled(connection, message, phases)

    def _dialled(self, connection: C, message: RenderedRequest, phases: tuple[int, int, int]) -> None:
        self._dialing = None
        dns, connect, tls = map(add, phases, self.reply.connected or (0, 0, 0))
        self.reply.connected = dns, connect, tls
        if self.options.session_resumption:
            self._count(handshake_counters(connection.transport))
        self._keep(connection)
        if connection.write is None:
            self.lost(connection, None)
        else:
            self._send(connection, message)

    def _keep(self, connection: C) -> None:
        former = self._connections.pop(connection.origin, None)
        if former is None and len(self._connections) >= self.options.max_connections:
            former = self._connections.pop(next(iter(self._connections)))
        if former is not None:
            former.drop()
        self._connections[connection.origin] = connection

    # On the way back

    def protocol_error(self, connection: C, cause: str) -> None:
        connection.drop()
        self._fail(failures.PROTOCOL, cause)

    def listening_failed(self, connection: C, error: Exception) -> None:
        connection.drop()
        self._fail_listening(error)

    def stop_listening(self) -> None:
        connection = self._connection
        if connection is not None and self._dialing is None:
            connection.give_up()
            self.reply.ended_ns = self._now_ns()
            self.reply.status = self.reply.status or int(head.of(self.reply.raw)[9:12])
            self.finish()

    def reply_too_large(self, connection: C) -> None:
        connection.drop()
        self._fail(failures.TOO_LARGE, f"more than {self.options.max_response_bytes} bytes")

    def lost(self, connection: C, error: BaseException | None) -> None:
        stale = connection.served and not self.reply.raw
        message = cast(RenderedRequest, self._message)
        if stale and message.idempotent and not self._repeats:
            self._repeat(message)
        elif stale:
            kept = "the server closed the kept connection before it responded"
            cause = f"{kept}, again" if self._repeats else f"{kept}; {message.method} is not sent again"
            self._fail(failures.RESET, cause)
        else:
            self._fail(failures.broken(error), str(error or "the server closed the connection"))

    def _repeat(self, message: RenderedRequest) -> None:
        """Send a request again that the server has not processed (RFC 9110, 9.2.2; RFC 9113, 8.7)."""
        self._repeats += 1
        self._count(REPEATED)
        self.reply.forget()
        self._dispatch(message)

    def _fail(self, error_class: str, message: str) -> None:
        self._dialing = None
        super()._fail(error_class, message)

    def _follow(self, reply_head: bytes) -> bool:
        self._repeats = 0
        return super()._follow(reply_head)
