"""Windows added up to one: counts, and histograms merged in bulk, which is what takes the time."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence

from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.totals import RunTotals
from perfsvc.model.window import StepWindow

TOTAL = -1
"""The step index of a window that sums up all requests."""


def sum_of(windows: Sequence[StepWindow]) -> RunTotals:
    """All windows in one tally."""
    totals = RunTotals()
    for window in windows:
        totals.count(window)
    totals.latency = Histogram.of_packed([window.latency for window in windows])
    totals.from_plan = Histogram.of_packed([window.from_plan for window in windows])
    totals.failed = Histogram.of_packed([window.failed for window in windows])
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
