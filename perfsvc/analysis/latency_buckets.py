"""Latencies by round limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from perfsvc.clock import NS_PER_MS
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.histogram import upper_ends_ms

COARSE, FINE = (1, 2, 5), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
FEW_ROWS = 5


def latency_buckets(histogram: Histogram) -> list[dict[str, Any]]:
    """Return how many latencies there are up to each limit (``upto``, ms) and above the one before."""
    if not histogram.total:
        return []
    low, high = max(histogram.min_ns / NS_PER_MS, 0.001), histogram.max_ns / NS_PER_MS
    limits = limits_between(low, high, COARSE)
    if len(limits) < FEW_ROWS:
        limits = limits_between(low, high, FINE)
    first, end = histogram.extent
    rows = np.minimum(np.searchsorted(limits, upper_ends_ms()[first:end] * 0.999), len(limits) - 1)
    counts = np.bincount(rows, weights=histogram.counts[first:end], minlength=len(limits))
    return [{"upto": limit, "count": int(count)} for limit, count in zip(limits, counts, strict=True)]


def limits_between(low: float, high: float, steps: tuple[float, ...]) -> list[float]:
    """Return the round numbers from the first one that holds ``low`` to the first that holds ``high``."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(max(high, low))) + 1)
    every = [float(f"{step * 10.0**power:.3g}") for power in powers for step in steps]
    first = next((number for number, limit in enumerate(every) if limit >= low), len(every) - 1)
    last = next((number for number, limit in enumerate(every) if limit >= high), len(every) - 1)
    return every[first : last + 1]
