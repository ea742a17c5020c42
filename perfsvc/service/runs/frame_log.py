"""The frames of a run's last hour, for viewers that reconnect."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator

import msgspec

MAX_SECONDS = 3_600
MAX_BYTES = 32 * 1024 * 1024
"""Per run, compressed: an hour of about 60 steps."""


class FrameLog:
    """The ``data`` of each second's ``metrics`` frame, compressed; the oldest are dropped first."""

    def __init__(self, max_seconds: int = MAX_SECONDS, max_bytes: int = MAX_BYTES) -> None:
        self._max_seconds, self._max_bytes = max_seconds, max_bytes
        self._kept: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._dropped_upto = 0

    def add(self, second: int, point: bytes) -> None:
        """Add a second, encoded as JSON."""
        packed = zlib.compress(point, 1)
        self._kept.append((second, packed))
        self._size += len(packed)
        while len(self._kept) > self._max_seconds or self._size > self._max_bytes:
            self._dropped_upto, dropped = self._kept.popleft()
            self._size -= len(dropped)

    def after(self, second: int) -> LoggedSeconds:
        """Return the seconds after ``second``, still compressed."""
        kept = [packed for at, packed in self._kept if at > second]
        return LoggedSeconds(kept, complete=second >= self._dropped_upto)


class LoggedSeconds:
    """Seconds of a log. ``complete``: without gaps."""

    def __init__(self, packed: list[bytes], *, complete: bool) -> None:
        self._packed = packed
        self.complete = complete

    def __iter__(self) -> Iterator[msgspec.Raw]:
        return (msgspec.Raw(zlib.decompress(packed)) for packed in self._packed)
