"""The known word that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from perfsvc.errors import Text

LONGEST = 64
"""Longer words are no slips of the pen, and would take long to compare."""

CUTOFF = 0.66
"""Similarity below which words are different: one letter of three, as in ``vuz`` and ``vus``, is a slip."""


def nearest(word: str, candidates: Iterable[str], cutoff: float = CUTOFF) -> str | None:
    """Return the candidate that is most like ``word``, or None; case, ``_`` and ``-`` do not count."""
    if len(word) > LONGEST:
        return None
    by_plain = {plain(each): each for each in candidates}
    matches = get_close_matches(plain(word), by_plain, n=1, cutoff=cutoff)
    return by_plain[matches[0]] if matches else None


def did_you_mean(word: str | None) -> Text:
    """Return the question that follows a message; empty without a word."""
    return Text(f"，是否想写 {word}？", f"; did you mean {word}?") if word else Text("", "")


def plain(word: str) -> str:
    """Return a word without what is easily mistaken: case, ``_`` and ``-``."""
    return word.casefold().replace("_", "").replace("-", "")
