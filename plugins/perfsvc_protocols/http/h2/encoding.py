"""Request heads to header blocks, without the dynamic table, so that equal requests are equal bytes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from hpack.table import HeaderTable

from perfsvc_protocols.http.h2.frames import CONTINUATION
from perfsvc_protocols.http.h2.frames import END_HEADERS
from perfsvc_protocols.http.h2.frames import END_STREAM
from perfsvc_protocols.http.h2.frames import HEADERS
from perfsvc_protocols.http.h2.frames import frame

NOT_OURS = frozenset(
    {b"connection", b"host", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade", b"http2-settings"}
)
"""Header fields that HTTP/2 forbids or carries as pseudo-header fields."""
SECRET = frozenset({b"authorization", b"cookie"})
"""Header fields sent as never indexed (RFC 7541, 6.2.3)."""
METHODS = {b"GET": b"\x82", b"POST": b"\x83"}
ROOT = b"\x84"
PLAIN, SECURE = b"\x86", b"\x87"
AUTHORITY, METHOD, PATH = 1, 2, 4
NAMES = {name: at for at, (name, _) in reversed(list(enumerate(HeaderTable.STATIC_TABLE, 1)))}
"""Index of each name in HPACK's static table."""


@lru_cache(maxsize=256)
def block_of(head: bytes, secure: bool) -> bytes:
    """Encode the header block of a request, given its head in HTTP/1.1 form."""
    start, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    method, target, _ = start.split(b" ", 2)
    pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    authority = next((value for name, value in pairs if name == b"host"), b"")
    made = [
        METHODS.get(method) or _literal(METHOD, b"", method),
        SECURE if secure else PLAIN,
        _literal(AUTHORITY, b"", authority),
        ROOT if target == b"/" else _literal(PATH, b"", target),
    ]
    made += [_field(name, value) for name, value in pairs if _travels(name, value)]
    return b"".join(made)


def frames_of(block: bytes, stream: int, ends: bool, size: int) -> bytes:
    """Split a block that is larger than a frame of ``size`` bytes."""
    return b"".join(_frames(block, stream, END_STREAM if ends else 0, size))


def _frames(block: bytes, stream: int, flags: int, size: int) -> Iterator[bytes]:
    kind = HEADERS
    for at in range(0, len(block), size):
        last = END_HEADERS if at + size >= len(block) else 0
        yield frame(kind, flags | last, stream, block[at : at + size])
        kind, flags = CONTINUATION, 0


def _travels(name: bytes, value: bytes) -> bool:
    return name not in NOT_OURS and (name != b"te" or value.lower() == b"trailers")


@lru_cache(maxsize=1024)
def _field(name: bytes, value: bytes) -> bytes:
    return _literal(NAMES.get(name, 0), name, value, 0x10 if name in SECRET else 0)


def _literal(index: int, name: bytes, value: bytes, representation: int = 0) -> bytes:
    start = _integer(index, 15, representation)
    if not index:
        start += _integer(len(name), 127) + name
    return start + _integer(len(value), 127) + value


def _integer(value: int, most: int, high: int = 0) -> bytes:
    """Encode an HPACK integer into a byte whose high bits are in use."""
    if value < most:
        return bytes((high | value,))
    made = bytearray((high | most,))
    value -= most
    while value >= 128:
        made.append(value & 127 | 128)
        value >>= 7
    made.append(value)
    return bytes(made)
