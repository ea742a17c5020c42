"""Connections: opening with picows, messages out, and messages assembled from frames in."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Protocol

from picows import WSCloseCode
from picows import WSError
from picows import WSFrame
from picows import WSInvalidStatusError
from picows import WSListener
from picows import WSMsgType
from picows import WSTransport
from picows import ws_connect

from perfsvc.plugin import Failed
from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin import failures
from perfsvc.plugin.net.dial import Dialer
from perfsvc.plugin.net.dial import Dialled
from perfsvc.plugin.net.dial import hang_up
from perfsvc_protocols._net.address import Address

TEXT, BINARY, PING, PONG, CLOSE = WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG, WSMsgType.CLOSE
MESSAGES = (TEXT, BINARY)
NO_CODE = 1005
"""A close frame without a code, as RFC 6455 has it."""
PATIENCE_S = 1.0
"""Time for the server to end a connection after the closing handshake."""
UPGRADE = (
    b"GET  HTTP/1.1\r\nHost: \r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
"""The upgrade that picows sends, without target, host and our headers, and the frame of a server's reply."""
UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
READ_BUFFER = 4096
"""To begin with: thousands of sockets that mostly listen must not cost 16 KiB each."""

# What a target does wrong appears in the report; with an adapter picows makes no logger for each connection.
_logger = logging.getLogger("picows.perfsvc")
_logger.setLevel(logging.CRITICAL + 1)
QUIET = logging.LoggerAdapter(_logger)


class ConnectionListener(Protocol):
    """The user of a connection."""

    def message(self, data: bytes, size: int) -> None:
        """A complete message was received; ``size`` is its size on the wire."""
        ...

    def ponged(self, payload: bytes, size: int) -> None:
        """A pong was received."""
        ...

    def closed(self, code: int) -> None:
        """The other side closes, or confirms a close."""
        ...

    def lost(self, error_class: str) -> None:
        """The connection ended without a close frame."""
        ...

    def resumed(self) -> None:
        """The write buffer is empty again."""
        ...


class EventBuffer:
    """Buffers events between the upgrade and ``attach``: messages may arrive in that moment."""

    def __init__(self) -> None:
        self.events: list[Callable[[ConnectionListener], None]] = []

    def message(self, data: bytes, size: int) -> None:
        self.events.append(lambda listener: listener.message(data, size))

    def ponged(self, payload: bytes, size: int) -> None:
        """Ignored: no ping was sent."""

    def closed(self, code: int) -> None:
        self.events.append(lambda listener: listener.closed(code))

    def lost(self, error_class: str) -> None:
        self.events.append(lambda listener: listener.lost(error_class))

    def resumed(self) -> None:
        """Nothing was written."""


