"""Time, injected: no other module calls ``time.*``, so tests can set it."""

from __future__ import annotations

import time
from datetime import UTC
from datetime import datetime
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


class Clock(Protocol):
    """A steady clock for measuring and a calendar clock for labels."""

    def now_ns(self) -> int:
        """Nanoseconds of a steady clock with an arbitrary origin."""
        ...

    def wall(self) -> float:
        """Unix time in seconds."""
        ...


class SystemClock:
    """The machine's clocks."""

    now_ns = staticmethod(time.perf_counter_ns)
    wall = staticmethod(time.time)


class RunClock:
    """The clock of one run. The calendar is read once, so a wall clock that is set meanwhile moves none of its seconds.

    Start, end, seconds and events of the run keep their distances, which are those of the steady clock.
    """

    def __init__(self, clock: Clock) -> None:
        self.now_ns = clock.now_ns
        self._epoch = clock.wall() - clock.now_ns() / NS_PER_S

    def wall(self) -> float:
        """Unix time in seconds."""
        return self._epoch + self.now_ns() / NS_PER_S


def utc_now(clock: Clock) -> datetime:
    """The calendar time as an aware UTC datetime."""
    return datetime.fromtimestamp(clock.wall(), UTC)


def iso_z(moment: datetime) -> str:
    """ISO 8601 in UTC with ``Z`` and whole seconds: ``2024-02-20T10:00:00Z``. Naive times are taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
