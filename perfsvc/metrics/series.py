"""The run over time, at several resolutions, each with a bound.

Every resolution sums the same additive facts, so a snapshot that comes late amends all of them alike. A bucket keeps
its histogram while late snapshots are likely; then its percentiles are fixed, and the histogram is packed (single
seconds) or let go (wider spans), which keeps memory flat however long the run. The widest resolution covers a whole
year, the longest run there can be.
"""

from __future__ import annotations

from typing import Any
from typing import NamedTuple

from perfsvc.metrics.figures import Health
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import counts_of
from perfsvc.metrics.figures import figures_of
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.tally import Tally
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import Snapshot

RESOLUTIONS = ((1, 3_600), (10, 8_640), (60, 10_080), (3_600, 8_784))
"""Width in seconds and number of buckets kept: an hour, a day, a week, a year."""
AMENDABLE_S = 120
"""How long after its end a bucket's percentiles still take in late snapshots."""
LATENCY_FIELDS = ("avg", "min", "max", "p50", "p75", "p90", "p95", "p99", "p999")


class Facts(NamedTuple):
    """What a second is besides its samples; sums over seconds give the means of wider spans."""

    seconds: int = 0
    span_ns: int = 0
    paused: int = 0
    vus: int = 0
    planned_vus: int = 0
    cpu: float = 0.0
    memory: float = 0.0
    network: float = 0.0

    def combined(self, sign: int, other: Facts) -> Facts:
        """These facts and ``sign`` times the others."""
        return Facts._make(mine + sign * theirs for mine, theirs in zip(self, other, strict=True))


class NodeSecond(NamedTuple):
    """One node in one second, from all its snapshots of it."""

    span_ns: int
    paused: bool
    vus: int
    planned_vus: int
    health: NodeHealth

    @classmethod
    def of(cls, snapshot: Snapshot) -> NodeSecond:
        return cls(snapshot.span_ns, snapshot.paused, snapshot.vus, snapshot.planned_vus, snapshot.health)

    def joined(self, later: NodeSecond) -> NodeSecond:
        """This and a later snapshot's: spans add up; the users at the busier moment; health of the longer span."""
        return NodeSecond(
            self.span_ns + later.span_ns,
            later.paused,
            max(self.vus, later.vus),
            max(self.planned_vus, later.planned_vus),
            self.health if self.span_ns > later.span_ns else later.health,
        )


def facts_of(nodes: dict[str, NodeSecond]) -> Facts:
    """The facts of a second from those of its nodes. Running time is that of the node that ran longest in it."""
    if not nodes:
        return Facts()
    each = list(nodes.values())
    return Facts(
        seconds=1,
        span_ns=max(node.span_ns for node in each),
        paused=int(all(node.paused for node in each)),
        vus=sum(node.vus for node in each),
        planned_vus=sum(node.planned_vus for node in each),
        cpu=sum(node.health.cpu for node in each) / len(each),
        memory=sum(node.health.memory for node in each) / len(each),
        network=max(node.health.network for node in each),
    )


