"""The staircase: watches the steps of the profile and finds the knee. It never moves the load itself."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from itertools import accumulate
from typing import Any
from typing import NamedTuple

from perfsvc.load_control.controller import start_of
from perfsvc.load_control.level_stats import LevelStats
from perfsvc.load_control.step.knee import Point
from perfsvc.load_control.step.knee import knee_of
from perfsvc.metrics.figures import Second
from perfsvc.model.load import Load

SETTLE_S = 1.0
SHORTEST_TO_SETTLE_S = 3.0
SLACK_S = 0.1
"""Seconds close a little late; one that reaches this far over the edge of a step still lies within it."""
MOST_BY_HAND = 100
"""Rows kept of levels set by hand."""


class Step(NamedTuple):
    """A level and the profile time at which it is held."""

    level: float
    start: float
    end: float

    def covers(self, second: Second) -> bool:
        """Whether a second lies wholly in what counts of this step."""
        settle = SETTLE_S if self.end - self.start >= SHORTEST_TO_SETTLE_S else 0.0
        return start_of(second) >= self.start + settle - SLACK_S and second.elapsed <= self.end + SLACK_S


class StepTable:
    """One row per step, and the knee.

    A load set by hand ends the staircase: what follows is one more row, at that level and marked ``by_hand``, with no
    part in the knee.
    """

    def __init__(self, load: Load) -> None:
        self.finished = False
        self._variable = load.variable
        self._steps = steps_of(load)
        self._starts = [step.start for step in self._steps]
        self._stats: dict[int, LevelStats] = {}
        self._by_hand: deque[tuple[float, LevelStats]] = deque(maxlen=MOST_BY_HAND)
        self._unsettled = False

    def observe(self, second: Second) -> float | None:
        """Count a second in the step it lies in. Never changes the load."""
        stats = self._place(second) if second.span_ns else None
        if stats is not None:
            stats.add(second)
        return None

    def changed_by_hand(self, level: float) -> None:
        """The staircase is over; what comes after the present second is evidence of this level only."""
        self._by_hand.append((level, LevelStats()))
        self._unsettled = True

    def result(self) -> dict[str, Any] | None:
        """The table, and the knee with its neighbours; all three null where none was found."""
        steps = [(self._steps[index].level, stats) for index, stats in sorted(self._stats.items())]
        at = knee_of([Point(level, stats.goodput, stats.latency("avg")) for level, stats in steps])
        levels = [level for level, _ in steps]
        return {
            "mode": "step",
            "variable": self._variable,
            "value": None if at is None else levels[at],
            "low": None if at is None else levels[max(at - 1, 0)],
            "high": None if at is None else levels[min(at + 1, len(levels) - 1)],
            "evidence": [stats.row(level) for level, stats in steps] + self._rows_by_hand(),
            "recovered": None,
        }

    def _rows_by_hand(self) -> list[dict[str, Any]]:
        return [{**stats.row(level), "by_hand": True} for level, stats in self._by_hand if stats.seconds]

    def _place(self, second: Second) -> LevelStats | None:
        """The level that a second counts for, or None."""
        if self._by_hand:
            settled, self._unsettled = not self._unsettled, False
            return self._by_hand[-1][1] if settled else None
        middle = (start_of(second) + second.elapsed) / 2
        index = bisect_right(self._starts, middle) - 1
        if index < 0 or not self._steps[index].covers(second):
            return None
        return self._stats.setdefault(index, LevelStats())


def steps_of(load: Load) -> list[Step]:
    """The levels that a profile's stages hold."""
    ends = accumulate(stage.duration for stage in load.stages)
    return [
        Step(stage.target, end - stage.duration, end)
        for stage, end in zip(load.stages, ends, strict=True)
        if stage.duration > 0
    ]
