"""Windows added up to one: counts, and histograms merged in bulk, which is what takes the time."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Literal

from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.totals import RunTotals
from perfsvc.model.window import StepWindow

HistogramName = Literal["latency", "from_plan", "failed"]
HISTOGRAMS: tuple[HistogramName, ...] = ("latency", "from_plan", "failed")

TOTAL = -1
"""The step index of a window that sums up all requests."""


def sum_of(windows: Sequence[StepWindow], histograms: Iterable[HistogramName] = HISTOGRAMS) -> RunTotals:
    """All windows in one tally. Histograms that are not wanted stay empty: unpacking them takes most of the time."""
    totals = RunTotals()
    for window in windows:
        totals.count(window)
    for name in histograms:
        setattr(totals, name, Histogram.of_packed([getattr(window, name) for window in windows]))
    return totals


def merged_window(step: int, windows: Sequence[StepWindow]) -> StepWindow:
    """All windows as one window of a step."""
    if len(windows) == 1 and windows[0].step == step:
        return windows[0]
    totals = sum_of(windows)
    return StepWindow(
        step=step,
        requests=totals.requests,
        failures=dict(totals.failures),
        statuses=dict(totals.statuses),
        bytes_sent=totals.bytes_sent,
        bytes_received=totals.bytes_received,
        checks_passed=totals.checks_passed,
        checks_failed=totals.checks_failed,
        latency=totals.latency.pack(),
        from_plan=totals.from_plan.pack(),
        failed=totals.failed.pack(),
        phases=totals.phases,
        counters=dict(totals.counters),
        gauges=totals.gauges,
        unsent=dict(totals.unsent_by),
    )


def total_window(windows: Iterable[StepWindow], apart: Collection[int]) -> StepWindow | None:
    """All requests of the load as one window; None where there are none. Steps that stand ``apart`` are left out."""
    requests = [window for window in windows if window.step not in apart]
    if not requests:
        return None
    return merged_window(TOTAL, requests)
