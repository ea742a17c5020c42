"""Figures as the API writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perfsvc.errors import Text
from perfsvc.metrics.figures import PLAN_PERCENTILES
from perfsvc.metrics.figures import WHOLE_RUN_NS
from perfsvc.metrics.figures import Figures
from perfsvc.metrics.figures import counts_of
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.histogram import to_ms
from perfsvc.metrics.totals import Totals
from perfsvc.model.window import GaugeSum

TWO_LATENCIES = Text(
    "响应时间从请求发出算起；latency_from_plan 从计划的开始时刻算起，还包含被测服务或压测机繁忙时请求等待发出的时间",
    "response times count from when a request was sent; latency_from_plan counts from when it was planned to start, "
    "so it also holds how long the request had to wait because the target or the generator was busy",
)
"""The one sentence that explains the two latencies, wherever both are shown."""

RATE_DIGITS = 6
"""Enough for one failure among a hundred million requests to show."""


def rate(percent: float) -> float:
    """A rate in percent without the noise of floating point."""
    return round(percent, RATE_DIGITS)


def plan_block(figures: Figures) -> dict[str, Any]:
    """``latency_from_plan`` in ms as frames and pollers get it; no key at all where there is no plan."""
    if not figures.planned:
        return {}
    percentiles = {name: getattr(figures, f"plan_{name}") for name in PLAN_PERCENTILES}
    return {"latency_from_plan": {"avg": figures.plan_avg, **percentiles}}


def plan_summary(from_plan: Histogram) -> dict[str, Any]:
    """``latency_from_plan`` as reports have it, of a histogram; no key at all where there is no plan."""
    return {"latency_from_plan": latency_block(from_plan)} if from_plan.total else {}


def gauge_block(gauge: GaugeSum) -> dict[str, Any]:
    """A gauge of a protocol in its own unit: count, mean and maximum."""
    return {"count": gauge.count, "avg": round(gauge.total / gauge.count, 3), "max": round(gauge.max, 3)}


def own_blocks(counters: Mapping[str, float], gauges: Mapping[str, GaugeSum]) -> dict[str, Any]:
    """``counters`` and ``gauges`` of a protocol's own, by name in order."""
    return {
        "counters": dict(sorted(counters.items())),
        "gauges": {name: gauge_block(gauge) for name, gauge in sorted(gauges.items())},
    }


def latency_block(histogram: Histogram) -> dict[str, Any]:
    """Average, extremes and percentiles of latencies in ms."""
    average = histogram.avg_ns
    return {
        "avg": None if average is None else to_ms(average),
        "min": to_ms(histogram.min_ns) if histogram.total else None,
        "max": to_ms(histogram.max_ns) if histogram.total else None,
        "percentiles": histogram.percentiles_ms(),
    }


def counts_block(totals: Totals, running_ns: int) -> dict[str, Any]:
    """Requests, errors, checks and bytes over the running time of a whole run."""
    counts = counts_of(totals, running_ns, WHOLE_RUN_NS)
    check_rate = counts.pop("check_rate")
    passed, failed = counts.pop("checks_passed"), counts.pop("checks_failed")
    return {
        **counts,
        "error_rate": rate(counts["error_rate"]),
        "checks": {"passed": passed, "failed": failed, "rate": None if check_rate is None else rate(check_rate)},
    }
