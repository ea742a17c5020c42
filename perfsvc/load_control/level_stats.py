"""Measurements while one level was held."""

from __future__ import annotations

from typing import Any

from perfsvc.load_control.controller import rounded
from perfsvc.load_control.controller import running_s
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import percent

LATENCIES = ("avg", "p50", "p95", "p99")


class LevelStats:
    """The sum of some closed seconds.

    Rates are pooled: all errors over all requests. Latencies are means of the single seconds' figures, weighted by
    their requests, in ms: a closed second carries its percentiles, not its histogram.
    """

    def __init__(self) -> None:
        self.seconds = self.requests = self.errors = self.iterations = self.dropped = self.late = 0
        self.running_s = 0.0
        self._sums = dict.fromkeys(LATENCIES, 0.0)
        self._weights = dict.fromkeys(LATENCIES, 0)

    def add(self, second: Second) -> None:
        """Count one more second."""
        self.seconds += 1
        self.running_s += running_s(second)
        self.requests += second.requests
        self.errors += second.errors
        self.iterations += second.iterations
        self.dropped += second.dropped
        self.late += second.late
        for name in LATENCIES:
            value = getattr(second, name)
            if value is not None:
                self._sums[name] += value * second.requests
                self._weights[name] += second.requests

    @property
    def error_rate(self) -> float:
        """Percent of all requests that failed."""
        return percent(self.errors, self.requests)

    @property
    def rps(self) -> float:
        """Requests per second of running time."""
        return self.requests / self.running_s if self.running_s else 0.0

    @property
    def goodput(self) -> float:
        """Requests per second that did not fail."""
        return (self.requests - self.errors) / self.running_s if self.running_s else 0.0

    def latency(self, name: str) -> float | None:
        """One of LATENCIES in ms; None without replies."""
        weight = self._weights[name]
        return self._sums[name] / weight if weight else None

    def row(self, level: float) -> dict[str, Any]:
        """The evidence table's row for this level."""
        return {
            "level": level,
            "seconds": self.seconds,
            "requests": self.requests,
            "errors": self.errors,
            "error_rate": rounded(self.error_rate),
            "rps": rounded(self.rps),
            **{name: rounded(self.latency(name)) for name in LATENCIES},
        }
