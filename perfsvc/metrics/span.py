"""Values of a span of a run besides its samples, in a stored form that adds up: over nodes within a second, and
over seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import msgspec

from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import figures_of
from perfsvc.metrics.point import LoadTotals
from perfsvc.metrics.point import NodeSecond
from perfsvc.metrics.totals import RunTotals
from perfsvc.model.window import Snapshot


class NodePart(msgspec.Struct, frozen=True, array_like=True):
    """One node's part. ``vus`` is a sum over its ``seconds``; CPU and lag are the highest."""

    seconds: int
    span_ns: int
    vus: int
    requests: int
    errors: int
    process_cpu: float
    loop_lag: float

    def joined(self, other: NodePart) -> NodePart:
        """Both parts as one."""
        return NodePart(
            self.seconds + other.seconds,
            self.span_ns + other.span_ns,
            self.vus + other.vus,
            self.requests + other.requests,
            self.errors + other.errors,
            max(self.process_cpu, other.process_cpu),
            max(self.loop_lag, other.loop_lag),
        )


class Span(msgspec.Struct, frozen=True, array_like=True):
    """``counts`` are iterations, dropped, late and cut off; ``peaks`` the highest CPU, loop lag and send lag."""

    load: LoadTotals = LoadTotals()
    counts: tuple[int, int, int, int] = (0, 0, 0, 0)
    peaks: tuple[float, float, float] = (0.0, 0.0, 0.0)
    elapsed: float = 0.0
    nodes: dict[str, NodePart] = {}

    @classmethod
    def of_second(cls, snapshots: Iterable[tuple[Snapshot, int, int]]) -> Span:
        """One second: each snapshot of it with its requests and its errors."""
        seconds: dict[str, NodeSecond] = {}
        counts, peaks, elapsed = (0, 0, 0, 0), (0.0, 0.0, 0.0), 0.0
        for snapshot, requests, errors in snapshots:
            health = snapshot.health
            node_second = NodeSecond.of(snapshot, requests, errors)
            known = seconds.get(snapshot.node)
            seconds[snapshot.node] = known.joined(node_second) if known else node_second
            counts = added(counts, (snapshot.iterations, snapshot.dropped, snapshot.late, snapshot.cut_off))
            peaks = highest(peaks, (health.process_cpu, health.loop_lag_ms, health.send_lag_ms))
            elapsed = max(elapsed, snapshot.elapsed)
        load = reduce(LoadTotals.joined, seconds.values(), LoadTotals())
        return cls(load, counts, peaks, elapsed, {name: part_of(each) for name, each in seconds.items()})

    def joined(self, other: Span) -> Span:
        """Both spans as one."""
        nodes = dict(self.nodes)
        for name, part in other.nodes.items():
            nodes[name] = nodes[name].joined(part) if name in nodes else part
        return Span(
            self.load.combined(1, other.load),
            added(self.counts, other.counts),
            highest(self.peaks, other.peaks),
            max(self.elapsed, other.elapsed),
            nodes,
        )


def part_of(second: NodeSecond) -> NodePart:
    """One node's second as its part of a span."""
    health = second.health
    return NodePart(
        1, second.span_ns, second.vus, second.requests, second.errors, health.process_cpu, health.loop_lag_ms
    )


def added(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Counts of two spans together."""
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])


def highest(one: tuple[float, float, float], other: tuple[float, float, float]) -> tuple[float, float, float]:
    """The higher of each."""
    return (max(one[0], other[0]), max(one[1], other[1]), max(one[2], other[2]))


def second_of(start: int, width: int, span: Span, totals: RunTotals) -> Second:
    """A span with its samples in figures, as a run under way has them."""
    iterations, dropped, late, _ = span.counts
    return Second(
        second=start,
        width=width,
        elapsed=round(span.elapsed, 3),
        iterations=iterations,
        dropped=dropped,
        late=late,
        health=span.load.health(span.peaks),
        failures=dict(totals.failures),
        statuses=dict(totals.statuses),
        **span.load.figures(),
        **figures_of(totals, span.load.span_ns),
    )
