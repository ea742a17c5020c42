"""Points of a step, or of all requests, over time: many at once, which takes a fraction of the time of one by one."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import NamedTuple

from perfsvc.analysis.blocks import rate
from perfsvc.analysis.window_views import Chosen
from perfsvc.metrics.figures import per_second
from perfsvc.metrics.figures import percent
from perfsvc.metrics.packed_times import times_of
from perfsvc.metrics.span import Span
from perfsvc.metrics.step_summary import StepSummary
from perfsvc.metrics.step_summary import Times
from perfsvc.metrics.totals import means_of
from perfsvc.metrics.window_sum import sum_of
from perfsvc.model.window import StepWindow

SERIES = ("rps", "requests", "errors", "error_rate", "avg", "p50", "p90", "p95", "p99", "max")
Figures = tuple[float | None, ...]
NO_TIMES = Times()


class Stored(NamedTuple):
    """What a point is made of: what a span had stored of a step, as windows or in figures."""

    content: Sequence[StepWindow] | StepSummary
    span: Span


class StepPoint(NamedTuple):
    """What is shown of a step, or of all requests, at a point: without its histograms, which are large."""

    figures: Figures
    failures: Mapping[str, int]
    statuses: Mapping[str, int]
    counters: Mapping[str, float]
    gauges: Mapping[str, float]
    """The mean of each."""


def step_points(stored: Sequence[Stored], chosen: Chosen) -> list[StepPoint]:
    """Points of any steps and spans, in the same order."""
    groups = [content for content, _ in stored if not isinstance(content, StepSummary)]
    times = iter(times_of_windows(groups, chosen))
    return [
        summary_point(content, span, chosen)
        if isinstance(content, StepSummary)
        else windows_point(content, next(times), span)
        for content, span in stored
    ]


def times_of_windows(groups: Sequence[Sequence[StepWindow]], chosen: Chosen) -> list[Times]:
    """The selected latency of each group of windows together."""
    if chosen.latency == "plan":
        return times_of([[window.from_plan for window in group] for group in groups])
    times = times_of([[window.latency for window in group] for group in groups])
    if chosen.outcome == "success":
        for place, group in enumerate(groups):
            if any(window.failed for window in group):
                times[place] = Times.of(chosen.of(sum_of(group, chosen.histograms)))
    return times


def windows_point(windows: Sequence[StepWindow], times: Times, span: Span) -> StepPoint:
    """One point of a step: a window alone without sums, which take as long as all the rest."""
    if len(windows) == 1:
        window = windows[0]
        figures = figures_of(window.requests, sum(window.failures.values()), times, span)
        return StepPoint(figures, window.failures, window.statuses, window.counters, means_of(window.gauges))
    totals = sum_of(windows, ())
    figures = figures_of(totals.requests, totals.errors, times, span)
    return StepPoint(figures, totals.failures, totals.statuses, totals.counters, totals.gauge_means)


def selected_times(summary: StepSummary, chosen: Chosen) -> Times | None:
    """The selected latency of stored figures; None where an earlier version stored them without."""
    if chosen.latency == "plan":
        return summary.from_plan
    return summary.success if chosen.outcome == "success" else summary.latency


def summary_point(summary: StepSummary, span: Span, chosen: Chosen) -> StepPoint:
    """One point of a step that is stored in figures."""
    times = selected_times(summary, chosen) or NO_TIMES
    figures = figures_of(summary.requests, summary.errors, times, span)
    return StepPoint(figures, summary.failures, summary.statuses, summary.counters, summary.gauges)


def figures_of(requests: int, errors: int, times: Times, span: Span) -> Figures:
    """The figures of one point of a series, in the order of ``SERIES``."""
    rps = per_second(requests, span.load.span_ns) if span.load.seconds else None
    error_rate = rate(percent(errors, requests)) if requests else None
    return rps, requests, errors, error_rate, times.avg, times.p50, times.p90, times.p95, times.p99, times.max