class Bucket:
    """Everything of one span of time."""

    __slots__ = ("_fixed", "_packed", "counts", "elapsed", "facts", "nodes", "peaks", "start", "tally", "width")

    def __init__(self, start: int, width: int) -> None:
        self.start, self.width = start, width
        self.tally = Tally()
        self.facts = Facts()
        self.nodes: dict[str, NodeSecond] = {}
        self.elapsed = 0.0
        self.counts = [0, 0, 0]
        self.peaks = [0.0, 0.0, 0.0]
        self._fixed: dict[str, float | None] | None = None
        self._packed = b""

    def place(self, snapshot: Snapshot) -> Facts:
        """Note the node's state, in a bucket of one second; answers how the second's facts changed by it."""
        known = self.nodes.get(snapshot.node)
        node = NodeSecond.of(snapshot)
        self.nodes[snapshot.node] = known.joined(node) if known else node
        return facts_of(self.nodes).combined(-1, self.facts)

    def add(self, snapshot: Snapshot, tally: Tally, change: Facts) -> None:
        """Count a snapshot's samples and the change of facts it brought."""
        self.tally.add(tally, latency=self._fixed is None)
        self.facts = self.facts.combined(1, change)
        self.elapsed = max(self.elapsed, snapshot.elapsed)
        health = snapshot.health
        seen = (health.process_cpu, health.loop_lag_ms, health.send_lag_ms)
        self.peaks = [max(pair) for pair in zip(self.peaks, seen, strict=True)]
        more = (snapshot.iterations, snapshot.dropped, snapshot.late)
        self.counts = [sum(pair) for pair in zip(self.counts, more, strict=True)]

    def fix(self) -> None:
        """Put the histogram away and forget the nodes; from now on late samples count and percentiles stand."""
        figures = figures_of(self.tally, self.facts.span_ns)
        self._fixed = {name: figures[name] for name in LATENCY_FIELDS}
        if self.width == 1:
            self._packed = self.tally.latency.pack()
        self.tally.latency = Histogram()
        self.nodes = {}

    def pour_into(self, tally: Tally) -> None:
        """Add everything counted here, the histogram too, to another tally; for buckets of one second."""
        tally.add(self.tally)
        tally.latency.merge(Histogram.unpack(self._packed))

    @property
    def fixed(self) -> bool:
        return self._fixed is not None

    def read(self) -> Second:
        """The bucket in figures."""
        facts, seconds = self.facts, max(self.facts.seconds, 1)
        iterations, dropped, late = self.counts
        return Second(
            second=self.start,
            width=self.width,
            elapsed=round(self.elapsed, 3),
            paused=0 < facts.seconds == facts.paused,
            span_ns=facts.span_ns,
            vus=round(facts.vus / seconds),
            planned_vus=round(facts.planned_vus / seconds),
            iterations=iterations,
            dropped=dropped,
            late=late,
            health=self._health(seconds),
            **self._figures(),
        )

    def _figures(self) -> dict[str, Any]:
        if self._fixed is None:
            return figures_of(self.tally, self.facts.span_ns)
        return {**counts_of(self.tally, self.facts.span_ns), **self._fixed}

    def _health(self, seconds: int) -> Health:
        means = (self.facts.cpu, self.facts.memory, self.facts.network)
        return Health(*(round(total / seconds, 3) for total in means), *(round(peak, 3) for peak in self.peaks))


class Level:
    """The buckets of one width, at most ``limit`` of them; the oldest go first."""

    def __init__(self, width: int, limit: int) -> None:
        self.width = width
        self.complete = True
        self._limit = limit
        self._buckets: dict[int, Bucket] = {}
        self._open: dict[int, Bucket] = {}
        self._gone_before = 0

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
            del self._buckets[oldest]
            self._open.pop(oldest, None)
            self._gone_before, self.complete = oldest + self.width, False

    def fix(self, before: int) -> None:
        """Fix every bucket that ended before a second."""
        for start in [start for start in self._open if start + self.width <= before]:
            self._open.pop(start).fix()

    def since(self, second: int) -> list[Bucket]:
        """The buckets from a second on, in order."""
        return [self._buckets[start] for start in sorted(self._buckets) if start >= second]


class Series:
    """The whole run at every resolution."""

    def __init__(self, resolutions: tuple[tuple[int, int], ...] = RESOLUTIONS) -> None:
        self._levels = [Level(width, limit) for width, limit in resolutions]

    def add(self, snapshot: Snapshot, tally: Tally) -> tuple[Bucket | None, Facts]:
        """Count a snapshot whose samples sum up to ``tally``.

        Answers the bucket of its second (None when that is no longer kept) and how the second's facts changed.
        """
        second = self._levels[0].bucket(snapshot.second)
        change = Facts() if second is None or second.fixed else second.place(snapshot)
        for level in self._levels:
            bucket = level.bucket(snapshot.second)
            if bucket is not None:
                bucket.add(snapshot, tally, change)
        return second, change

    def fix(self, closed: int) -> None:
        """Every second up to ``closed`` is closed: fix what late snapshots will hardly reach any more."""
        for level in self._levels:
            level.fix(closed - AMENDABLE_S)

    def recent(self, seconds: int, until: int) -> list[Second]:
        """The last ``seconds`` up to and including ``until``, one by one, as far as they are kept."""
        return [bucket.read() for bucket in self._recent(seconds, until)]

    def span(self, seconds: int, until: int) -> tuple[Tally, int]:
        """Everything counted in the last ``seconds`` up to and including ``until``, and their running time in ns."""
        tally, span_ns = Tally(), 0
        for bucket in self._recent(seconds, until):
            bucket.pour_into(tally)
            span_ns += bucket.facts.span_ns
        return tally, span_ns

    def finest(self) -> list[Second]:
        """The whole run at the finest resolution that still covers it."""
        level = next((level for level in self._levels if level.complete), self._levels[-1])
        return [bucket.read() for bucket in level.since(0)]

    def _recent(self, seconds: int, until: int) -> list[Bucket]:
        return [bucket for bucket in self._levels[0].since(until - seconds + 1) if bucket.start <= until]
