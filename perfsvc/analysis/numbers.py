"""Figures as the API writes them."""

from __future__ import annotations

from typing import Any

from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.histogram import to_ms

RATE_DIGITS = 6
"""Enough for one failure among a hundred million requests to show."""


def rate(percent: float) -> float:
    """A rate in percent without the noise of floating point."""
    return round(percent, RATE_DIGITS)


def latency_block(histogram: Histogram) -> dict[str, Any]:
    """Average, extremes and percentiles of latencies in ms."""
    average = histogram.avg_ns
    return {
        "avg": None if average is None else to_ms(average),
        "min": to_ms(histogram.min_ns) if histogram.total else None,
        "max": to_ms(histogram.max_ns) if histogram.total else None,
        "percentiles": histogram.percentiles_ms(),
    }
