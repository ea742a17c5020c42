"""Summary of an adaptive run: how well the metric was held, at what load, and the trace of both."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from perfsvc.load_control.adaptive.target_metric import TargetMetric
from perfsvc.load_control.controller import rounded
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import percent
from perfsvc.metrics.histogram import Histogram

MOST_ROWS = 1_000
BAND = 10.0
"""Percent of the target that a metric may always be off."""
DEVIATIONS, EXPECTED = 2.0, 95.0
"""Standard deviations that make the band where seconds scatter more, and the percent of them that lie within it."""
LEAST_IN_BAND = 50.0
"""Percent of the seconds within the band below which a load is not on target."""
DISTANCE_DIGITS = 2


class DecimatedTrace:
    """Rows over time, at most MOST_ROWS: when full, every other one is dropped and only every other one is added."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self._stride = 1
        self._seen = 0

    def add(self, row: dict[str, Any]) -> None:
        """Keep every n-th row."""
        if self._seen % self._stride == 0:
            if len(self.rows) == MOST_ROWS:
                self.rows = self.rows[::2]
                self._stride *= 2
            if self._seen % self._stride == 0:
                self.rows.append(row)
        self._seen += 1


class HoldSummary:
    """The hold, second by second, in bounded memory: levels have four digits, so there are few different ones."""

    def __init__(self, metric: TargetMetric) -> None:
        self._metric = metric
        self._levels: Counter[float] = Counter()
        self._measured = 0
        self._distances: Counter[float] = Counter()
        self._sum = 0.0
        self._latency = Histogram()

    def add(self, level: float, second: Second) -> None:
        """Count one second of the hold: its load, and the metric where there were samples."""
        self._levels[level] += 1
        value = self._metric.value(second)
        if value is not None:
            self._measured += 1
            self._distances[round(self._metric.distance(value), DISTANCE_DIGITS)] += 1
            self._sum += value
            self._latency.merge(second.latency or Histogram())

    @property
    def load(self) -> float | None:
        """The mean load."""
        seconds = self._levels.total()
        return sum(level * count for level, count in self._levels.items()) / seconds if seconds else None

    @property
    def held(self) -> float | None:
        """The metric over the whole hold: a percentile of all its requests, the mean of its seconds for all others."""
        whole = self._metric.percentile(self._latency)
        return whole if whole is not None or not self._measured else self._sum / self._measured

    def band(self, scatter: float) -> float:
        """How far the metric may be off its target, percent of it: BAND, or what a constant load scatters by itself.

        ``scatter`` is the standard deviation of the logarithms of single seconds at one level.
        """
        return max(BAND, 100 * math.expm1(DEVIATIONS * scatter))

    def in_band(self, band: float) -> float:
        """Percent of the seconds with samples in which the metric was within ``band`` percent of its target."""
        reach = math.log1p(band / 100) + 10**-DISTANCE_DIGITS
        return percent(sum(count for off, count in self._distances.items() if abs(off) <= reach), self._measured)

    def load_at(self, share: float) -> float | None:
        """The load that was not exceeded for a share of the time."""
        left = share * self._levels.total()
        for level in sorted(self._levels):
            left -= self._levels[level]
            if left <= 0:
                return level
        return None

    def as_dict(self, scatter: float) -> dict[str, Any]:
        """The figures under their names in the report."""
        band = self.band(scatter)
        in_band = self.in_band(band)
        return {
            "value": rounded(self.load),
            "low": self.load_at(0.05),
            "high": self.load_at(0.95),
            "in_band": rounded(in_band),
            "on_target": in_band >= LEAST_IN_BAND,
            "in_band_expected": EXPECTED,
            "band": rounded(band),
            "held": rounded(self.held),
        }
