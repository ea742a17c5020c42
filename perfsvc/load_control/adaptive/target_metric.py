"""The metric that is held, as the controller sees it: how far it is from its target, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Sequence

from perfsvc.load_control.adaptive.estimator import Reading
from perfsvc.load_control.adaptive.estimator import weighted_mean
from perfsvc.metrics.figures import Second
from perfsvc.metrics.histogram import PERCENTILES
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.histogram import to_ms
from perfsvc.model.load import Adaptive

FARTHEST = math.log(20)
"""A reading is cut off at a twentieth and at twenty times the target: beyond, only the direction counts."""
EXPLODED = math.log(3)
ERRORS_TOLERATED = 10.0
"""Percent. Failing is often fast: where a latency is held and more fails, the target counts as far too slow."""


class TargetMetric:
    """Read a metric off a second."""

    def __init__(self, spec: Adaptive) -> None:
        self.metric, self.target = spec.metric, spec.target
        self.is_latency = self.metric not in ("rps", "error_rate")
        self.reaction_s = self.target / 1000 if self.is_latency else 0.0

    def value(self, second: Second) -> float | None:
        """The metric itself (ms, percent or requests per second); None where the second has no samples."""
        value: float | None = getattr(second, self.metric)
        return value if second.requests else None

    def reading(self, second: Second) -> Reading | None:
        """The logarithm of metric over target: 0 at the target, 0.1 about a tenth too high. None without samples."""
        failing = self.is_latency and second.error_rate > ERRORS_TOLERATED
        value = self.value(second)
        if value is None:
            return Reading(EXPLODED, second.requests) if failing else None
        reading = self.distance(value)
        if failing:
            return Reading(max(reading, EXPLODED), second.requests)
        return Reading(reading, second.requests, second.latency)

    def fastest(self, second: Second) -> float | None:
        """Reading of the fastest tenth of the requests; None where their latencies are not known."""
        tenth = None if second.latency is None else second.latency.percentile_ns(10.0)
        return None if tenth is None else self.distance(to_ms(tenth))

    def pooled(self, readings: Sequence[Reading]) -> float:
        """Reading of several seconds together: a percentile of all their requests, or a mean for other metrics.

        The mean of the percentiles of single seconds is less than the percentile of them all: a queue that is long for
        one second in ten is hardly seen in it.
        """
        together = Histogram()
        for reading in readings:
            if reading.latency is None:
                return weighted_mean(readings)
            together.merge(reading.latency)
        value = self.percentile(together)
        return weighted_mean(readings) if value is None else self.distance(value)

    def percentile(self, latency: Histogram) -> float | None:
        """The metric of these latencies, ms, if it is a percentile of them; None without any."""
        quantile = PERCENTILES.get(self.metric)
        value = latency.percentile_ns(quantile) if quantile is not None else None
        return None if value is None else to_ms(value)

    def distance(self, value: float) -> float:
        """The logarithm of a value of the metric over its target, within bounds."""
        return min(max(math.log(value / self.target), -FARTHEST), FARTHEST) if value > 0 else -FARTHEST