class Connection(WSListener):
    """An open connection. ``listener`` is None once it is abandoned.

    ``full``: the write buffer is full. ``upgrade_bytes``: size of the reply to the upgrade.
    """

    def __init__(self, max_bytes: int) -> None:
        self._buffered = EventBuffer()
        self.listener: ConnectionListener | None = self._buffered
        self.full = False
        self.headers: Mapping[str, str] = {}
        self.upgrade_bytes = 0
        self._asked_to_close = False
        self._farewell: asyncio.Task[None]
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self._transport: WSTransport

    # Called by the session

    def attach(self, listener: ConnectionListener) -> None:
        """Set the listener, and report buffered events to it."""
        if self.listener is not None:
            self.listener = listener
        for report in self._buffered.events:
            report(listener)

    def send(self, kind: WSMsgType, data: bytes) -> int:
        """Send a frame and return its size on the wire."""
        self._transport.send(kind, data)
        return len(data) + (6 if len(data) < 126 else 8 if len(data) < 65_536 else 14)

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake; its end is reported by ``closed``."""
        self._asked_to_close = True
        self._transport.send_close(code, reason.encode())  # type: ignore[arg-type]  # any code, not only those named

    def drop(self) -> None:
        """Abort the connection without a callback."""
        self.listener = None
        self._transport.disconnect(graceful=False)

    def leave(self) -> None:
        """Send a close frame and close, without a callback."""
        self.listener = None
        self._asked_to_close = True
        self._transport.send_close(WSCloseCode.OK)
        self._transport.disconnect()

    # Called by picows

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self.headers = transport.response.headers
        self.upgrade_bytes = len(UPGRADED) + headers_size(self.headers.items())

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        listener = self.listener
        if listener is None:
            return
        kind, size = frame.msg_type, frame.payload_size
        if size > self._max_bytes:
            self._too_big(listener)
        elif frame.fin and kind in MESSAGES:
            listener.message(frame.get_payload_as_bytes(), size + 2 if size < 126 else wire_size(size))
        elif kind == CLOSE:
            self._closing(listener, frame)
        elif kind == PONG:
            listener.ponged(frame.get_payload_as_bytes(), wire_size(frame.payload_size))
        elif kind != PING:
            self._part(listener, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        listener, self.listener = self.listener, None
        # picows sends a close frame to a peer that violates the protocol.
        broken = not self._asked_to_close and transport.is_close_frame_sent
        if broken:
            self._farewell = asyncio.get_running_loop().create_task(_heard_out(transport))
        if listener is not None:
            listener.lost(failures.PROTOCOL if broken else failures.CLOSED_EARLY)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        if self.listener is not None:
            self.listener.resumed()

    def _closing(self, listener: ConnectionListener, frame: WSFrame) -> None:
        self.listener = None
        transport = self._transport
        self._asked_to_close = True
        if not transport.is_close_frame_sent:
            transport.send_close(frame.get_close_code())
        # The server closes first, so that TIME_WAIT is on its side; but only for a while.
        asyncio.get_running_loop().call_later(PATIENCE_S, transport.disconnect)
        listener.closed(int(frame.get_close_code()) or NO_CODE)  # type: ignore[call-overload]  # an int of C

    def _too_big(self, listener: ConnectionListener) -> None:
        self.drop()
        listener.lost(failures.PROTOCOL)

    def _part(self, listener: ConnectionListener, frame: WSFrame) -> None:
        self._parts.append(frame.get_payload_as_bytes())
        self._parts_bytes += wire_size(frame.payload_size)
        if self._parts_bytes > self._max_bytes:
            self._too_big(listener)
        elif frame.fin:
            data, size = b"".join(self._parts), self._parts_bytes
            self._parts, self._parts_bytes = [], 0
            listener.message(data, size)


async def _heard_out(transport: WSTransport) -> None:
    """Retrieve the exception of a failed connection, so that the loop does not log it as never retrieved."""
    with contextlib.suppress(Exception):
        await transport.wait_disconnected()


def wire_size(payload: int) -> int:
    """Return the size of a frame from a server, header included."""
    return payload + (2 if payload < 126 else 4 if payload < 65_536 else 10)


def headers_size(headers: Iterable[tuple[str, str]]) -> int:
    """Return the size of headers, line ends included."""
    return sum(len(name) + len(value) + 4 for name, value in headers)


class Opening:
    """A connection that is being opened, and what is known of it whether that succeeds or not.

    ``ready_ns`` is the moment the upgrade was sent, 0 before.
    """

    def __init__(self, now_ns: Callable[[], int], address: Address, headers: list[tuple[str, str]]) -> None:
        self.begun_ns = now_ns()
        self.ready_ns = 0
        self._address = address
        self._now_ns = now_ns
        self._dialled: Dialled | None = None
        self._dialled_ns = 0
        self._headers = headers

    @property
    def phases(self) -> tuple[int, int, int]:
        """Nanoseconds for DNS, connecting and TLS, once the upgrade was sent."""
        if self._dialled is None:
            return 0, 0, 0
        _, tls, dns, connect = self._dialled
        return dns, connect, 0 if tls is None else max(self.ready_ns - self._dialled_ns, 0)

    @property
    def upgrade_bytes(self) -> int:
        """The size of the upgrade."""
        origin, target = self._address
        return len(UPGRADE) + len(origin.authority) + len(target) + headers_size(self._headers)

    @property
    def url(self) -> str:
        """Format for picows."""
        origin, target = self._address
        return f"{'wss' if origin.secure else 'ws'}://{origin.authority}{target}"

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """The headers of the upgrade. picows asks for them when the connection, with TLS, stands."""
        self.ready_ns = self._now_ns()
        return iter(self._headers)

    def record(self, reply: Reply) -> None:
        """Count the upgrade as what the request has sent, if it was sent."""
        reply.started_ns = self.ready_ns or self.begun_ns
        reply.sent = self.ready_ns > 0
        reply.bytes_sent = self.upgrade_bytes if reply.sent else 0

    async def open(self, dialer: Dialer, scope: Scope, max_bytes: int) -> Connection:
        """Opens it. Raises Failed; cancelled, it leaves nothing open."""
        try:
            self._dialled = await dialer.dial(self._address.origin, scope)
            self._dialled_ns = self._now_ns()
            return await self._upgraded(self._dialled, max_bytes)
        except Exception as error:
            raise _refused(error) from error

    async def _upgraded(self, dialled: Dialled, max_bytes: int) -> Connection:
        try:
            _, listener = await ws_connect(
                lambda: Connection(max_bytes),
                self.url,
                ssl_context=dialled.tls,
                websocket_handshake_timeout=None,  # the step's own time limit holds
                logger_name=QUIET,
                max_frame_size=max_bytes,
                extra_headers=self,
                max_redirects=0,
                use_aiofastnet=False,  # no faster here, and under uvloop it missed ends that came right behind data
                read_buffer_init_size=READ_BUFFER,
                socket_factory=lambda _: dialled.socket,
            )
        except BaseException:
            hang_up(dialled.socket)
            raise
        if listener is None:  # picows's sign that the connection ended during the upgrade
            raise Failed(failures.CLOSED_EARLY, "the server closed the connection during the upgrade")
        return listener  # type: ignore[return-value]  # what the factory made


def _refused(error: Exception) -> Failed:
    if isinstance(error, WSInvalidStatusError) and error.response is not None:
        return Failed(f"WebSocket Upgrade: HTTP {int(error.response.status)}", str(error))
    if isinstance(error, WSError):
        return Failed(failures.PROTOCOL, str(error))
    return failures.connecting(error)
