"""permessage-deflate (RFC 7692)."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from perfsvc.plugin import Failed
from perfsvc.plugin import failures

OFFER = b"permessage-deflate; client_max_window_bits"
NAME = "permessage-deflate"
TAIL = b"\x00\x00\xff\xff"
"""End of a flushed block: left out on the wire."""
MAX_BITS = 15
MIN_BITS = 9
"""Smallest window of raw deflate in zlib."""
FLAGS = ("server_no_context_takeover", "client_no_context_takeover")
BITS = ("server_max_window_bits", "client_max_window_bits")


class Negotiated(NamedTuple):
    """Parameters of the compression that both sides agreed on."""

    client_bits: int = MAX_BITS
    client_takeover: bool = True
    server_takeover: bool = True


def negotiated(extensions: str) -> Negotiated | None:
    """Return the parameters in a ``Sec-WebSocket-Extensions`` reply; None without one. Raises Failed."""
    if not extensions:
        return None
    name, *parameters = (part.strip() for part in extensions.split(";"))
    values = dict(_parameter(text) for text in parameters)
    supported = name == NAME and values.keys() <= {*FLAGS, *BITS}
    if not supported or len(values) != len(parameters) or not all(_valid(*item) for item in values.items()):
        raise Failed(failures.PROTOCOL, f"the server chose the extension {extensions!r}, which was not offered")
    return Negotiated(
        client_bits=int(values.get("client_max_window_bits", MAX_BITS)),
        client_takeover="client_no_context_takeover" not in values,
        server_takeover="server_no_context_takeover" not in values,
    )


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip().strip('"')


def _valid(name: str, value: str) -> bool:
    if name in FLAGS:
        return not value
    return value.isdecimal() and len(value) <= 2 and 8 <= int(value) <= MAX_BITS


class Deflate:
    """Compresses and decompresses the messages of one connection."""

    def __init__(self, parameters: Negotiated) -> None:
        self._parameters = parameters
        self._in = zlib.decompressobj(-MAX_BITS)
        self._out = self._compressor()

    @property
    def compresses(self) -> bool:
        """Whether messages may be compressed: zlib has no window of 8 bits, and compression is optional."""
        return self._parameters.client_bits >= MIN_BITS

    def compress(self, data: bytes) -> bytes:
        """Return a message as it goes out."""
        packed = self._out.compress(data) + self._out.flush(zlib.Z_SYNC_FLUSH)
        if not self._parameters.client_takeover:
            self._out = self._compressor()
        return packed.removesuffix(TAIL)

    def decompress(self, data: bytes, limit: int) -> bytes:
        """Return a message as it was before compression. Raises Failed for a bad or too big one."""
        try:
            plain = self._in.decompress(data + TAIL, limit + 1)
        except zlib.error as error:
            raise Failed(failures.PROTOCOL, f"a compressed message cannot be decompressed: {error}") from None
        if len(plain) > limit:
            raise Failed(failures.TOO_LARGE, f"a message exceeds {limit} bytes after decompression")
        if not self._parameters.server_takeover:
            self._in = zlib.decompressobj(-MAX_BITS)
        return plain

    def _compressor(self) -> zlib._Compress:
        return zlib.compressobj(wbits=-max(self._parameters.client_bits, MIN_BITS))
