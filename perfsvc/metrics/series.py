"""The run over time, at several resolutions, each with a bound.

Every resolution sums the same additive load, so a snapshot that comes late amends all of them alike. A point keeps
its histogram while late snapshots are likely; then its percentiles are fixed and the histogram is packed, and let go
when it is too old for questions about the last seconds. So memory stays flat however long the run. The widest
resolution covers a whole year, the longest run there can be.
"""

from __future__ import annotations

from typing import NamedTuple

from perfsvc.metrics.figures import Second
from perfsvc.metrics.point import LoadTotals
from perfsvc.metrics.point import Point
from perfsvc.metrics.totals import RunTotals
from perfsvc.metrics.totals import Totals
from perfsvc.model.window import Snapshot


class Resolution(NamedTuple):
    """Points of ``width`` seconds, at most ``limit`` of them, with histograms for the last ``exact_s`` seconds."""

    width: int
    limit: int
    exact_s: int


AMENDABLE_S = 120
"""How long after its end a point's percentiles still take in late snapshots."""
RESOLUTIONS = (
    Resolution(1, 3_600, 300),
    Resolution(10, 8_640, 3_600),
    Resolution(60, 10_080, 0),
    Resolution(3_600, 8_784, 0),
)
"""An hour, a day, a week, a year. No question about the last seconds unpacks more than 360 histograms (10 ms)."""


class Level:
    """The points of one resolution; the oldest go first."""

    def __init__(self, resolution: Resolution) -> None:
        self.width, self._limit, self.exact_s = resolution
        self.complete = True
        self._points: dict[int, Point] = {}
        self._open: dict[int, Point] = {}
        self._packed: dict[int, Point] = {}
        self._gone_before = 0

    def __len__(self) -> int:
        return len(self._points)

    def point(self, second: int) -> Point | None:
        """The point that a second belongs to; None when it is already gone."""
        start = second - second % self.width
        if start < self._gone_before:
            return None
        point_at = self._points.get(start)
        if point_at is None:
            point_at = self._points[start] = self._open[start] = Point(start, self.width)
            self._evict()
        return point_at

    def _evict(self) -> None:
        if len(self._points) > self._limit:
            oldest = min(self._points)
            for points in (self._points, self._open, self._packed):
                points.pop(oldest, None)
            self._gone_before, self.complete = oldest + self.width, False

    def age(self, closed: int) -> None:
        """Fix the points that ended long enough before ``closed``, and drop histograms that no query can reach."""
        for start in self._ended(self._open, closed - AMENDABLE_S):
            point = self._packed[start] = self._open.pop(start)
            point.fix()
        for start in self._ended(self._packed, closed - max(self.exact_s, AMENDABLE_S)):
            self._packed.pop(start).forget()

    def _ended(self, points: dict[int, Point], by: int) -> list[int]:
        return [start for start in points if start + self.width <= by]

    def all(self) -> list[Point]:
        """All points in order."""
        return [self._points[start] for start in sorted(self._points)]

    def between(self, first: int, last: int) -> list[Point]:
        """The points with any second from ``first`` to ``last`` in them."""
        starts = range(first - first % self.width, last + 1, self.width)
        return [self._points[start] for start in starts if start in self._points]


class Series:
    """The whole run at every resolution."""

    def __init__(self, resolutions: tuple[Resolution, ...] = RESOLUTIONS) -> None:
        self._levels = [Level(resolution) for resolution in resolutions]

    def add(self, snapshot: Snapshot, totals: RunTotals) -> tuple[Point | None, LoadTotals]:
        """Count a snapshot whose samples sum up to ``totals``.

        Returns the point of its second (None when that is no longer kept) and how the second's load changed.
        """
        second = self._levels[0].point(snapshot.second)
        change = LoadTotals() if second is None or second.fixed else second.place(snapshot, totals)
        for level in self._levels:
            point = level.point(snapshot.second)
            if point is not None:
                point.add(snapshot, totals, change)
        return second, change

    def age(self, closed: int) -> None:
        """Every second up to ``closed`` is closed: let go of what late snapshots will hardly reach any more."""
        for level in self._levels:
            level.age(closed)

    def span(self, seconds: int, until: int) -> tuple[Totals, int] | None:
        """Everything counted in the last ``seconds`` up to and including ``until``, and their running time in ns.

        Exact to the second for the last 5 min, rounded up to whole 10 s for the last hour, None for more than that.
        """
        level = next((level for level in self._levels if seconds <= level.exact_s), None)
        if level is None:
            return None
        totals, span_ns = Totals(), 0
        for point in level.between(until - seconds + 1, until):
            point.pour_into(totals)
            span_ns += point.load.span_ns
        return totals, span_ns

    def finest(self, limit: int | None = None) -> list[Second]:
        """The whole run at the finest resolution that covers it, with at most ``limit`` points where that is given."""
        fitting = (level for level in self._levels if level.complete and (limit is None or len(level) <= limit))
        return [point.read() for point in next(fitting, self._levels[-1]).all()]
