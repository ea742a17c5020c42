"""The first steps of a run over time: how often each ran, and its p95.

The run's own series keeps histograms for a while, so that late snapshots can amend it; the same for each step would
multiply its memory by the number of steps. Here a span is told once, when it has ended, and costs two numbers for each
step. Spans of every width are followed from the beginning and a width is given up when it has too many; so percentiles
are exact at every width, and what comes late is in the totals only.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from collections.abc import Mapping
from typing import NamedTuple

from perfsvc.metrics.figures import per_second
from perfsvc.metrics.histogram import NS_PER_MS
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.tally import Tally

MAX_STEPS = 20
MAX_POINTS = 600
WIDTHS = (1, 10, 60, 600, 3_600)
"""Seconds; so 10 min are told by the second, a day by 10 min. The last is kept however many there are."""


class StepSpans(NamedTuple):
    """The steps over time, spans of ``width`` s that begin at ``starts`` (Unix time).

    ``rps`` (requests per second of running time) and ``p95`` (ms, None when no request was sent) have one list for each
    step, as long as ``starts``.
    """

    width: int
    starts: list[int]
    rps: list[list[float]]
    p95: list[list[float | None]]


class StepSeries:
    """The first 20 of ``count`` steps over time, in bounded memory."""

    def __init__(self, count: int) -> None:
        self.count = min(count, MAX_STEPS)
        self._levels = [Level(width, self.count) for width in WIDTHS]

    def add(self, second: int, span_ns: int, steps: Mapping[int, Tally]) -> None:
        """A second of the run is closed: what its steps did in ``span_ns`` of running time. Seconds come in order."""
        shown = {step: tally for step, tally in steps.items() if step < self.count}
        for level in self._levels:
            level.add(second, span_ns, shown)
        while len(self._levels[0]) > MAX_POINTS and len(self._levels) > 1:
            del self._levels[0]

    def told(self) -> StepSpans:
        """The whole run, at the finest width with at most 600 points."""
        return self._levels[0].told()


class Level:
    """All spans of one width: in full the one that goes on, in two numbers for each step those that have ended."""

    def __init__(self, width: int, count: int) -> None:
        self._width, self._count = width, count
        self._starts: list[int] = []
        self._ended = array("d")
        self._open = Span(count)

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, second: int, span_ns: int, steps: Mapping[int, Tally]) -> None:
        """Count a second in the span that it belongs to."""
        start = second - second % self._width
        if not self._starts or self._starts[-1] != start:
            if self._starts:
                self._ended.extend(self._open.numbers())
            self._starts.append(start)
            self._open = Span(self._count)
        self._open.add(span_ns, steps)

    def told(self) -> StepSpans:
        """Every span, the last one as far as it has come."""
        numbers = self._ended.tolist()
        if self._starts:
            numbers += self._open.numbers()
        a_span = 2 * self._count
        return StepSpans(
            self._width,
            list(self._starts),
            [numbers[2 * step :: a_span] for step in range(self._count)],
            [[none_if_nan(each) for each in numbers[2 * step + 1 :: a_span]] for step in range(self._count)],
        )


class Span:
    """What the steps did in the span that goes on."""

    __slots__ = ("_latencies", "_requests", "_span_ns")

    def __init__(self, count: int) -> None:
        self._span_ns = 0
        self._requests = [0] * count
        self._latencies = [Histogram() for _ in range(count)]

    def add(self, span_ns: int, steps: Mapping[int, Tally]) -> None:
        """Count a second."""
        self._span_ns += span_ns
        for step, tally in steps.items():
            self._requests[step] += tally.requests
            self._latencies[step].merge(tally.latency)

    def numbers(self) -> Iterator[float]:
        """Requests per second and p95 in ms, step by step; no p95 is not a number."""
        for requests, latency in zip(self._requests, self._latencies, strict=True):
            p95 = latency.percentile_ns(95)
            yield per_second(requests, self._span_ns)
            yield math.nan if p95 is None else round(p95 / NS_PER_MS, 3)


def none_if_nan(number: float) -> float | None:
    """What is not a number was not measured."""
    return None if math.isnan(number) else number
