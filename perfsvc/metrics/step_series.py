"""The first steps of a run over time: how often each ran, its p95, and what its protocol counted and measured.

The run's own series keeps histograms for a while, so that late snapshots can amend it; the same for each step would
multiply its memory by the number of steps. Here a span is written once, when it has ended, and costs two numbers for
each step and one for each of its counters and gauges. Spans of every width are followed from the start and a width is
given up when it has too many; so percentiles are exact at every width, and what comes late is in the totals only.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from collections.abc import Mapping
from typing import NamedTuple

from perfsvc.clock import NS_PER_MS
from perfsvc.metrics.figures import per_second
from perfsvc.metrics.figures import percent
from perfsvc.metrics.totals import StepTotals
from perfsvc.model.window import GaugeSum

MAX_STEPS = 20
MAX_OWN = 8
"""Counters, and as many gauges, that are followed for each step: those seen first."""
MAX_POINTS = 600
FIGURES = 3
"""Of each step and span."""
WIDTHS = (1, 10, 60, 600, 3_600)
"""Seconds; so 10 min are kept by the second, a day by 10 min. The last is kept however many there are."""


class StepPoints(NamedTuple):
    """The steps over time, spans of ``width`` s that begin at ``starts`` (Unix time).

    ``rps`` (requests per second of running time), ``p95`` (ms, None when no request was sent) and ``error_rate``
    (percent, None without requests) have one list for each step, as long as ``starts``; ``counters`` (what was counted
    in the span) and ``gauges`` (its mean, None when nothing was measured) one by name.
    """

    width: int
    starts: list[int]
    rps: list[list[float]]
    p95: list[list[float | None]]
    error_rate: list[list[float | None]]
    counters: list[dict[str, list[float]]]
    gauges: list[dict[str, list[float | None]]]


class StepSeries:
    """The first 20 of ``count`` steps over time, in bounded memory, by spans of ``finest`` s or wider."""

    def __init__(self, count: int, finest: int = WIDTHS[0]) -> None:
        self.count = min(count, MAX_STEPS)
        self._levels = [Level(width, self.count) for width in WIDTHS if width >= finest]

    def add(self, second: int, span_ns: int, steps: Mapping[int, StepTotals]) -> None:
        """A second of the run is closed: what its steps did in ``span_ns`` of running time. Seconds come in order.

        Whole spans of the finest width may come instead, by their first second.
        """
        shown = {step: totals for step, totals in steps.items() if step < self.count}
        for level in self._levels:
            level.add(second, span_ns, shown)
        while len(self._levels[0]) > MAX_POINTS and len(self._levels) > 1:
            del self._levels[0]

    def points(self) -> StepPoints:
        """The whole run, at the finest width with at most 600 points."""
        return self._levels[0].points()


class Level:
    """All spans of one width: in full the one that goes on, in numbers those that have ended."""

    def __init__(self, width: int, count: int) -> None:
        self._width, self._count = width, count
        self._starts: list[int] = []
        self._ended = array("d")
        self._counters = [Columns(0.0) for _ in range(count)]
        self._gauges = [Columns(math.nan) for _ in range(count)]
        self._open = Span(count)

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, second: int, span_ns: int, steps: Mapping[int, StepTotals]) -> None:
        """Count a second in the span that it belongs to."""
        start = second - second % self._width
        if not self._starts or self._starts[-1] != start:
            self._end()
            self._starts.append(start)
            self._open = Span(self._count)
        self._open.add(span_ns, steps)

    def points(self) -> StepPoints:
        """Every span, the last one as far as it has come."""
        numbers = [*self._ended, *(self._open.numbers() if self._starts else ())]
        a_span, tallies = FIGURES * self._count, self._open.tallies
        gauges = [columns.with_last(means(each.gauges)) for columns, each in zip(self._gauges, tallies, strict=True)]
        return StepPoints(
            self._width,
            list(self._starts),
            [numbers[FIGURES * step :: a_span] for step in range(self._count)],
            [none_if_nan(numbers[FIGURES * step + 1 :: a_span]) for step in range(self._count)],
            [none_if_nan(numbers[FIGURES * step + 2 :: a_span]) for step in range(self._count)],
            [columns.with_last(each.counters) for columns, each in zip(self._counters, tallies, strict=True)],
            [{name: none_if_nan(column) for name, column in of_step.items()} for of_step in gauges],
        )

    def _end(self) -> None:
        """The span that went on is over."""
        if not self._starts:
            return
        self._ended.extend(self._open.numbers())
        for step, totals in enumerate(self._open.tallies):
            self._counters[step].append(totals.counters)
            self._gauges[step].append(means(totals.gauges))


class Columns:
    """Numbers of one step by name, span by span; ``missing`` stands where there was none."""

    def __init__(self, missing: float) -> None:
        self._missing = missing
        self._length = 0
        self._by_name: dict[str, array[float]] = {}

    def append(self, numbers: Mapping[str, float]) -> None:
        """The numbers of the next span."""
        for name in numbers:
            if name not in self._by_name and len(self._by_name) < MAX_OWN:
                self._by_name[name] = array("d", [self._missing]) * self._length
        for name, column in self._by_name.items():
            column.append(numbers.get(name, self._missing))
        self._length += 1

    def with_last(self, numbers: Mapping[str, float]) -> dict[str, list[float]]:
        """All spans, and ``numbers`` as those of the one that goes on; by name in order."""
        columns = Columns(self._missing)
        columns._length = self._length
        columns._by_name = {name: column[:] for name, column in self._by_name.items()}
        columns.append(numbers)
        return {name: columns._by_name[name].tolist() for name in sorted(columns._by_name)}


class Span:
    """Figures of the steps in the open span."""

    __slots__ = ("_span_ns", "tallies")

    def __init__(self, count: int) -> None:
        self._span_ns = 0
        self.tallies = [StepTotals() for _ in range(count)]

    def add(self, span_ns: int, steps: Mapping[int, StepTotals]) -> None:
        """Count a second."""
        self._span_ns += span_ns
        for step, totals in steps.items():
            mine = self.tallies[step]
            mine.requests += totals.requests
            mine.errors += totals.errors
            mine.latency.merge(totals.latency)
            mine.add_own(totals.counters, totals.gauges)

    def numbers(self) -> Iterator[float]:
        """Requests per second, p95 in ms and error rate in percent, step by step; not measured is not a number."""
        for totals in self.tallies:
            p95 = totals.latency.percentile_ns(95)
            yield per_second(totals.requests, self._span_ns)
            yield math.nan if p95 is None else round(p95 / NS_PER_MS, 3)
            yield round(percent(totals.errors, totals.requests), 6) if totals.requests else math.nan


def means(gauges: Mapping[str, GaugeSum]) -> dict[str, float]:
    """Each gauge's mean."""
    return {name: round(gauge.total / gauge.count, 3) for name, gauge in gauges.items()}


def none_if_nan(numbers: list[float]) -> list[float | None]:
    """Return None for NaN: not measured."""
    return [None if math.isnan(number) else number for number in numbers]
