"""Connections: frames by picows, messages out, and messages assembled from frames in."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import logging
from collections.abc import Callable
from typing import Any
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
ABNORMAL = 1006
"""Stands for a connection that ended without a close frame, so it is in none."""
HIGHEST_CODE = 4999
PATIENCE_S = 1.0
"""Time for the server to end a connection after the closing handshake."""
FRAME_TOO_BIG = "Received frame with payload size exceeding"
"""Start of picows's message for a frame above the limit."""
NOT_UTF8 = "a text message is not UTF-8"
UTF_8 = codecs.getincrementaldecoder("utf-8")
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


# Violations by a target appear in the report; with an adapter picows makes no logger for each connection.
_logger = logging.getLogger("picows.perfsvc")
_logger.setLevel(logging.CRITICAL + 1)


class ParserLog(logging.LoggerAdapter[logging.Logger]):
    """picows's log of one connection: silent, and the only way to learn at once that its parser met a violation."""

    def __init__(self, violated: Callable[[str], None]) -> None:
        super().__init__(_logger)
        self._violated = violated

    def error(self, msg: object, *args: Any, **_: Any) -> None:
        """Take the code and the text of a violation."""
        _, text = args[0]
        self._violated(text)

    def exception(self, msg: object, *args: Any, **_: Any) -> None:
        """Take a failure of the parser."""
        self._violated("the server violated RFC 6455")


class Connection(WSListener):
    """An open connection. ``listener`` is None once it is abandoned.

    ``full``: the write buffer is full. ``deflate`` is None without compression.
    """

    def __init__(self, limits: Limits) -> None:
        self._buffered = EventBuffer()
        self.listener: ConnectionListener | None = self._buffered
        self.deflate: Deflate | None = None
        self.full = False
        self._compressed = False
        self._farewell: asyncio.Task[None]
        self.max_bytes, self._strict = limits
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self._transport: WSTransport
        self._utf8: codecs.IncrementalDecoder | None = None
        self._violation: str | None = None

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
        if deflate is None or kind not in MESSAGES or not deflate.compresses:
            self._transport.send(kind, data)
        else:
            data = deflate.compress(data)
            self._transport.send(kind, data, rsv1=True)
        return len(data) + (6 if len(data) < 126 else 8 if len(data) < 65_536 else 14)

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake; its end is reported by ``closed``."""
        self._transport.send_close(code, reason.encode())  # type: ignore[arg-type]  # any code, not only those named

    def drop(self) -> None:
        """Abort the connection without a callback."""
        self.listener = None
        self._transport.disconnect(graceful=False)

    def leave(self) -> None:
        """Send a close frame and close, without a callback."""
        self.listener = None
        self._transport.send_close(WSCloseCode.OK)
        self._transport.disconnect()

    # Called by picows

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        listener = self.listener
        if listener is None:
            return
        kind = frame.msg_type
        if frame.fin and kind in MESSAGES and not (frame.rsv1 or frame.rsv2 or frame.rsv3 or self._parts):
            data = frame.get_payload_as_bytes()
            if kind == TEXT and not data.isascii() and self._strict and not is_utf8(data):
                self._broken(listener, WSCloseCode.INVALID_TEXT, NOT_UTF8)
                return
            size = len(data)
            listener.message(data, size + 2 if size < 126 else wire_size(size))
        elif (frame.rsv1 or frame.rsv2 or frame.rsv3) and not self._may_be_reserved(frame):
            self._broken(listener, WSCloseCode.PROTOCOL_ERROR, "a frame has reserved bits set")
        elif kind == CLOSE:
            self._closing(listener, frame)
        elif kind == PONG:
            listener.ponged(frame.get_payload_as_bytes(), wire_size(frame.payload_size))
        elif kind == PING:
            transport.send_pong(frame.get_payload_as_bytes())
        else:
            self._part(listener, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if transport.is_close_frame_sent:
            self._farewell = asyncio.get_running_loop().create_task(_disconnected(transport))
        if self._violation is not None:
            self._end_violated(self._violation)
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.lost(failures.CLOSED_EARLY, NO_CLOSE_FRAME)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        if self.listener is not None:
            self.listener.resumed()

    def violated(self, text: str) -> None:
        """End the connection, for which picows has sent a close frame, when the messages before that are delivered.

        picows goes on with what follows a violation, so nothing more is read.
        """
        self._transport.disconnect()
        if text.startswith(FRAME_TOO_BIG):
            text = self._size_limit
        self._violation = text
        asyncio.get_running_loop().call_soon(self._end_violated, text)

    def _end_violated(self, text: str) -> None:
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.lost(failures.PROTOCOL, text)

    def _closing(self, listener: ConnectionListener, frame: WSFrame) -> None:
        code = int(frame.get_close_code())  # type: ignore[call-overload]  # an int of C
        if (code in (0, ABNORMAL) and frame.payload_size) or code > HIGHEST_CODE:
            self._broken(listener, WSCloseCode.PROTOCOL_ERROR, f"a close frame has the code {code}")
            return
        self.listener = None
        transport = self._transport
        if not transport.is_close_frame_sent:
            transport.send_close(frame.get_close_code() or WSCloseCode.OK)
        # The server closes first, so that TIME_WAIT is on its side; but only for a while.
        asyncio.get_running_loop().call_later(PATIENCE_S, transport.disconnect)
        listener.closed(code or NO_CODE, frame.get_close_reason() or "")

    @property
    def _size_limit(self) -> str:
        return f"a message exceeds {self.max_bytes} bytes (max_message_bytes)"

    def _broken(self, listener: ConnectionListener, code: WSCloseCode, message: str) -> None:
        """End the connection because of what the server sent."""
        self.listener = None
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
        starts = frame.msg_type in MESSAGES
        if starts == bool(self._parts):
            text = "a message begins within another one" if starts else "a frame continues no message"
            self._broken(listener, WSCloseCode.PROTOCOL_ERROR, text)
            return
        if starts:
            self._compressed = self.deflate is not None and bool(frame.rsv1)
            self._utf8 = UTF_8() if self._strict and frame.msg_type == TEXT else None
        data = frame.get_payload_as_bytes()
        self._parts.append(data)
        self._parts_bytes += wire_size(len(data))
        if self._parts_bytes > self.max_bytes:
            self._broken(listener, WSCloseCode.MESSAGE_TOO_BIG, self._size_limit)
        elif not self._compressed and not self._is_text(data, frame.fin):
            self._broken(listener, WSCloseCode.INVALID_TEXT, NOT_UTF8)
        elif frame.fin:
            data, size = b"".join(self._parts), self._parts_bytes
            self._parts, self._parts_bytes = [], 0
            self._assembled(listener, data, size)

    def _assembled(self, listener: ConnectionListener, data: bytes, size: int) -> None:
        if self.deflate is not None and self._compressed:
            try:
                data = self.deflate.decompress(data, self.max_bytes)
            except Failed as error:
                too_large = error.error_class == failures.TOO_LARGE
                code = WSCloseCode.MESSAGE_TOO_BIG if too_large else WSCloseCode.INVALID_TEXT
                self._broken(listener, code, str(error))
                return
            if not self._is_text(data, final=True):
                self._broken(listener, WSCloseCode.INVALID_TEXT, NOT_UTF8)
                return
        listener.message(data, size)

    def _is_text(self, data: bytes, final: bool) -> bool:
        """Whether the next bytes of a message, if it is one of text, are UTF-8."""
        try:
            if self._utf8 is not None:
                self._utf8.decode(data, final)
        except UnicodeDecodeError:
            return False
        return True


async def _disconnected(transport: WSTransport) -> None:
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
