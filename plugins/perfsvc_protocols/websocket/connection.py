"""Connections: frames by picows, messages out, and messages assembled from frames in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import NamedTuple
from typing import Protocol

from picows import WSCloseCode
from picows import WSFrame
from picows import WSListener
from picows import WSMsgType
from picows import WSTransport

from perfsvc.plugin import Failed
from perfsvc.plugin import failures
from perfsvc_protocols.websocket.compression import Deflate
from perfsvc_protocols.websocket.upgrade import Agreed

TEXT, BINARY, PING, PONG, CLOSE = WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG, WSMsgType.CLOSE
MESSAGES = (TEXT, BINARY)
NO_CODE = 1005
"""A close frame without a code, as RFC 6455 has it."""
PATIENCE_S = 1.0
"""Time for the server to end a connection after the closing handshake."""
NO_CLOSE_FRAME = "the server closed the connection without a close frame"


class ConnectionListener(Protocol):
    """The user of a connection."""

    def message(self, data: bytes, size: int) -> None:
        """A complete message was received; ``size`` is its size on the wire."""
        ...

    def ponged(self, payload: bytes, size: int) -> None:
        """A pong was received."""
        ...

    def closed(self, code: int, reason: str) -> None:
        """The other side closes, or confirms a close."""
        ...

    def lost(self, error_class: str, message: str) -> None:
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

    def closed(self, code: int, reason: str) -> None:
        self.events.append(lambda listener: listener.closed(code, reason))

    def lost(self, error_class: str, message: str) -> None:
        self.events.append(lambda listener: listener.lost(error_class, message))

    def resumed(self) -> None:
        """Nothing was written."""


class Limits(NamedTuple):
    """Limits of a connection. ``strict``: text that is not UTF-8 and reserved bits end it, as RFC 6455 has it."""

    max_bytes: int
    strict: bool


class Connection(WSListener):
    """An open connection. ``listener`` is None once it is abandoned.

    ``full``: the write buffer is full. ``deflate`` is None without compression.
    """

    def __init__(self, limits: Limits) -> None:
        self._buffered = EventBuffer()
        self.listener: ConnectionListener | None = self._buffered
        self.deflate: Deflate | None = None
        self.full = False
        self._asked_to_close = False
        self._compressed = False
        self._farewell: asyncio.Task[None]
        self._kind = BINARY
        self.max_bytes, self._strict = limits
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self._transport: WSTransport

    def agreed(self, agreed: Agreed) -> None:
        """Take the result of the upgrade, before the first frame."""
        if agreed.compression is not None:
            self.deflate = Deflate(agreed.compression)

    # Called by the session

    def attach(self, listener: ConnectionListener) -> None:
        """Set the listener, and report buffered events to it."""
        if self.listener is not None:
            self.listener = listener
        for report in self._buffered.events:
            report(listener)

    def send(self, kind: WSMsgType, data: bytes) -> int:
        """Send a frame and return its size on the wire."""
        deflate = self.deflate
        if deflate is not None and kind in MESSAGES and deflate.compresses:
            data = deflate.compress(data)
            self._transport.send(kind, data, rsv1=True)
        else:
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

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        listener = self.listener
        if listener is None:
            return
        kind, size = frame.msg_type, frame.payload_size
        if size > self.max_bytes:
            self._too_big(listener)
        elif (frame.rsv1 or frame.rsv2 or frame.rsv3) and not self._may_be_reserved(frame):
            self._broken(listener, WSCloseCode.PROTOCOL_ERROR, "a frame has reserved bits set")
        elif kind in MESSAGES and frame.fin and not (frame.rsv1 and self.deflate):
            self._message(listener, kind, frame.get_payload_as_bytes(), size + 2 if size < 126 else wire_size(size))
        elif kind == CLOSE:
            self._closing(listener, frame)
        elif kind == PONG:
            listener.ponged(frame.get_payload_as_bytes(), wire_size(frame.payload_size))
        elif kind != PING:
            self._part(listener, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        listener, self.listener = self.listener, None
        sent_close = transport.is_close_frame_sent
        if sent_close:
            self._farewell = asyncio.get_running_loop().create_task(_heard_out(transport))
        if listener is None:
            return
        if sent_close and not self._asked_to_close:  # picows sends one to a peer that violates the protocol
            sent = transport.close_handshake.sent
            listener.lost(failures.PROTOCOL, (sent and sent.reason) or "the server violated RFC 6455")
        else:
            listener.lost(failures.CLOSED_EARLY, NO_CLOSE_FRAME)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        if self.listener is not None:
            self.listener.resumed()

    def _message(self, listener: ConnectionListener, kind: WSMsgType, data: bytes, size: int) -> None:
        if kind == TEXT and self._strict and not data.isascii() and not is_utf8(data):
            self._broken(listener, WSCloseCode.INVALID_TEXT, "a text message is not UTF-8")
        else:
            listener.message(data, size)

    def _closing(self, listener: ConnectionListener, frame: WSFrame) -> None:
        self.listener = None
        transport = self._transport
        self._asked_to_close = True
        if not transport.is_close_frame_sent:
            transport.send_close(frame.get_close_code())
        # The server closes first, so that TIME_WAIT is on its side; but only for a while.
        asyncio.get_running_loop().call_later(PATIENCE_S, transport.disconnect)
        code = int(frame.get_close_code()) or NO_CODE  # type: ignore[call-overload]  # an int of C
        listener.closed(code, frame.get_close_reason() or "")

    def _too_big(self, listener: ConnectionListener) -> None:
        text = f"a message exceeds {self.max_bytes} bytes (max_message_bytes)"
        self._broken(listener, WSCloseCode.MESSAGE_TOO_BIG, text)

    def _broken(self, listener: ConnectionListener, code: WSCloseCode, message: str) -> None:
        """End the connection because of what the server sent."""
        self.listener = None
        self._asked_to_close = True
        self._transport.send_close(code)
        self._transport.disconnect()
        listener.lost(failures.PROTOCOL, message)

    def _may_be_reserved(self, frame: WSFrame) -> bool:
        """Whether reserved bits are allowed: the first one marks the first frame of a compressed message."""
        if not self._strict:
            return True
        return self.deflate is not None and frame.msg_type in MESSAGES and not frame.rsv2 and not frame.rsv3

    def _part(self, listener: ConnectionListener, frame: WSFrame) -> None:
        """Collect a frame of a message that has several, or is compressed."""
        if frame.msg_type in MESSAGES:
            self._kind, self._compressed = frame.msg_type, bool(frame.rsv1)
        self._parts.append(frame.get_payload_as_bytes())
        self._parts_bytes += wire_size(frame.payload_size)
        if self._parts_bytes > self.max_bytes:
            self._too_big(listener)
        elif frame.fin:
            data, size = b"".join(self._parts), self._parts_bytes
            self._parts, self._parts_bytes = [], 0
            self._assembled(listener, data, size)

    def _assembled(self, listener: ConnectionListener, data: bytes, size: int) -> None:
        if self.deflate is not None and self._compressed:
            try:
                data = self.deflate.decompress(data, self.max_bytes)
            except Failed as error:
                self._broken(listener, WSCloseCode.INVALID_TEXT, str(error))
                return
        self._message(listener, self._kind, data, size)


async def _heard_out(transport: WSTransport) -> None:
    """Retrieve the exception of a failed connection, so that the loop does not log it as never retrieved."""
    with contextlib.suppress(Exception):
        await transport.wait_disconnected()


def is_utf8(data: bytes) -> bool:
    """Whether bytes are valid UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def wire_size(payload: int) -> int:
    """Return the size of a frame from a server, header included."""
    return payload + (2 if payload < 126 else 4 if payload < 65_536 else 10)
