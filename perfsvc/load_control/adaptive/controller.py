"""Adaptive load: the load is moved until a metric is at its target, and kept there."""

from __future__ import annotations

import math
from typing import Any

from perfsvc.load_control.adaptive.estimator import Reading
from perfsvc.load_control.adaptive.hold_summary import DecimatedTrace
from perfsvc.load_control.adaptive.hold_summary import HoldSummary
from perfsvc.load_control.adaptive.regulator import Regulator
from perfsvc.load_control.adaptive.target_metric import TargetMetric
from perfsvc.load_control.controller import Fitness
from perfsvc.load_control.controller import Scale
from perfsvc.load_control.controller import Watch
from perfsvc.load_control.controller import rounded
from perfsvc.load_control.controller import running_s
from perfsvc.load_control.controller import start_of
from perfsvc.metrics.figures import Second
from perfsvc.model.load import Adaptive
from perfsvc.model.load import Variable

SLACK_S = 0.1
"""Seconds close a little off the full second."""
LAST_S = 1.5
"""The last second of a run may be cut short, or never close."""
BAND = 0.1
"""A metric this far from its target, as a share of it, does not hold it."""
MOST_STUMBLES = 5
"""A stalled generator's seconds say nothing of the target; more of them in a row say that the load is too much."""


class AdaptiveController:
    """Finds the load for ``settle`` seconds, and holds it for ``hold`` more, which are what is judged.

    A load set by hand is where the search for the right one goes on from; one outside the bounds is brought back to the
    nearer of them. After a pause the level has to settle again.
    """

    def __init__(self, spec: Adaptive, variable: Variable) -> None:
        self.finished = False
        self._spec = spec
        self._metric = TargetMetric(spec)
        self._watch = Watch()
        self._scale = Scale.between(variable, spec.low, spec.high)
        self._regulator = Regulator(self._metric.reaction_s, self._scale, self._metric.pooled)
        self._level = self._scale.low
        self._changed_at = 0.0
        self._elapsed = 0.0
        self._stumbles = 0
        self._summary = HoldSummary(self._metric)
        self._trace = DecimatedTrace()
        self._moves = 0

    def observe(self, second: Second) -> float | None:
        """Judge a second. Return the next level if it changes."""
        if self.finished:
            return None
        fitness = self._watch.look(second)
        if fitness is Fitness.PAUSED:
            self._interrupt(start_of(second), by_hand=False)
        self._stumbles = self._stumbles + 1 if fitness is Fitness.STUMBLED else 0
        self._elapsed = second.elapsed
        if not second.span_ns:
            return None
        self._judge(second)
        row = self._row(second)
        level = self._next_level(second)
        self._trace.add({**row, "next": level})
        self._moves += level is not None
        self.finished = second.elapsed >= self._end - SLACK_S
        return level

    def changed_by_hand(self, level: float) -> None:
        """Go on from this level."""
        self._level = level
        self._interrupt(self._elapsed, by_hand=True)

    def result(self) -> dict[str, Any] | None:
        """The load held, how well it held the metric, and the trace."""
        return {
            "mode": "adaptive",
            "variable": self._scale.variable,
            **self._summary.as_dict(self._regulator.estimator.scatter),
            "out_of_reach": self._bound_reached(),
            "metric": self._spec.metric,
            "target": self._spec.target,
            "moves": self._moves,
            "evidence": list(self._trace.rows),
            "recovered": None,
            "complete": self._elapsed >= self._end - LAST_S,
        }

    def _bound_reached(self) -> str | None:
        """Return the bound at which the load stood most of the time while the target lay beyond it."""
        level, value, target = self._summary.load_at(0.5), self._summary.held, self._spec.target
        if level is None or value is None:
            return None
        if level >= self._scale.high and value < target * (1 - BAND):
            return "high"
        return "low" if level <= self._scale.low and value > target * (1 + BAND) else None

    @property
    def _end(self) -> float:
        return self._spec.settle + self._spec.hold

    def _interrupt(self, moment: float, *, by_hand: bool) -> None:
        self._changed_at = moment
        self._regulator.interrupted(by_hand=by_hand)

    def _judge(self, second: Second) -> None:
        if start_of(second) >= self._spec.settle - SLACK_S:
            self._summary.add(self._level, second)

    def _next_level(self, second: Second) -> float | None:
        """Return the next level if it changes."""
        if not self._scale.holds(self._level):
            self._level = self._scale.fit(self._level)
            self._interrupt(second.elapsed, by_hand=True)
            return self._level
        if 0 < self._stumbles <= MOST_STUMBLES:
            return None
        age = start_of(second) - self._changed_at + SLACK_S
        level = self._regulator.next_level(self._level, age, self._reading(second))
        if level == self._level:
            return None
        self._level, self._changed_at = level, second.elapsed
        return level

    def _reading(self, second: Second) -> Reading | None:
        reading = self._metric.reading(second)
        if reading is None or self._scale.variable != "arrival_rate" or not self._metric.is_latency:
            return reading
        return reading._replace(served=second.iterations / running_s(second), fastest=self._metric.fastest(second))

    def _row(self, second: Second) -> dict[str, Any]:
        estimator = self._regulator.estimator
        return {
            "elapsed": rounded(second.elapsed),
            "level": self._level,
            "measured": rounded(self._metric.value(second)),
            "smoothed": rounded(self._metric.target * math.exp(estimator.mean)) if len(estimator) else None,
            "elasticity": rounded(self._regulator.response.elasticity),
        }
