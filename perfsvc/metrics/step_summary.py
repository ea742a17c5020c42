"""What a step, or all of them, did in a stored span, in figures: a line over time is drawn from these, without the
histograms.
"""

from __future__ import annotations

import msgspec

from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.histogram import to_ms
from perfsvc.metrics.window_sum import sum_of
from perfsvc.model.window import StepWindow

SHOWN = [50.0, 90.0, 95.0, 99.0]
"""The percentiles of a line over time."""


class Times(msgspec.Struct, frozen=True, array_like=True):
    """A latency in ms; all None where there were no requests."""

    avg: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None

    @classmethod
    def of(cls, histogram: Histogram) -> Times:
        """The figures of a histogram."""
        if histogram.avg_ns is None:
            return cls()
        p50, p90, p95, p99 = map(to_ms, histogram.quantiles_ns(SHOWN))
        return cls(to_ms(histogram.avg_ns), p50, p90, p95, p99, to_ms(histogram.max_ns))


class StepSummary(msgspec.Struct, frozen=True, array_like=True):
    """Counts and both latencies of all requests; of each gauge its mean.

    ``success`` is the service time of the successful ones, None where an earlier version stored the figures.
    """

    requests: int
    errors: int
    latency: Times
    from_plan: Times
    failures: dict[str, int]
    statuses: dict[str, int]
    counters: dict[str, float]
    gauges: dict[str, float]
    success: Times | None = None

    @classmethod
    def of(cls, window: StepWindow) -> StepSummary:
        """Raises ValueError when a histogram cannot be unpacked."""
        totals = sum_of([window])
        latency = Times.of(totals.latency)
        return cls(
            totals.requests,
            totals.errors,
            latency,
            Times.of(totals.from_plan),
            window.failures,
            window.statuses,
            window.counters,
            totals.gauge_means,
            Times.of(totals.latency.without(totals.failed)) if totals.failed.total else latency,
        )
