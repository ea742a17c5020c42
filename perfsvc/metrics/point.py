"""One span of time in a run's series: what was sampled in it, and what the nodes were doing meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from functools import reduce
from typing import Any
from typing import NamedTuple

from perfsvc.metrics.figures import PLAN_FIELDS
from perfsvc.metrics.figures import Health
from perfsvc.metrics.figures import NodeFigures
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import counts_of
from perfsvc.metrics.figures import figures_of
from perfsvc.metrics.figures import per_second
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.recorder import OTHER
from perfsvc.metrics.totals import RunTotals
from perfsvc.metrics.totals import Totals
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import Snapshot

LATENCY_FIELDS = ("avg", "min", "max", "p50", "p75", "p90", "p95", "p99", "p999", *PLAN_FIELDS)

LONGEST_NS = 1_500_000_000
"""A second may come out somewhat longer than one, where the loop was late."""


MAX_KINDS = 32
"""Error classes, and statuses, that a span of time keeps apart."""


class LoadTotals(NamedTuple):
    """Values of a second besides its samples; sums over seconds give the means of wider spans.

    ``planned_vus`` and ``planned_rate`` are what the present nodes were given, ``run_vus`` and ``run_rate`` the plan of
    the whole run, which is more while a node is lost; these are 0 in what earlier versions stored.
    """

    seconds: int = 0
    span_ns: int = 0
    paused: int = 0
    nodes: int = 0
    vus: int = 0
    planned_vus: int = 0
    planned_rate: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0
    network: float = 0.0
    run_vus: int = 0
    run_rate: float = 0.0

    @property
    def mean_planned_vus(self) -> float:
        """Users of the plan; where it is arrivals, all there are."""
        return (self.run_vus or self.planned_vus) / max(self.seconds, 1)

    @property
    def mean_planned_rate(self) -> float:
        """Arrivals per second of the plan."""
        return (self.run_rate or self.planned_rate) / max(self.seconds, 1)

    @property
    def plan_share(self) -> float:
        """The part of the plan that the present nodes were given, 0 to 1."""
        present, planned = (self.planned_rate, self.run_rate) if self.run_rate else (self.planned_vus, self.run_vus)
        return min(present / planned, 1.0) if planned else 1.0

    def figures(self) -> dict[str, Any]:
        """The load under the names of the fields of a Second."""
        seconds = max(self.seconds, 1)
        return {
            "paused": 0 < self.seconds == self.paused,
            "span_ns": self.span_ns,
            "vus": round(self.vus / seconds),
            "planned_vus": round(self.mean_planned_vus),
            "planned_rate": round(self.mean_planned_rate, 3),
            "plan_share": self.plan_share,
            "node_count": round(self.nodes / seconds),
        }

    def health(self, peaks: Iterable[float]) -> Health:
        """The generators in this span; ``peaks`` are the highest CPU, loop lag and send lag."""
        means = (total / max(self.seconds, 1) for total in (self.cpu, self.memory, self.network))
        return Health(*(round(value, 3) for value in (*means, *peaks)))

    def combined(self, sign: int, other: LoadTotals) -> LoadTotals:
        """These load and ``sign`` times the others."""
        return LoadTotals._make(mine + sign * theirs for mine, theirs in zip(self, other, strict=True))

    def joined(self, node: NodeSecond) -> LoadTotals:
        """A second's load with one more node."""
        nodes, health = self.nodes, node.health
        return LoadTotals(
            seconds=1,
            span_ns=running_time(self.span_ns, node.span_ns),
            paused=int(node.paused and (self.paused or not nodes)),
            nodes=nodes + 1,
            vus=self.vus + node.vus,
            planned_vus=self.planned_vus + node.planned_vus,
            planned_rate=self.planned_rate + node.planned_rate,
            cpu=(self.cpu * nodes + health.cpu) / (nodes + 1),
            memory=(self.memory * nodes + health.memory) / (nodes + 1),
            network=max(self.network, health.network),
            run_vus=max(self.run_vus, node.run_vus),
            run_rate=max(self.run_rate, node.run_rate),
        )


class NodeSecond(NamedTuple):
    """One node in one second, from all its snapshots of it."""

    span_ns: int
    paused: bool
    vus: int
    planned_vus: int
    planned_rate: float
    run_vus: int
    run_rate: float
    requests: int
    errors: int
    health: NodeHealth

    @classmethod
    def of(cls, snapshot: Snapshot, requests: int, errors: int) -> NodeSecond:
        return cls(
            snapshot.span_ns,
            snapshot.paused,
            snapshot.vus,
            snapshot.planned_vus,
            snapshot.planned_rate,
            snapshot.run_vus,
            snapshot.run_rate,
            requests,
            errors,
            snapshot.health,
        )

    def joined(self, later: NodeSecond) -> NodeSecond:
        """This and a later snapshot's: spans add up; users and rate at the busier moment; health of the longer span."""
        return NodeSecond(
            self.span_ns + later.span_ns,
            later.paused,
            max(self.vus, later.vus),
            max(self.planned_vus, later.planned_vus),
            max(self.planned_rate, later.planned_rate),
            max(self.run_vus, later.run_vus),
            max(self.run_rate, later.run_rate),
            self.requests + later.requests,
            self.errors + later.errors,
            self.health if self.span_ns > later.span_ns else later.health,
        )

    def figures(self, name: str) -> NodeFigures:
        """The node in figures."""
        health, rps = self.health, per_second(self.requests, self.span_ns)
        return NodeFigures(name, self.vus, self.requests, self.errors, rps, health.process_cpu, health.loop_lag_ms)


