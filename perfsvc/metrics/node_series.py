"""One node over time, in bounded memory: sums and maxima, which a wider span takes over without loss."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from perfsvc.metrics.figures import per_second
from perfsvc.metrics.totals import Totals
from perfsvc.model.window import Snapshot

MAX_POINTS = 600
WIDTHS = (1, 10, 60, 600, 3_600)
"""Seconds. Unlike the steps' spans these hold no percentiles, so they can be widened when there are too many."""

SUMS = 5
"""Requests, errors, running time, users and snapshots add up; after them come maxima: CPU and loop lag."""
COLUMNS = SUMS + 2


class NodePoints(NamedTuple):
    """A node in spans of ``width`` s that begin at ``starts`` (Unix time); every list is as long as ``starts``.

    ``throughput`` is requests per second of running time, ``users`` a mean, ``process_cpu`` (percent of one core) and
    ``loop_lag`` (ms) are maxima.
    """

    width: int
    starts: list[int]
    throughput: list[float]
    errors: list[int]
    users: list[float]
    process_cpu: list[float]
    loop_lag: list[float]


class NodeSeries:
    """The whole run of one node, at the finest width with at most 600 points."""

    def __init__(self) -> None:
        self._rows = Rows(WIDTHS[0])

    def add(self, snapshot: Snapshot, totals: Totals) -> None:
        """Count a snapshot whose samples sum up to ``totals``; they may come in any order."""
        health = snapshot.health
        sums = (totals.requests, totals.errors, snapshot.span_ns, snapshot.vus, 1)
        self._rows.put(snapshot.second, (*sums, health.process_cpu, health.loop_lag_ms))
        if len(self._rows.starts) > MAX_POINTS:
            self._rows = self._rows.at_most(MAX_POINTS)

    def points(self, limit: int = MAX_POINTS) -> NodePoints:
        """All of it, in ``limit`` points at most where there is a width that wide."""
        rows = self._rows.at_most(limit)
        requests, errors, span_ns, users, count, cpu, lag = rows.columns()
        return NodePoints(
            rows.width,
            rows.starts.tolist(),
            [per_second(int(each), int(span)) for each, span in zip(requests, span_ns, strict=True)],
            [int(each) for each in errors],
            [round(total / snapshots, 1) for total, snapshots in zip(users, count, strict=True)],
            [round(each, 1) for each in cpu],
            [round(each, 3) for each in lag],
        )


class Rows:
    """Spans of ``width`` s in order, each with its row of numbers."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.starts = array("q")
        self._numbers = array("d")

    def put(self, second: int, row: Sequence[float]) -> None:
        """Add a row to that of the span that ``second`` is in."""
        start = second - second % self.width
        at = len(self.starts) - 1 if self.starts and self.starts[-1] == start else bisect_left(self.starts, start)
        first = at * COLUMNS
        if at == len(self.starts) or self.starts[at] != start:
            self.starts.insert(at, start)
            self._numbers[first:first] = array("d", row)
            return
        for column, value in enumerate(row):
            known = self._numbers[first + column]
            self._numbers[first + column] = known + value if column < SUMS else max(known, value)

    def columns(self) -> list[list[float]]:
        """The numbers, one list for each column."""
        return [self._numbers[column::COLUMNS].tolist() for column in range(COLUMNS)]

    def at_most(self, limit: int) -> Rows:
        """These rows, or wider ones that are ``limit`` at most."""
        rows = self
        for width in WIDTHS:
            if len(rows.starts) > limit and width > self.width:
                rows = self._widened(width)
        return rows

    def _widened(self, width: int) -> Rows:
        wider = Rows(width)
        for at, start in enumerate(self.starts):
            wider.put(start, self._numbers[at * COLUMNS : (at + 1) * COLUMNS])
        return wider
