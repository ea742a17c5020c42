"""TCP connection: bytes out, and received bytes cut into messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol
from typing import cast

from perfsvc_protocols.tcp.framing import Frame


class MessageListener(Protocol):
    """The user of a connection."""

    def bytes_received(self, size: int) -> None:
        """Bytes were received."""
        ...

    def message(self, data: bytes) -> None:
        """The expected message is complete; its bytes were reported by ``bytes_received``."""
        ...

    def single_piece_message(self, data: bytes) -> None:
        """The expected message arrived in one piece."""
        ...

    def protocol_error(self, cause: str) -> None:
        """The received bytes cannot be a message."""
        ...

    def lost(self, error: BaseException | None) -> None:
        """The connection ended."""
        ...

    def resumed(self) -> None:
        """The write buffer is empty again."""
        ...


class Connection(asyncio.Protocol):
    """A connection. ``open``: established and not ended. ``full``: the write buffer is full.

    Unsolicited bytes are kept, up to the size of the largest message: a server may send first.
    """

    __slots__ = ("_buffer", "_frame", "_limit", "_listener", "_transport", "_write", "full", "open")

    def __init__(self, listener: MessageListener, limit: int) -> None:
        self.full = self.open = False
        self._buffer = bytearray()
        self._frame: Frame | None = None
        self._limit = limit
        self._listener: MessageListener | None = listener
        self._transport: asyncio.Transport | None = None
        self._write: Callable[[bytes], None] | None = None

    # Called by the session

    def send(self, data: bytes, frame: Frame | None) -> None:
        """Send; with a ``frame`` the next message is reported. Bytes received before are discarded."""
        if self._buffer:
            self._buffer.clear()
        self._frame = frame
        self._write(data)  # type: ignore[misc]  # it is open

    def end_sending(self) -> None:
        """End the sending side once the write buffer is sent; replies still arrive."""
        if self._transport is not None:
            self._transport.write_eof()

    def listen(self, frame: Frame) -> None:
        """Report the next message; one that is buffered is reported in the loop's next iteration."""
        self._frame = frame
        if self._buffer:
            asyncio.get_running_loop().call_soon(self._look)

    def rest(self) -> bytes:
        """Return the buffered bytes and clear the buffer."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def drop(self) -> None:
        """Abort the connection without a callback."""
        self._listener = self._frame = None
        self.open = False
        if self._transport is not None:
            self._transport.abort()

    def leave(self) -> None:
        """Close the connection after the write buffer is sent, without a callback."""
        self._listener = self._frame = None
        self.open = False
        if self._transport is not None:
            self._transport.close()

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._write = self._transport.write
        self.open = True

    def data_received(self, data: bytes) -> None:
        listener, frame = self._listener, self._frame
        if listener is None:
            return
        if frame is not None and not self._buffer and _is_message(data, frame, self._limit):
            self._frame = None
            listener.single_piece_message(data)
            return
        listener.bytes_received(len(data))
        self._buffer += data
        if frame is not None:
            self._look()
        elif len(self._buffer) > self._limit:
            self.drop()
            listener.lost(None)

    def connection_lost(self, exc: Exception | None) -> None:
        listener, self._listener = self._listener, None
        self.open = False
        self._transport = self._frame = self._write = None
        if listener is not None:
            listener.lost(exc)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        if self._listener is not None:
            self._listener.resumed()

    def _look(self) -> None:
        frame, listener, buffer = self._frame, self._listener, self._buffer
        if frame is None or listener is None:
            return
        try:
            size = frame(buffer)
        except ValueError as error:
            self._frame = None
            listener.protocol_error(str(error))
            return
        if size:
            self._frame = None
            data = bytes(buffer[:size])
            del buffer[:size]
            listener.message(data)
        elif len(buffer) > self._limit:
            self._frame = None
            listener.protocol_error(f"a message of more than {self._limit} bytes")


def _is_message(data: bytes, frame: Frame, limit: int) -> bool:
    """Whether received data is exactly one message, as most is."""
    try:
        return frame(data) == len(data) <= limit
    except ValueError:
        return False
