"""Time that users' patterns may take from the loop: a pattern that backtracks would hold every user of the process.

What slow searches took between two ticks of an engine is counted together, since replies come in groups. A search that
finds nothing left is given LEAST_S, which is plenty for a pattern that does not backtrack.
"""

from __future__ import annotations

import threading
from itertools import islice
from time import perf_counter

import regex

LIMIT_S = 0.05
SLOW_S = 0.02
"""Searches that are quicker are not counted."""
LEAST_S = 0.005


class _Left(threading.local):
    """Seconds that are left, for each thread: only that of a loop has ticks."""

    seconds = LIMIT_S


_left = _Left()


def refill() -> None:
    """Begin to count again: others have had the loop."""
    _left.seconds = LIMIT_S


def search(pattern: regex.Pattern[str], text: str) -> regex.Match[str] | None:
    """Return the first match. Raise TimeoutError."""
    began = perf_counter()
    try:
        return pattern.search(text, timeout=_left.seconds)
    finally:
        _count(began)


def find_all(pattern: regex.Pattern[str], text: str, most: int) -> list[regex.Match[str]]:
    """Return the matches, in order. Raise TimeoutError."""
    began = perf_counter()
    try:
        return list(islice(pattern.finditer(text, timeout=_left.seconds), most))
    finally:
        _count(began)


def _count(began: float) -> None:
    took = perf_counter() - began
    if took > SLOW_S:
        _left.seconds = max(_left.seconds - took, LEAST_S)
