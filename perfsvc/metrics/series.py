"""The run over time, at several resolutions, each with a bound.

Every resolution sums the same additive facts, so a snapshot that comes late amends all of them alike. A bucket keeps
its histogram while late snapshots are likely; then its percentiles are fixed and the histogram is packed, and let go
when it is too old for questions about the last seconds. So memory stays flat however long the run. The widest
resolution covers a whole year, the longest run there can be.
"""

from __future__ import annotations

from typing import NamedTuple

from perfsvc.metrics.bucket import Bucket
from perfsvc.metrics.bucket import Facts
from perfsvc.metrics.figures import Second
from perfsvc.metrics.tally import Tally
from perfsvc.metrics.tally import Totals
from perfsvc.model.window import Snapshot


class Resolution(NamedTuple):
    """Buckets of ``width`` seconds, at most ``limit`` of them, with histograms for the last ``exact_s`` seconds."""

    width: int
    limit: int
    exact_s: int


AMENDABLE_S = 120
"""How long after its end a bucket's percentiles still take in late snapshots."""
RESOLUTIONS = (
    Resolution(1, 3_600, 300),
    Resolution(10, 8_640, 3_600),
    Resolution(60, 10_080, 0),
    Resolution(3_600, 8_784, 0),
)
"""An hour, a day, a week, a year. No question about the last seconds unpacks more than 360 histograms (10 ms)."""


class Level:
    """The buckets of one resolution; the oldest go first."""

    def __init__(self, resolution: Resolution) -> None:
        self.width, self._limit, self.exact_s = resolution
        self.complete = True
        self._buckets: dict[int, Bucket] = {}
        self._open: dict[int, Bucket] = {}
        self._packed: dict[int, Bucket] = {}
        self._gone_before = 0

    def __len__(self) -> int:
        return len(self._buckets)

    def bucket(self, second: int) -> Bucket | None:
        """The bucket that a second belongs to; None when it is already gone."""
        start = second - second % self.width
        if start < self._gone_before:
            return None
        found = self._buckets.get(start)
        if found is None:
            found = self._buckets[start] = self._open[start] = Bucket(start, self.width)
            self._evict()
        return found

    def _evict(self) -> None:
        if len(self._buckets) > self._limit:
            oldest = min(self._buckets)
            for buckets in (self._buckets, self._open, self._packed):
                buckets.pop(oldest, None)
            self._gone_before, self.complete = oldest + self.width, False

    def age(self, closed: int) -> None:
        """Fix the buckets that ended long enough before ``closed``, and drop histograms nobody can ask for."""
        for start in self._ended(self._open, closed - AMENDABLE_S):
            bucket = self._packed[start] = self._open.pop(start)
            bucket.fix()
        for start in self._ended(self._packed, closed - max(self.exact_s, AMENDABLE_S)):
            self._packed.pop(start).forget()

    def _ended(self, buckets: dict[int, Bucket], by: int) -> list[int]:
        return [start for start in buckets if start + self.width <= by]

    def all(self) -> list[Bucket]:
        """All buckets in order."""
        return [self._buckets[start] for start in sorted(self._buckets)]

    def between(self, first: int, last: int) -> list[Bucket]:
        """The buckets with any second from ``first`` to ``last`` in them."""
        starts = range(first - first % self.width, last + 1, self.width)
        return [self._buckets[start] for start in starts if start in self._buckets]


class Series:
    """The whole run at every resolution."""

    def __init__(self, resolutions: tuple[Resolution, ...] = RESOLUTIONS) -> None:
        self._levels = [Level(resolution) for resolution in resolutions]

    def add(self, snapshot: Snapshot, tally: Totals) -> tuple[Bucket | None, Facts]:
        """Count a snapshot whose samples sum up to ``tally``.

        Answers the bucket of its second (None when that is no longer kept) and how the second's facts changed.
        """
        second = self._levels[0].bucket(snapshot.second)
        change = Facts() if second is None or second.fixed else second.place(snapshot, tally)
        for level in self._levels:
            bucket = level.bucket(snapshot.second)
            if bucket is not None:
                bucket.add(snapshot, tally, change)
        return second, change

    def age(self, closed: int) -> None:
        """Every second up to ``closed`` is closed: let go of what late snapshots will hardly reach any more."""
        for level in self._levels:
            level.age(closed)

    def span(self, seconds: int, until: int) -> tuple[Tally, int] | None:
        """Everything counted in the last ``seconds`` up to and including ``until``, and their running time in ns.

        Exact to the second for the last 5 min, rounded up to whole 10 s for the last hour, None for more than that.
        """
        level = next((level for level in self._levels if seconds <= level.exact_s), None)
        if level is None:
            return None
        tally, span_ns = Tally(), 0
        for bucket in level.between(until - seconds + 1, until):
            bucket.pour_into(tally)
            span_ns += bucket.facts.span_ns
        return tally, span_ns

    def finest(self, limit: int | None = None) -> list[Second]:
        """The whole run at the finest resolution that covers it, with at most ``limit`` points where that is given."""
        fitting = (level for level in self._levels if level.complete and (limit is None or len(level) <= limit))
        return [bucket.read() for bucket in next(fitting, self._levels[-1]).all()]
