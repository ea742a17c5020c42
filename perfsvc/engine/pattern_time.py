"""Time that users' patterns may take from the loop: a pattern that backtracks would hold every user of the process.

What slow searches took between two ticks of an engine is counted together, since replies come in groups. Once it is
used up, patterns that took too long before fail at once until the next tick, and others get LEAST_S: plenty for a
pattern that does not backtrack. Time is that of the processor, which a busy machine does not change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import islice
from time import thread_time
from typing import TypeVar

import regex

T = TypeVar("T")

LIMIT_S = 0.03
SLOW_S = 0.01
"""Searches that are quicker are not counted."""
LEAST_S = 0.01
MOST_SUSPECTS = 1_000


class _Left(threading.local):
    """Seconds that are left, for each thread: only that of a loop has ticks."""

    seconds = LIMIT_S


_left = _Left()
_suspects: set[regex.Pattern[str]] = set()
"""Patterns that took too long."""


def refill() -> None:
    """Begin to count again: others have had the loop."""
    _left.seconds = LIMIT_S


def search(pattern: regex.Pattern[str], text: str) -> regex.Match[str] | None:
    """Return the first match. Raise TimeoutError."""
    return _within_limit(pattern, lambda limit_s: pattern.search(text, timeout=limit_s))


def find_all(pattern: regex.Pattern[str], text: str, most: int) -> list[regex.Match[str]]:
    """Return the matches, in order. Raise TimeoutError."""
    return _within_limit(pattern, lambda limit_s: list(islice(pattern.finditer(text, timeout=limit_s), most)))


def _within_limit(pattern: regex.Pattern[str], work: Callable[[float], T]) -> T:
    left = _left.seconds
    if left <= 0 and pattern in _suspects:
        raise TimeoutError
    limit_s = max(left, LEAST_S)
    began = thread_time()
    try:
        found = work(limit_s)
    except TimeoutError:
        if len(_suspects) >= MOST_SUSPECTS:
            _suspects.clear()
        _suspects.add(pattern)
        # All of it is used up: the limit is measured in time of the whole process, of which this thread has a part.
        _left.seconds = left - limit_s
        raise
    took = thread_time() - began
    if took > SLOW_S:
        _left.seconds = left - took
    return found
