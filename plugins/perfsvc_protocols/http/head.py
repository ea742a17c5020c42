"""Fields of a reply's head, searched in its bytes on demand.

The parser on the hot path reports no header fields: a search in the raw bytes when a field is read is cheaper than a
callback for each field of each reply.
"""

from __future__ import annotations

import re
from functools import lru_cache

CODED = b"\ntransfer-encoding:"
END = b"\r\n\r\n"
FRAMINGS = ("chunked", "identity", "")
NOT_ASKED_FOR = "the transfer coding {!r} was not asked for"
USUALLY_CODED = b"\ntransfer-encoding: chunked\r"


def start_of(raw: bytes) -> int:
    """Return where the final reply's head begins, after interim replies (100 Continue, 103 Early Hints)."""
    start = 0
    while raw[start + 8 : start + 10] == b" 1" and raw[start + 9 : start + 12] != b"101":
        end = raw.find(END, start)
        if end < 0:
            return start
        start = end + len(END)
    return start


def end_of(raw: bytes) -> int:
    """Return where the final reply's head ends (after its empty line), or -1 if it is incomplete."""
    end = raw.find(END, start_of(raw))
    return -1 if end < 0 else end + len(END)


def of(raw: bytes) -> bytes:
    """The final reply's head as far as it is there, without what came before and after it."""
    start = start_of(raw)
    end = raw.find(END, start)
    return raw[start : end + len(END)] if end >= 0 else raw[start:]


def values(head: bytes, name: str) -> list[str]:
    """Every value of a header, by its name in any case."""
    return [_text(value.strip(b" \t")) for value in _header(name).findall(head)]


def value(head: bytes, name: str) -> str | None:
    """Return a field's value, or None; several are joined by commas (RFC 9110, 5.3)."""
    lines = values(head, name)
    return ", ".join(lines) if lines else None


def tokens(head: bytes, name: str) -> list[str]:
    """The lower-case members of a header that is a list."""
    return [token.strip().lower() for token in (value(head, name) or "").split(",")]


def uncommon_coding(head: bytes, lowered: bytes) -> str | None:
    """Return a transfer coding that was not asked for, "chunked" where it is written unusually, or None.

    ``lowered`` is the head in lower case.
    """
    if CODED not in lowered or USUALLY_CODED in lowered:
        return None
    codings = tokens(head, "transfer-encoding")
    other = [coding for coding in codings if coding not in FRAMINGS]
    return other[0] if other else "chunked" if "chunked" in codings else None


def until_close(head: bytes) -> bool:
    """Whether the body has no length of its own, so that the end of the connection is its end."""
    return "chunked" not in tokens(head, "transfer-encoding") and not values(head, "content-length")


def persistent(head: bytes) -> bool:
    """Whether the server keeps the connection, where the body plays no part in that (HEAD)."""
    options = tokens(head, "connection")
    return "close" not in options and (head.startswith(b"HTTP/1.1") or "keep-alive" in options)


@lru_cache(maxsize=256)
def _header(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"^" + re.escape(name.encode()) + rb"[ \t]*:([^\r\n]*)", re.MULTILINE | re.IGNORECASE)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
