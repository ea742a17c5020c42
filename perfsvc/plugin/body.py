"""Bodies of replies as checks, extractors and people read them: content codings undone, texts in UTF-8."""

from __future__ import annotations

import codecs
import json
import re
import sys
import zlib
from collections.abc import Callable
from functools import lru_cache

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZIP_ONLY = 16 + zlib.MAX_WBITS
ZLIB = zlib.MAX_WBITS
RAW_DEFLATE = -zlib.MAX_WBITS
GZIP_MAGIC = b"\x1f\x8b"
ACCEPTED = "gzip, deflate, br, zstd"
"""Codings that are undone, as ``Accept-Encoding`` names them."""

UTF_8 = "utf-8"
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LABELS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "utf-16": "utf-16-le",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
}
"""Character sets that browsers read as a larger one (WHATWG Encoding Standard)."""
TEXTUAL = re.compile(r"text/|[a-z./]*[+/](?:json|xml|javascript|ecmascript|x-ndjson|x-www-form-urlencoded)\b")
CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:\-]+)", re.IGNORECASE)
IN_PAGE = re.compile(rb"<meta[^>]{1,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:\-]+)", re.IGNORECASE)
IN_XML = re.compile(rb"^\s*<\?xml[^>]{1,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:\-]+)")
SEARCHED = 1024
"""Bytes in which a page names its own character set."""


class Undecodable(Exception):
    """A body that cannot be read as its head says, with the reason."""


def uncoded(body: bytes, codings: str, limit: int, *, partial: bool = False) -> bytes:
    """Return a body without its content codings, at most ``limit`` bytes. Raise Undecodable.

    ``partial``: the body is only the beginning of one, so its end may be missing.
    """
    for coding in reversed(codings.lower().split(",")):
        undo = _CODINGS.get(coding.strip())
        if undo is None:
            raise Undecodable(f"the content coding {coding.strip()!r} is unknown")
        if body:
            body = undo(body, limit, partial)
    return body


def in_utf8(body: bytes, content_type: str | None) -> bytes:
    """Return a text in UTF-8 without a byte order mark, from whatever it is in; other bodies stay as they are.

    The order is that of browsers: a byte order mark, the type's ``charset``, what a page says of itself, UTF-8. Bytes
    that are none in that character set are replaced. Raise Undecodable for a character set that is unknown.
    """
    if body.isascii() and 0 not in body:
        return body
    charset, textual = _charset(content_type or "")
    mark, marked = _marked(body) if textual or body.startswith(codecs.BOM_UTF8) else (b"", None)
    if marked is None and charset is None and textual and content_type:
        charset = _own_charset(body)
    charset = marked or charset or UTF_8
    if charset == UTF_8:
        return body[len(mark) :] if mark else body
    return body[len(mark) :].decode(charset, "replace").encode()


def is_unknown(content_type: str | None) -> bool:
    """Whether a type names a character set that cannot be decoded."""
    try:
        _charset(content_type or "")
    except Undecodable:
        return True
    return False


@lru_cache(maxsize=256)
def _charset(content_type: str) -> tuple[str | None, bool]:
    """Return the character set that a type names, and whether it is a type of texts. Raise Undecodable."""
    named = CHARSET.search(content_type)
    charset = None if named is None else _codec(named[1])
    return charset, charset is not None or not content_type or TEXTUAL.match(content_type.lower()) is not None


@lru_cache(maxsize=256)
def _codec(label: str) -> str:
    try:
        found = codecs.lookup(LABELS.get(label.lower(), label)).name
        b"".decode(found)  # raises for codecs of other things than texts
    except LookupError:
        raise Undecodable(f"the character set {label!r} is unknown") from None
    return found


def _marked(body: bytes) -> tuple[bytes, str | None]:
    """Return a byte order mark and what it stands for."""
    found = (each for each in BYTE_ORDER_MARKS if body.startswith(each[0]))
    return next(found, (b"", None))


def _own_charset(body: bytes) -> str | None:
    if 0 in body[:4]:
        return str(json.detect_encoding(body))
    start = body[:SEARCHED]
    named = IN_XML.search(start) or IN_PAGE.search(start)
    try:
        return None if named is None else _codec(named[1].decode())
    except Undecodable:  # a slip of the page's author, of which browsers say nothing either
        return None


def _gzip(body: bytes, limit: int, partial: bool) -> bytes:
    """All members of a gzip body; zeros behind them are padding."""
    parts: list[bytes] = []
    while body.startswith(GZIP_MAGIC) or not parts:
        part, rest = _inflated(body, GZIP_ONLY, limit - sum(map(len, parts)), partial)
        parts.append(part)
        if not rest:
            break
        body = rest
    return b"".join(parts)


def _deflate(body: bytes, limit: int, partial: bool) -> bytes:
    """A zlib stream, or what some servers take the name for: a bare one."""
    try:
        return _inflated(body, ZLIB, limit, partial)[0]
    except Undecodable:
        return _inflated(body, RAW_DEFLATE, limit, partial)[0]


def _inflated(body: bytes, wbits: int, limit: int, partial: bool) -> tuple[bytes, bytes]:
    """One stream, and what follows it."""
    decoder = zlib.decompressobj(wbits)
    try:
        # To zlib a limit of 0 is no limit.
        found = decoder.decompress(body, limit) if limit > 0 else b""
    except zlib.error as error:
        raise Undecodable(f"the compressed data is damaged: {error}") from None
    full = len(found) >= limit
    if not decoder.eof and not partial and not full:
        raise Undecodable("the compressed data ends early")
    return found, b"" if full else decoder.unused_data


def _brotli(body: bytes, limit: int, partial: bool) -> bytes:
    decoder = brotli.Decompressor()
    parts, size, pending = [], 0, body
    try:
        while size < limit:
            part = decoder.process(pending, output_buffer_limit=limit - size)
            pending = b""
            if not part:
                break
            parts.append(part)
            size += len(part)
    except brotli.error as error:
        raise Undecodable(f"the compressed data is damaged: {error}") from None
    if size < limit and not partial and not decoder.is_finished():
        raise Undecodable("the compressed data ends early")
    return b"".join(parts)[:limit]


def _zstd(body: bytes, limit: int, partial: bool) -> bytes:
    """All frames of a zstd body."""
    parts: list[bytes] = []
    left = limit
    while body and left > 0:
        decoder = zstd.ZstdDecompressor()
        try:
            parts.append(decoder.decompress(body, max_length=left))
        except zstd.ZstdError as error:
            raise Undecodable(f"the compressed data is damaged: {error}") from None
        left -= len(parts[-1])
        if not decoder.eof:
            if left > 0 and not partial:
                raise Undecodable("the compressed data ends early")
            break
        body = decoder.unused_data
    return b"".join(parts)


def _identity(body: bytes, limit: int, partial: bool) -> bytes:
    return body


_CODINGS: dict[str, Callable[[bytes, int, bool], bytes]] = {
    "": _identity,
    "identity": _identity,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
