"""Waiting for what another process does and reports by no event."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LIMIT_S = 90.0
INTERVAL_S = 0.1


def wait_until(condition: Callable[[], T], what: str, *, limit_s: float = LIMIT_S, every_s: float = INTERVAL_S) -> T:
    """Return the first true value of a condition. Raise AssertionError at the limit, with ``what`` was awaited."""
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {limit_s:.0f} s for {what}"
        time.sleep(every_s)
    return value