def add_kinds(into: dict[str, int], counts: Mapping[str, int]) -> None:
    """Add counts by name; names beyond the bound count as others."""
    for name, count in counts.items():
        kept = name if name in into or len(into) < MAX_KINDS else OTHER
        into[kept] = into.get(kept, 0) + count


def running_time(one: int, other: int) -> int:
    """The running time of a second in which two nodes ran so long, ns: that of the longer.

    A node that hung reports the whole time under one second. The seconds after it are reported by others, so its
    time counts only where there is no other.
    """
    shorter, longer = sorted((one, other))
    return shorter if longer > LONGEST_NS and shorter else longer


class Point:
    """Everything of one span of time."""

    __slots__ = (
        "_fixed",
        "_packed",
        "counts",
        "elapsed",
        "failures",
        "load",
        "nodes",
        "peaks",
        "start",
        "statuses",
        "totals",
        "width",
    )

    def __init__(self, start: int, width: int) -> None:
        self.start, self.width = start, width
        self.totals = Totals()
        self.load = LoadTotals()
        self.nodes: dict[str, NodeSecond] = {}
        self.failures: dict[str, int] = {}
        self.statuses: dict[str, int] = {}
        self.elapsed = 0.0
        self.counts = [0, 0, 0]
        self.peaks = [0.0, 0.0, 0.0]
        self._fixed: tuple[float | None, ...] | None = None
        self._packed = (b"", b"")

    def place(self, snapshot: Snapshot, totals: Totals) -> LoadTotals:
        """Note the node's state, in a point of one second. Return how the second's load changed by it."""
        known = self.nodes.get(snapshot.node)
        node = NodeSecond.of(snapshot, totals.requests, totals.errors)
        self.nodes[snapshot.node] = known.joined(node) if known else node
        if known:
            load = reduce(LoadTotals.joined, self.nodes.values(), LoadTotals())
        else:
            load = self.load.joined(node)
        return load.combined(-1, self.load)

    def add(self, snapshot: Snapshot, totals: RunTotals, change: LoadTotals) -> None:
        """Count a snapshot's samples and the change of load it brought."""
        self.totals.add(totals, latency=self._fixed is None)
        add_kinds(self.failures, totals.failures)
        add_kinds(self.statuses, totals.statuses)
        self.load = self.load.combined(1, change)
        self.elapsed = max(self.elapsed, snapshot.elapsed)
        health = snapshot.health
        seen = (health.process_cpu, health.loop_lag_ms, health.send_lag_ms)
        self.peaks = [max(pair) for pair in zip(self.peaks, seen, strict=True)]
        more = (snapshot.iterations, snapshot.dropped, snapshot.late)
        self.counts = [sum(pair) for pair in zip(self.counts, more, strict=True)]

    def fix(self) -> None:
        """Pack the histograms and forget the nodes; from now on late samples count and percentiles stand."""
        figures, totals = figures_of(self.totals, self.load.span_ns), self.totals
        self._fixed = tuple(figures.get(name) for name in LATENCY_FIELDS)
        self._packed = (totals.latency.pack(), totals.from_plan.pack())
        totals.latency, totals.from_plan = Histogram(), Histogram()
        self.nodes = {}

    def forget(self) -> None:
        """Let the packed histograms go."""
        self._packed = (b"", b"")

    def pour_into(self, totals: Totals) -> None:
        """Add everything counted here to another totals, with the histograms unless they are forgotten."""
        totals.add(self.totals)
        latency, from_plan = self._packed
        totals.latency.merge(Histogram.unpack(latency))
        totals.from_plan.merge(Histogram.unpack(from_plan))

    @property
    def fixed(self) -> bool:
        return self._fixed is not None

    def read(self) -> Second:
        """The point in figures."""
        iterations, dropped, late = self.counts
        return Second(
            second=self.start,
            width=self.width,
            elapsed=round(self.elapsed, 3),
            iterations=iterations,
            dropped=dropped,
            late=late,
            health=self.load.health(self.peaks),
            failures=dict(self.failures),
            statuses=dict(self.statuses),
            **self.load.figures(),
            **self._figures(),
        )

    def _figures(self) -> dict[str, Any]:
        if self._fixed is None:
            return figures_of(self.totals, self.load.span_ns)
        return {**counts_of(self.totals, self.load.span_ns), **dict(zip(LATENCY_FIELDS, self._fixed, strict=True))}
