"""Figures and distributions of any time of a run, from merged windows: exact but for a histogram's 0.1 %."""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import Literal
from typing import NamedTuple

import numpy as np

from perfsvc.analysis.blocks import latency_block
from perfsvc.analysis.blocks import own_blocks
from perfsvc.analysis.blocks import rate
from perfsvc.analysis.breakdown import phase_blocks
from perfsvc.clock import NS_PER_S
from perfsvc.metrics.figures import WHOLE_RUN_NS
from perfsvc.metrics.figures import per_second
from perfsvc.metrics.figures import percent
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.histogram import to_ms
from perfsvc.metrics.histogram import upper_ends_ms
from perfsvc.metrics.span import Span
from perfsvc.metrics.totals import RunTotals
from perfsvc.metrics.window_sum import HistogramName
from perfsvc.metrics.window_sum import sum_of
from perfsvc.model.window import StepWindow

Latency = Literal["service", "plan"]
Outcome = Literal["all", "success"]
TICKS = 5
"""Points of a percentile curve for each halving of the distance to 100 %, as HdrHistogram prints them."""
HIGHEST_PERCENTILE = 99.999
DIGITS = 6
"""Of a percentile of a curve."""


class Chosen(NamedTuple):
    """The selected latencies: service time or from plan, of all requests or of the successful ones."""

    latency: Latency
    outcome: Outcome

    @property
    def histograms(self) -> tuple[HistogramName, ...]:
        """The histograms that ``of`` needs."""
        if self.latency == "plan":
            return ("from_plan",)
        return ("latency", "failed") if self.outcome == "success" else ("latency",)

    def of(self, totals: RunTotals) -> Histogram:
        """The selected histogram of a tally."""
        if self.latency == "plan":
            return totals.from_plan
        return totals.latency.without(totals.failed) if self.outcome == "success" else totals.latency


def figures_block(windows: Sequence[StepWindow], running_ns: int, chosen: Chosen) -> dict[str, Any]:
    """The figures of merged windows."""
    totals = sum_of(windows, {*chosen.histograms, "from_plan"})
    plan = latency_block(totals.from_plan) if totals.from_plan.total else None
    return {
        "requests": totals.requests,
        "errors": totals.errors,
        "unsent": totals.unsent,
        "error_rate": rate(percent(totals.errors, totals.requests)) if totals.requests else None,
        "rps": per_second(totals.requests, running_ns, WHOLE_RUN_NS),
        **latency_block(chosen.of(totals)),
        "latency_from_plan": plan,
        "bytes_sent": totals.bytes_sent,
        "bytes_received": totals.bytes_received,
        "checks_passed": totals.checks_passed,
        "checks_failed": totals.checks_failed,
        "failures": dict(totals.failures),
        "statuses": dict(totals.statuses),
        "running_time": round(running_ns / NS_PER_S, 3),
        "phases": phase_blocks(totals.phases),
        **own_blocks(totals.counters, totals.gauges),
    }


def run_counts(span: Span) -> dict[str, int]:
    """Counts of a run besides its requests."""
    iterations, dropped, late, cut_off = span.counts
    return {"iterations": iterations, "dropped": dropped, "late": late, "cut_off": cut_off}


def distribution_block(windows: Sequence[StepWindow], chosen: Chosen) -> dict[str, Any]:
    """The percentile curve: percentile, latency in ms, how many requests were at most so slow."""
    histogram = chosen.of(sum_of(windows, chosen.histograms))
    quantiles = list(percentile_ticks(histogram.total))
    values = histogram.quantiles_ns(quantiles)
    points = [
        (quantile, to_ms(value), max(math.ceil(round(quantile * histogram.total / 100, 6)), 1))
        for quantile, value in zip(quantiles, values, strict=False)
    ]
    block = latency_block(histogram)
    return {"count": histogram.total, **{name: block[name] for name in ("min", "max", "avg")}, "points": points}


def percentile_ticks(total: int) -> list[float]:
    """Percentiles ever closer to each other towards 100, as far as so many values can tell them apart.

    They are rounded here, so that each value is exactly that of the percentile that is shown beside it.
    """
    ticks, quantile = [], 0.0
    while total and quantile <= HIGHEST_PERCENTILE:
        ticks.append(round(quantile, DIGITS))
        if (100.0 - quantile) * total < 100.0:
            break
        halvings = math.floor(math.log2(100.0 / (100.0 - quantile))) + 1
        quantile += 100.0 / (TICKS * 2**halvings)
    return [*ticks, 100.0] if total else []


def heatmap_block(columns: Iterable[Sequence[StepWindow]], rows: int, chosen: Chosen) -> dict[str, Any]:
    """Counts by time and latency: ``edges`` in ms, evenly spaced by their logarithm; cells are column, row, count."""
    histograms = [chosen.of(sum_of(windows, chosen.histograms)) if windows else Histogram() for windows in columns]
    filled = [each for each in histograms if each.total]
    if not filled:
        return {"edges": [], "cells": [], "max": 0}
    low = max(min(each.min_ns for each in filled) / 1e6, 0.001)
    high = max(max(each.max_ns for each in filled) / 1e6, low * 1.01)
    edges = np.geomspace(low, high, rows + 1)
    row_of_bin = np.clip(np.searchsorted(edges, upper_ends_ms(), side="left") - 1, 0, rows - 1)
    cells = []
    for column, histogram in enumerate(histograms):
        if histogram.total:
            first, end = histogram.extent
            in_range = histogram.counts[first:end]
            counts = np.bincount(row_of_bin[first:end], weights=in_range, minlength=rows).astype(np.int64)
            cells += [(column, int(row), int(counts[row])) for row in np.flatnonzero(counts)]
    return {
        "edges": [round(float(edge), 4) for edge in edges],
        "cells": cells,
        "max": max(count for _, _, count in cells),
    }


def run_series(spans: Sequence[Span]) -> dict[str, list[Any]]:
    """Series of a run besides its requests; None where nothing was reported."""
    measured = [span.load.seconds for span in spans]
    loads = [span.load if span.load.seconds else None for span in spans]
    return {
        "active_users": [None if load is None else round(load.vus / load.seconds, 3) for load in loads],
        "planned_users": [None if load is None else round(load.mean_planned_vus, 3) for load in loads],
        "planned_rate": [None if load is None else round(load.mean_planned_rate, 3) for load in loads],
        "paused": [0 < span.load.seconds == span.load.paused for span in spans],
        "process_cpu": [span.peaks[0] if seconds else None for span, seconds in zip(spans, measured, strict=True)],
        "loop_lag": [span.peaks[1] if seconds else None for span, seconds in zip(spans, measured, strict=True)],
        "send_lag": [span.peaks[2] if seconds else None for span, seconds in zip(spans, measured, strict=True)],
    }


def node_series(spans: Sequence[Span]) -> list[dict[str, Any]]:
    """Each node over time; None where it reported nothing."""
    names = sorted({name for span in spans for name in span.nodes})
    rows = []
    for name in names:
        parts = [span.nodes.get(name) for span in spans]
        rows.append(
            {
                "name": name,
                "active_users": [None if part is None else round(part.vus / part.seconds, 3) for part in parts],
                "rps": [None if part is None else per_second(part.requests, part.span_ns) for part in parts],
                "errors": [None if part is None else part.errors for part in parts],
                "process_cpu": [None if part is None else part.process_cpu for part in parts],
                "loop_lag": [None if part is None else part.loop_lag for part in parts],
            }
        )
    return rows
