"""Interface of load controllers, and the levels they may choose from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any
from typing import Protocol

from perfsvc.metrics.figures import Second
from perfsvc.metrics.validity import LAG_MS
from perfsvc.model.load import Variable

DIGITS = 4
"""Significant digits of a level: finer than any target can distinguish."""


LONGEST_STUMBLE_S = 1.5
"""More time on the calendar than in the profile was a pause, unless a second closed so late explains it."""


class Controller(Protocol):
    """Watches a run second by second and decides its load.

    Controllers are pure: no clock, no I/O. The load starts where the profile's stages put it; what ``observe`` returns
    takes effect from then on. ``finished`` turns true when the run should end.
    """

    finished: bool

    def observe(self, second: Second) -> float | None:
        """Take in a closed second, in order; the new level (users or arrivals per second), or None: no change.

        A second without running time (in a pause) is no evidence of anything.
        """
        ...

    def changed_by_hand(self, level: float) -> None:
        """The load was set by hand. Each controller defines how its own plan continues."""
        ...

    def result(self) -> dict[str, Any] | None:
        """The report's ``search`` object, ready for JSON, from what is known so far; None before the first second."""
        ...


@dataclass(frozen=True, slots=True)
class Scale:
    """The levels between ``low`` and ``high``: whole ones for users, any of four digits for arrival rates."""

    variable: Variable
    low: float
    high: float

    @classmethod
    def between(cls, variable: Variable, low: float, high: float) -> Scale:
        """The scale between two bounds; whole users inside them, at least one."""
        if variable == "arrival_rate":
            return cls(variable, low, high)
        least = max(math.ceil(low), 1)
        return cls(variable, float(least), float(max(math.floor(high), least)))

    def fit(self, level: float) -> float:
        """The level nearest to a wish, within the bounds."""
        if not self.low < level < self.high:
            return self.low if level <= self.low else self.high
        rounded = float(round(level)) if self.variable == "vus" else _significant(level)
        return min(max(rounded, self.low), self.high)

    def holds(self, level: float) -> bool:
        """Whether a level lies within the bounds."""
        return self.low <= level <= self.high

    def apart(self, lower: float, upper: float, percent: float) -> bool:
        """Whether there is a level between two that differ by more than ``percent`` of the upper."""
        between = self.fit((lower + upper) / 2)
        return (upper - lower) > upper * percent / 100 and lower < between < upper

    def above(self, level: float) -> float:
        """The least level that is noticeably higher; the highest where there is none."""
        return min(level + 1, self.high) if self.variable == "vus" else self.fit(level * 1.001)


class Fitness(Enum):
    """Usability of a second as evidence."""

    FIT = "fit"
    STUMBLED = "stumbled"
    """The generator stalled in it or just before: what it shows may be the generator's own doing."""
    PAUSED = "paused"
    """Time stood still in it or just before: the level has yet to show what it does."""


class Watch:
    """Looks at each second before it is taken for evidence; notices pauses whether or not they are handed on."""

    def __init__(self) -> None:
        self._last: Second | None = None

    def look(self, second: Second) -> Fitness:
        """Judge the next second."""
        last, self._last = self._last, second
        if not second.span_ns or (last is not None and pause_between(last, second)):
            return Fitness.PAUSED
        return Fitness.STUMBLED if stalled(second) or (last is not None and stalled(last)) else Fitness.FIT


def stalled(second: Second) -> bool:
    """Whether the generator was late by itself; what piled up meanwhile is sent and replied to a little later."""
    return max(second.health.loop_lag_ms, second.health.send_lag_ms) >= LAG_MS


def pause_between(last: Second, second: Second) -> bool:
    """Whether more time has passed on the calendar than in the profile."""
    return second.second - last.second > second.elapsed - last.elapsed + LONGEST_STUMBLE_S


def running_s(second: Second) -> float:
    """Seconds of running time in a closed second."""
    return second.span_ns / 1e9


def start_of(second: Second) -> float:
    """Profile time at which a closed second began."""
    return second.elapsed - running_s(second)


def rounded(value: float | None) -> float | None:
    """A figure as reports show it; None stays None."""
    return None if value is None else round(value, 3)


def _significant(level: float) -> float:
    return round(level, DIGITS - 1 - math.floor(math.log10(level)))
