"""Summary of an adaptive run: how well the metric was held, at what load, and the trace of both."""

from __future__ import annotations

from collections import Counter
from typing import Any

from perfsvc.load_control.adaptive.target_metric import TargetMetric
from perfsvc.load_control.controller import rounded
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import percent
from perfsvc.metrics.histogram import Histogram

MOST_ROWS = 1_000


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
        self._measured = self._in_band = 0
        self._sum = 0.0
        self._latency = Histogram()

    def add(self, level: float, second: Second) -> None:
        """Count one second of the hold: its load, and the metric where there were samples."""
        self._levels[level] += 1
        value = self._metric.value(second)
        if value is not None:
            self._measured += 1
            self._in_band += self._metric.in_band(value)
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

    @property
    def in_band(self) -> float:
        """Percent of the seconds with samples in which the metric was held."""
        return percent(self._in_band, self._measured)

    def load_at(self, share: float) -> float | None:
        """The load that was not exceeded for a share of the time."""
        left = share * self._levels.total()
        for level in sorted(self._levels):
            left -= self._levels[level]
            if left <= 0:
                return level
        return None

    def as_dict(self) -> dict[str, Any]:
        """The figures under their names in the report."""
        return {
            "value": rounded(self.load),
            "low": self.load_at(0.05),
            "high": self.load_at(0.95),
            "in_band": rounded(self.in_band),
            "held": rounded(self.held),
        }
