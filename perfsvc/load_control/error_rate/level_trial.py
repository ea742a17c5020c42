"""One level held for a while, and the verdict on it."""

from __future__ import annotations

import math
from typing import Any

from perfsvc.load_control.controller import running_s
from perfsvc.load_control.controller import start_of
from perfsvc.load_control.error_rate.bisection import NextLevel
from perfsvc.load_control.error_rate.bisection import Phase
from perfsvc.load_control.error_rate.bisection import Verdict
from perfsvc.load_control.level_stats import LevelStats
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import percent
from perfsvc.model.load import ErrorSearch

SLACK_S = 0.1
"""Seconds close a little off the full second."""
PATIENCE = 3.0
"""A generator that stalls makes a level last longer, but not more than so many times."""
SHORT = 0.03
"""Of the planned arrivals: with so many iterations too few, and arrivals late, a level was not offered."""
UNSERVED = 0.01
"""Of the planned arrivals: as many late or dropped ones are no accident."""
CLEARLY = 0.25
"""Of the threshold: a level with fewer errors than this is clearly good."""
CLEAN_SECONDS = 2
"""Seconds in a row without too many errors: the target has recovered."""


class Trial:
    """A level held from profile time ``began`` on."""

    def __init__(self, spec: ErrorSearch, move: NextLevel, began: float, *, rate: bool) -> None:
        self.move = move
        self.stats = LevelStats()
        self._spec = spec
        self._rate = rate
        self._counts_from = began + spec.settle_time - SLACK_S
        counted = max(spec.level_time - spec.settle_time, 1.0) + spec.level_time * move.longer
        self._counted_s = max(counted, CLEAN_SECONDS) if move.phase is Phase.RECOVER else counted
        self._ends = self._counts_from + PATIENCE * self._counted_s
        self._stumbled_s = 0.0
        self._clean = 0

    def observe(self, second: Second, *, fit: bool) -> Verdict | None:
        """Take in a second; the verdict, once there is one. One that is not fit is no evidence, but time passes."""
        if start_of(second) < self._counts_from:
            return None
        if not fit:
            self._stumbled_s += running_s(second)
            return self._verdict(over=True) if second.elapsed >= self._ends else None
        self.stats.add(second)
        self._clean = self._clean + 1 if self._is_clean(second) else 0
        return self._verdict(over=self.stats.running_s >= self._counted_s - SLACK_S or second.elapsed >= self._ends)

    def row(self, verdict: str) -> dict[str, Any]:
        """The evidence of this level."""
        row = {**self.stats.row(self.move.level), "verdict": verdict, "phase": self.move.phase.value}
        return {**row, "saturated": True} if self._saturated() else row

    def _verdict(self, *, over: bool) -> Verdict | None:
        return self._recovery(over=over) if self.move.phase is Phase.RECOVER else self._measurement(over=over)

    def _measurement(self, *, over: bool) -> Verdict | None:
        if self._hopeless():
            return Verdict.BAD
        if not over:
            return None
        if not self.stats.requests:
            return Verdict.SATURATED if self._saturated() else Verdict.EMPTY
        if self.stats.error_rate > self._tolerated():
            return Verdict.BAD
        return Verdict.SATURATED if self._saturated() else Verdict.GOOD

    def _tolerated(self) -> float:
        """Percent of errors up to which the level is good; a failure is not refuted by chance near the threshold."""
        return self._spec.threshold * (CLEARLY if self.move.phase is Phase.RECHECK else 1.0)

    def _recovery(self, *, over: bool) -> Verdict | None:
        if self._clean >= CLEAN_SECONDS:
            return Verdict.GOOD
        if not over:
            return None
        return Verdict.GOOD if self._pooled_good() else Verdict.BAD

    def _is_clean(self, second: Second) -> bool:
        """Few errors, and no arrivals that still wait for their turn from before."""
        waiting = second.dropped + second.late > UNSERVED * second.iterations
        return second.requests > 0 and second.error_rate <= self._spec.threshold and not waiting

    def _pooled_good(self) -> bool:
        return self.stats.requests > 0 and self.stats.error_rate <= self._spec.threshold

    def _hopeless(self) -> bool:
        """Whether the errors so far are too many even if the rest of the level had none."""
        left_s = max(self._counted_s - self.stats.running_s, 0.0)
        expected = self.stats.requests + self.stats.rps * left_s
        return percent(self.stats.errors, expected) > self._spec.threshold

    def _saturated(self) -> bool:
        """Whether the generator did not keep up: it stalled most of the time, or it did not offer the planned arrivals.

        Arrivals are not offered when some are dropped, or ever more of them wait.
        """
        if self._stumbled_s > self.stats.running_s:
            return True
        planned = self.move.level * self.stats.running_s
        if not self._rate or self.stats.dropped > UNSERVED * planned:
            return self._rate
        chance = 2 * math.sqrt(planned)  # a Poisson plan is itself short now and then
        short = planned - self.stats.iterations > max(SHORT * planned, chance)
        return short and self.stats.late > UNSERVED * planned
