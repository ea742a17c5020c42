"""Content codings, decoded when a body is read, up to a limit."""

from __future__ import annotations

import zlib

GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
RAW_DEFLATE = -zlib.MAX_WBITS

CODINGS = frozenset({"gzip", "x-gzip", "deflate"})


def decoded(body: bytes, coding: str, limit: int) -> bytes:
    """The body without its coding, or its first ``limit`` bytes; a body that is not what it claims stays as it is."""
    if coding not in CODINGS or not body:
        return body
    try:
        return _inflated(body, GZIP_OR_ZLIB, limit)
    except zlib.error:
        pass
    try:
        # Some servers send "deflate" without the zlib wrapper that the name stands for.
        return _inflated(body, RAW_DEFLATE, limit) if coding == "deflate" else body
    except zlib.error:
        return body


def _inflated(body: bytes, wbits: int, limit: int) -> bytes:
    # To zlib a limit of 0 is no limit.
    return zlib.decompressobj(wbits).decompress(body, limit) if limit else b""
