"""The metric that is held, as the controller sees it: how far it is from its target, on a logarithmic scale."""

from __future__ import annotations

import math

from perfsvc.metrics.figures import Second
from perfsvc.model.load import Adaptive

FARTHEST = math.log(20)
"""A reading is cut off at a twentieth and at twenty times the target: beyond, only the direction counts."""
EXPLODED = math.log(3)
ERRORS_TOLERATED = 10.0
"""Percent. Failing is often fast: where a latency is held and more fails, the target counts as far too slow."""
BAND = 0.1
"""Of the target: as far off on either side, the metric still counts as held."""


class Gauge:
    """Reads a metric off a second."""

    def __init__(self, spec: Adaptive) -> None:
        self.metric, self.target = spec.metric, spec.target
        self.is_latency = self.metric not in ("rps", "error_rate")
        self.reaction_s = self.target / 1000 if self.is_latency else 0.0

    def value(self, second: Second) -> float | None:
        """The metric itself (ms, percent or requests per second); None where the second has no samples."""
        value: float | None = getattr(second, self.metric)
        return value if second.requests else None

    def reading(self, second: Second) -> float | None:
        """The logarithm of metric over target: 0 at the target, 0.1 about a tenth too high. None without samples."""
        failing = self.is_latency and second.error_rate > ERRORS_TOLERATED
        value = self.value(second)
        if value is None:
            return EXPLODED if failing else None
        reading = max(math.log(value / self.target), -FARTHEST) if value > 0 else -FARTHEST
        return min(max(reading, EXPLODED) if failing else reading, FARTHEST)

    def in_band(self, value: float) -> bool:
        """Whether a metric is held."""
        return abs(value - self.target) <= BAND * self.target
