"""The warm-up of a run as reports and live feeds give it."""

from __future__ import annotations

from typing import Any

from perfsvc.metrics.run_metrics import RunMetrics


def warm_up_block(metrics: RunMetrics) -> dict[str, Any] | None:
    """Return how long the warm-up is, from when to when (Unix time) it was, and what no total has; None without one."""
    warm_up = metrics.warm_up
    if not warm_up.length:
        return None
    return {
        "seconds": warm_up.length,
        "start": warm_up.first,
        "end": warm_up.end,
        "over": warm_up.over,
        "requests": warm_up.total.requests,
        "errors": warm_up.total.errors,
        "iterations": warm_up.iterations,
    }
