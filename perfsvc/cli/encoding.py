"""Output in encodings that lack some characters: signs have a plain form, everything else becomes ``?``."""

from __future__ import annotations

import codecs
import sys
from typing import TextIO

PLAIN = str.maketrans(
    {
        "✓": "ok",
        "✗": "FAIL",
        "…": "...",
        "±": "+-",
        "–": "-",
        "—": "-",
        "≤": "<=",
        "≥": ">=",
        "←": "<-",
        "→": "->",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "·": "-",
        "█": "#",
        "▏": "|",
        "×": "x",
        "µ": "u",
        "━": "=",
        "，": ", ",
        "：": ": ",
        "；": "; ",
        "。": ".",
        "（": " (",
        "）": ")",
        "、": ", ",
    }
)
PLAIN_SIGNS = "perfsvc-plain-signs"


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(PLAIN)
    return "".join(each if each.isascii() else "?" for each in text), error.end


codecs.register_error(PLAIN_SIGNS, _plain)


def tolerate_encodings() -> None:
    """Let standard output and error write every text, whatever their encoding."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=PLAIN_SIGNS)


def writable(text: str, stream: TextIO) -> bool:
    """Whether a stream's encoding has all characters of a text."""
    try:
        text.encode(stream.encoding or "utf-8")  # a stream of texts has none
    except (UnicodeEncodeError, LookupError):
        return False
    return True
