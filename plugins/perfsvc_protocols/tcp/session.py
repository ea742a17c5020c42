"""One virtual user as a TCP client: its connection, and one request at a time over it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from perfsvc.plugin import Call
from perfsvc.plugin import Failed
from perfsvc.plugin import NotSent
from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin import failures
from perfsvc.plugin.net.dial import Dialer
from perfsvc_protocols._net.endpoint import Endpoint
from perfsvc_protocols._net.endpoint import EndpointTemplate
from perfsvc_protocols._net.payload import Payload
from perfsvc_protocols._net.session import EndpointSession
from perfsvc_protocols.tcp.connection import Connection
from perfsvc_protocols.tcp.framing import Frame
from perfsvc_protocols.tcp.spec import Options


class TcpCall(Call):
    """A compiled step. ``payload`` is None when it only waits, ``frame`` when it only sends.

    ``endpoint`` and ``data`` (the payload) are None if they depend on variables.
    """

    __slots__ = ("data", "endpoint", "frame", "half_close", "payload", "target", "until_close")

    def __init__(
        self,
        target: EndpointTemplate,
        payload: Payload | None,
        frame: Frame | None,
        until_close: bool,
        half_close: bool,
        timeout_ns: int,
    ) -> None:
        super().__init__(timeout_ns)
        self.data = b"" if payload is None else payload.constant
        self.endpoint = target.constant
        self.frame = frame
        self.half_close = half_close
        self.payload = payload
        self.target = target
        self.until_close = until_close


class TcpSession(EndpointSession):
    """Sends on its connection, opening one if there is none or the endpoint differs."""

    __slots__ = ("_call", "_connection", "_data", "_dialer", "_finishing", "_keeps", "_max_bytes")

    def __init__(
        self, scope: Scope, done: Callable[[Reply], None], options: Options, dialer: Dialer, now_ns: Callable[[], int]
    ) -> None:
        super().__init__(scope, done, now_ns, options.new_connection_each_iteration)
        # For the lifetime of the user
        self._connection: Connection | None = None
        self._dialer = dialer
        self._keeps = options.keep_connection
        self._max_bytes = options.max_message_bytes
        # For one request
        self._call: TcpCall
        self._data = b""
        self._finishing: asyncio.Handle | None = None

    def start(self, call: TcpCall) -> None:
        endpoint = call.endpoint or call.target.of(self.scope)
        if call.half_close and endpoint.secure:
            raise NotSent(failures.INVALID_REQUEST, "TLS has no half close")
        data = call.data
        if data is None:
            data = call.payload.render(self.scope)  # type: ignore[union-attr]  # there is one that varies
        self._begins()
        self._call = call
        self._data = data
        connection = self._connection
        if connection is not None and connection.open and (endpoint is self._endpoint or endpoint == self._endpoint):
            self._send(connection)
        else:
            self._go_to(endpoint)

    def abort(self, error_class: str) -> None:
        if self._busy:
            self._stop_dialling()
            self._fail(error_class, "")

    def reset(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.leave()

    async def _dial(self, endpoint: Endpoint) -> None:
        connection = self._connection = Connection(self, self._max_bytes)
        try:
            phases = await self._dialer.open(endpoint, connection, self.scope)
        except Failed as error:
            self._fail(error.error_class, str(error))
            return
        if self._connection is not connection:
            return  # it ended at once, which was reported
        self._dialing = None
        self.reply.connected = phases
        self._send(connection)

    def _send(self, connection: Connection) -> None:
        call, reply = self._call, self.reply
        reply.sent = True
        reply.started_ns = self._now_ns()
        if call.payload is not None:
            data = reply.sent_payload = self._data
            reply.bytes_sent = len(data)
            connection.send(data, call.frame)
        elif call.frame is not None:
            connection.listen(call.frame)
        if call.half_close:
            connection.end_sending()
        if call.frame is None and not connection.full:
            self._finishing = asyncio.get_running_loop().call_soon(self._finish)

    # Callbacks of the connection

    def bytes_received(self, size: int) -> None:
        reply = self.reply
        reply.bytes_received += size
        if self._busy and not reply.waiting_ns:
            reply.waiting_ns = self._now_ns() - reply.started_ns

    def message(self, data: bytes) -> None:
        self.reply.payload = data
        self._finish()

    def single_piece_message(self, data: bytes) -> None:
        reply = self.reply
        now = self._now_ns()
        reply.payload = data
        reply.bytes_received += len(data)
        reply.waiting_ns = reply.waiting_ns or now - reply.started_ns
        self._end(now)

    def protocol_error(self, cause: str) -> None:
        self._fail(failures.PROTOCOL, cause)

    def lost(self, error: BaseException | None) -> None:
        connection, self._connection = self._connection, None
        if not self._busy or connection is None:
            return
        if error is None and self._dialing is None and self._call.until_close:
            self.message(connection.rest())
        else:
            self._fail(failures.broken(error), str(error or "the server closed the connection"))

    def resumed(self) -> None:
        if self._busy and self._call.frame is None:
            self._finish()

    # The end of a request

    def _finish(self) -> None:
        if self._finishing is not None:
            self._finishing.cancel()
            self._finishing = None
        self._end(self._now_ns())

    def _end(self, now: int) -> None:
        self._busy = False
        if not self._keeps or self._call.half_close:
            self.reset()
        self.reply.ended_ns = now
        self.done(self.reply)

    def _fail(self, error_class: str, message: str) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.drop()
        self._failed(error_class, message)
        self._finish()
