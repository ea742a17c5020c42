"""HTTP/2 frames (RFC 9113): layout, and frames that never change."""

from __future__ import annotations

import struct

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)

END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITIZED = 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 1, 2, 4, 5
NO_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR = 0, 1, 3, 6
REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 7, 8, 9, 11

FRAME = struct.Struct(">IBI")
"""Length and kind in one number, flags, stream."""
SETTING = struct.Struct(">HI")
UINT32 = struct.Struct(">I")

FRAME_HEADER_SIZE = 9
DEFAULT_FRAME_SIZE = 16_384
LARGEST_FRAME_SIZE = 2**24 - 1
DEFAULT_WINDOW = 65_535
MAX_WINDOW = MAX_STREAM_ID = 2**31 - 1


class ProtocolError(Exception):
    """A violation of HTTP/2 by the server, with the reason and the error code of RFC 9113, 7."""

    def __init__(self, reason: str, code: int = PROTOCOL_ERROR) -> None:
        super().__init__(reason)
        self.code = code


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame."""
    return FRAME.pack(len(payload) << 8 | kind, flags, stream) + payload


def window_update(stream: int, size: int) -> bytes:
    """Make a WINDOW_UPDATE frame."""
    return frame(WINDOW_UPDATE, 0, stream, UINT32.pack(size))


def unpadded(flags: int, payload: bytes) -> bytes:
    """Return a payload without padding and priority. Raises ProtocolError."""
    padding = 0
    start = 0
    if flags & PADDED:
        if not payload:
            raise ProtocolError("a padded frame without padding")
        padding = payload[0]
        start = 1
    if flags & PRIORITIZED:
        start += 5
    end = len(payload) - padding
    if start > end:
        raise ProtocolError("more padding than frame")
    return payload[start:end]


OURS = ((HEADER_TABLE_SIZE, 0), (ENABLE_PUSH, 0), (INITIAL_WINDOW_SIZE, MAX_WINDOW))
"""No dynamic table, so that equal header blocks are equal heads; no push; the largest windows."""
PREFACE = b"".join(
    (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        frame(SETTINGS, 0, 0, b"".join(SETTING.pack(*each) for each in OURS)),
        window_update(0, MAX_WINDOW - DEFAULT_WINDOW),
    )
)
SETTINGS_ACK = frame(SETTINGS, ACK, 0)


def goaway(code: int) -> bytes:
    """Make a GOAWAY frame; the server has opened no streams."""
    return frame(GOAWAY, 0, 0, bytes(4) + UINT32.pack(code))
