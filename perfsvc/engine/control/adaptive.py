"""Adaptive load: the load is moved until a metric is at its target, and kept there."""

from __future__ import annotations

import math
from typing import Any

from perfsvc.engine.control.base import Scale
from perfsvc.engine.control.base import rounded
from perfsvc.engine.control.base import start_of
from perfsvc.engine.control.gauge import Gauge
from perfsvc.engine.control.ledger import Ledger
from perfsvc.engine.control.ledger import Trace
from perfsvc.engine.control.regulator import Regulator
from perfsvc.metrics.figures import Second
from perfsvc.model.load import Adaptive
from perfsvc.model.load import Variable

SLACK_S = 0.1
END_SLACK_S = 1.5


class Governor:
    """Holds ``metric`` at ``target``."""

    def __init__(self, spec: Adaptive, variable: Variable) -> None:
        self.finished = False
        self._spec = spec
        self._gauge = Gauge(spec)
        self._scale = Scale.between(variable, spec.low, spec.high)
        self._level = self._scale.low
        self._regulator = Regulator()
        self._ledger = Ledger()
        self._trace = Trace()
        self._elapsed = 0.0
        self._changed_at = 0.0

    def observe(self, second: Second) -> float | None:
        if self.finished:
            return None
        if not second.span_ns:
            self._changed_at = second.elapsed
            self._regulator.forget()
            return None
        self._elapsed = second.elapsed
        self._count(second)
        age = start_of(second) - self._changed_at + SLACK_S
        reading = self._gauge.reading(second)
        move = self._regulator.move(self._level, age, reading, second.requests)
        self._trace.add(self._row(second, self._level))
        self.finished = second.elapsed >= self._spec.settle + self._spec.hold - SLACK_S
        return self._apply(move) if move and not self.finished else None

    def changed_by_hand(self, level: float) -> None:
        self._level = level
        self._changed_at = self._elapsed + 1
        self._regulator.forget()

    def result(self) -> dict[str, Any] | None:
        return {
            "variable": self._scale.variable,
            **self._ledger.as_dict(),
            "metric": self._spec.metric,
            "target": self._spec.target,
            "evidence": self._trace.rows,
            "recovered": None,
            "complete": self._elapsed >= self._spec.settle + self._spec.hold - END_SLACK_S,
        }

    def _count(self, second: Second) -> None:
        if start_of(second) >= self._spec.settle - SLACK_S:
            value = self._gauge.value(second)
            self._ledger.add(self._level, value, in_band=value is not None and self._gauge.in_band(value))

    def _row(self, second: Second, level: float) -> dict[str, Any]:
        return {
            "elapsed": rounded(second.elapsed),
            "level": level,
            "measured": rounded(self._gauge.value(second)),
            "elasticity": rounded(self._regulator.response.elasticity),
        }

    def _apply(self, move: float) -> float | None:
        level = self._scale.fit(self._level * math.exp(move))
        if level == self._level:
            return None
        self._regulator.moved(math.log(level / self._level))
        self._level = level
        self._changed_at = self._elapsed
        return level
