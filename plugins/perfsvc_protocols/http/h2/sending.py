"""Request bodies within the flow-control windows."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from perfsvc.plugin import NotSent
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc_protocols.http.h2.frames import DATA
from perfsvc_protocols.http.h2.frames import DEFAULT_FRAME_SIZE
from perfsvc_protocols.http.h2.frames import DEFAULT_WINDOW
from perfsvc_protocols.http.h2.frames import ENABLE_PUSH
from perfsvc_protocols.http.h2.frames import END_STREAM
from perfsvc_protocols.http.h2.frames import FLOW_CONTROL_ERROR
from perfsvc_protocols.http.h2.frames import FRAME_SIZE_ERROR
from perfsvc_protocols.http.h2.frames import INITIAL_WINDOW_SIZE
from perfsvc_protocols.http.h2.frames import LARGEST_FRAME_SIZE
from perfsvc_protocols.http.h2.frames import MAX_FRAME_SIZE
from perfsvc_protocols.http.h2.frames import MAX_WINDOW
from perfsvc_protocols.http.h2.frames import SETTING
from perfsvc_protocols.http.h2.frames import ProtocolError
from perfsvc_protocols.http.h2.frames import frame

MAX_SENT_FRAME = 65_536
"""Limit of our own frames, below the server's, so that a large body is not read far ahead."""
NO_STREAM = -1


class FileBody:
    """A file that is being sent, with its size when it was opened."""

    def __init__(self, path: Path) -> None:
        """Raises NotSent."""
        try:
            self._file: IO[bytes] = path.open("rb")
            self.size = self._file.seek(0, 2)
            self._file.seek(0)
        except OSError as error:
            raise NotSent(INVALID_REQUEST, f"{path}: {error.strerror}") from None
        self.read = self._file.read
        self.close = self._file.close


class Sender:
    """Flow control of a connection, and the body that is being sent."""

    __slots__ = ("_close", "_initial", "_left", "_read", "_stream", "_stream_window", "_window", "frame_size", "paused")

    def __init__(self) -> None:
        # Of the connection
        self._initial = self._window = DEFAULT_WINDOW
        self.frame_size = DEFAULT_FRAME_SIZE
        self.paused = False
        # Of one request
        self._read: Callable[[int], bytes]
        self._close: Callable[[], None] | None = None
        self._left = 0
        self._stream = NO_STREAM
        self._stream_window = 0

    @property
    def busy(self) -> bool:
        """Whether part of a body is still to be sent."""
        return self._left > 0

    def at_once(self, size: int) -> bool:
        """Whether a body fits into one frame that may be sent now, which then counts as sent."""
        if size > self.frame_size or size > self._window or size > self._initial or self.paused:
            return False
        self._window -= size
        return True

    def begin(self, stream: int, size: int, read: Callable[[int], bytes], close: Callable[[], None] | None) -> None:
        """Begin a body that takes more than one frame; ``ready`` yields them."""
        self._stream = stream
        self._stream_window = self._initial
        self._left = size
        self._read = read
        self._close = close

    def end(self) -> None:
        """End a body: sent as a whole, or abandoned."""
        self._left = self._stream_window = 0
        self._stream = NO_STREAM
        if self._close is not None:
            self._close()
            self._close = None

    def ready(self) -> Iterator[bytes]:
        """The frames that may be sent now. Raises OSError when a file has become shorter, or cannot be read."""
        while self._left and not self.paused:
            size = min(self._left, self._window, self._stream_window, self.frame_size)
            if size <= 0:
                return
            part = self._read(size)
            if len(part) < size:
                raise OSError("the file has become shorter")
            self._left -= size
            self._window -= size
            self._stream_window -= size
            flags = 0 if self._left else END_STREAM
            stream = self._stream
            if flags:
                self.end()
            yield frame(DATA, flags, stream, part)

    # Frames from the server

    def update_window(self, stream: int, size: int) -> None:
        """Apply a WINDOW_UPDATE. Raises ProtocolError for an increment of 0 and beyond the maximum."""
        if size == 0:
            raise ProtocolError("WINDOW_UPDATE with an increment of 0")
        if not stream:
            self._window += size
        elif stream == self._stream:
            self._stream_window += size
        if max(self._window, self._stream_window) > MAX_WINDOW:
            raise ProtocolError("a window that is too wide", FLOW_CONTROL_ERROR)

    def apply_settings(self, settings: bytes) -> None:
        """Apply the payload of a SETTINGS frame. Raises ProtocolError."""
        if len(settings) % SETTING.size:
            raise ProtocolError("SETTINGS of a wrong size", FRAME_SIZE_ERROR)
        for name, value in SETTING.iter_unpack(settings):
            if name == INITIAL_WINDOW_SIZE:
                if value > MAX_WINDOW:
                    raise ProtocolError("a window that is too wide", FLOW_CONTROL_ERROR)
                self._stream_window += value - self._initial
                self._initial = value
            elif name == ENABLE_PUSH and value:
                raise ProtocolError("SETTINGS_ENABLE_PUSH from a server")
            elif name == MAX_FRAME_SIZE:
                if not DEFAULT_FRAME_SIZE <= value <= LARGEST_FRAME_SIZE:
                    raise ProtocolError("an invalid SETTINGS_MAX_FRAME_SIZE")
                self.frame_size = min(value, MAX_SENT_FRAME)
