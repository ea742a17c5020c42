"""Header blocks put together from a HEADERS frame and the CONTINUATION frames after it."""

from __future__ import annotations

from perfsvc_protocols.http.h2.frames import CONTINUATION
from perfsvc_protocols.http.h2.frames import END_HEADERS
from perfsvc_protocols.http.h2.frames import ProtocolError
from perfsvc_protocols.http.h2.frames import unpadded

MAX_FRAMES = 64
"""Limit of frames per header block, against endless empty CONTINUATION frames."""


class HeaderBlock:
    """The header block that is being received. ``open``: only CONTINUATION frames may follow."""

    __slots__ = ("_flags", "_fragments", "_max_bytes", "_stream", "open")

    def __init__(self, max_bytes: int) -> None:
        self.open = False
        self._max_bytes = max_bytes
        self._flags = self._stream = 0
        self._fragments: list[bytes] = []

    def add(self, kind: int, flags: int, stream: int, payload: bytes) -> bytes | None:
        """Add a frame. Return the block if it is complete. Raises ProtocolError."""
        if kind == CONTINUATION:
            if not self.open or stream != self._stream:
                raise ProtocolError("the end of a header block without its beginning")
            fragment = payload
        else:
            self._flags, self._stream = flags, stream
            fragment = unpadded(flags, payload)
        if flags & END_HEADERS:
            return self._complete(fragment)
        self._keep(fragment)
        return None

    @property
    def flags(self) -> int:
        """Flags of the HEADERS frame, which hold for the whole block."""
        return self._flags

    def _complete(self, fragment: bytes) -> bytes:
        block = b"".join((*self._fragments, fragment))
        self._fragments = []
        self.open = False
        return block

    def _keep(self, fragment: bytes) -> None:
        self._fragments.append(fragment)
        self.open = True
        if len(self._fragments) > MAX_FRAMES:
            raise ProtocolError(f"a head in more than {MAX_FRAMES} frames")
        if sum(map(len, self._fragments)) > self._max_bytes:
            raise ProtocolError(f"a head of more than {self._max_bytes} bytes")
