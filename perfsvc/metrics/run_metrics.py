"""The measured run: snapshots of all nodes merged exactly once, as totals and as closed seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from perfsvc.metrics.deduplication import Range
from perfsvc.metrics.deduplication import SeenSequence
from perfsvc.metrics.figures import WHOLE
from perfsvc.metrics.figures import WHOLE_RUN_NS
from perfsvc.metrics.figures import Figures
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import StepSecond
from perfsvc.metrics.figures import figures_of
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.node_series import NodeSeries
from perfsvc.metrics.node_state import NodeState
from perfsvc.metrics.pauses import Pauses
from perfsvc.metrics.point import Point
from perfsvc.metrics.recorder import ErrorClasses
from perfsvc.metrics.series import Series
from perfsvc.metrics.step_series import StepSeries
from perfsvc.metrics.totals import RunTotals
from perfsvc.metrics.totals import SecondTotals
from perfsvc.metrics.totals import StepTotals
from perfsvc.metrics.totals import Totals
from perfsvc.metrics.totals import UnpackedWindow
from perfsvc.metrics.validity import Evidence
from perfsvc.metrics.validity import HealthLog
from perfsvc.metrics.validity import Validity
from perfsvc.metrics.validity import judge
from perfsvc.metrics.warm_up import WarmUp
from perfsvc.model.load import iteration_goal
from perfsvc.model.node_timeouts import SILENT_S
from perfsvc.model.run import RunSpec
from perfsvc.model.scene import ONCE_PER_RUN
from perfsvc.model.scene import PARTS
from perfsvc.model.scene import GroupStep
from perfsvc.model.scene import Part
from perfsvc.model.scene import RequestStep
from perfsvc.model.scene import SceneSpec
from perfsvc.model.scene import Step
from perfsvc.model.threshold import percentile_of
from perfsvc.model.window import ErrorSample
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow

SAMPLES_PER_CLASS = 3
"""Of each step."""
MOST_SAMPLES = 300
MAX_OPEN_SECONDS = 600
"""Seconds that may wait to be closed; a node whose clock is far ahead cannot open more."""
MAX_RANGES = 1_000
MAX_NAMED = 1_000


class NodeTotals(Totals):
    """One node's part of the run. ``health`` is the latest; ``running_ns`` its own running time, ``elapsed`` how far it
    came in profile time, s.
    """

    __slots__ = (
        "cut_off",
        "dropped",
        "elapsed",
        "first_second",
        "health",
        "iterations",
        "last_second",
        "late",
        "running_ns",
        "sequence",
        "series",
        "snapshots",
    )

    def __init__(self, first_second: int) -> None:
        super().__init__()
        self.first_second = self.last_second = first_second
        self.running_ns = self.snapshots = self.iterations = self.dropped = self.late = self.cut_off = 0
        self.elapsed = 0.0
        self.health = NodeHealth()
        self.sequence = SeenSequence()
        self.series = NodeSeries()

    def add_snapshot(self, snapshot: Snapshot, totals: Totals, *, warm_up: bool) -> None:
        """Count a snapshot of this node; one of the warm-up only in the series."""
        if not warm_up:
            self._measure(snapshot, totals)
        self.series.add(snapshot, totals)
        self.snapshots += 1
        self.elapsed = max(self.elapsed, snapshot.elapsed)
        self.cut_off += snapshot.cut_off
        self.first_second = min(self.first_second, snapshot.second)
        if snapshot.second >= self.last_second:
            self.last_second, self.health = snapshot.second, snapshot.health

    def _measure(self, snapshot: Snapshot, totals: Totals) -> None:
        self.add(totals)
        self.running_ns += snapshot.span_ns
        self.iterations += snapshot.iterations
        self.dropped += snapshot.dropped
        self.late += snapshot.late


class OpenSecond(NamedTuple):
    """A second that still waits for snapshots: its point in the series, and its samples by step.

    ``complete`` is whether these are of all steps.
    """

    point: Point
    steps: dict[int, SecondTotals]
    complete: bool

    def add(self, windows: list[UnpackedWindow]) -> None:
        """Count a snapshot's windows by step."""
        for unpacked in windows:
            self.steps.setdefault(unpacked.window.step, SecondTotals()).add_window(unpacked)


class LostUsers:
    """Users that were planned and did nothing: ``stopped`` since their ``on_start`` failed, or ``without_data``."""

    __slots__ = ("stopped", "without_data")

    def __init__(self) -> None:
        self.stopped = 0
        self.without_data: set[int] = set()

    def add(self, snapshot: Snapshot) -> None:
        """Count a node's."""
        self.stopped += snapshot.stopped_users
        self.without_data.update(snapshot.without_data[:MAX_NAMED])


class FirstSamples:
    """The first few failed requests of every error class of every step.

    Beyond ``MOST_SAMPLES`` in all, a class keeps its first few only, whatever the step.
    """

    __slots__ = ("_by_class", "_names", "_of_step", "_total")

    def __init__(self) -> None:
        self._by_class: dict[str, list[ErrorSample]] = {}
        self._of_step: Counter[tuple[str, int]] = Counter()
        self._names = ErrorClasses()
        self._total = 0

    def add(self, samples: Sequence[ErrorSample]) -> None:
        """Keep samples while there is room for their class and step."""
        for sample in samples:
            name = self._names.name(sample.error_class)
            kept = self._by_class.setdefault(name, [])
            roomy = self._total < MOST_SAMPLES or len(kept) < SAMPLES_PER_CLASS
            if roomy and self._of_step[name, sample.step] < SAMPLES_PER_CLASS:
                kept.append(sample)
                self._of_step[name, sample.step] += 1
                self._total += 1

    def all(self) -> list[ErrorSample]:
        """Return the samples, class by class."""
        return [sample for samples in self._by_class.values() for sample in samples]


class StepTable:
    """The measured steps by index: names, which of them are ``groups``, and the ``parts`` of ``scenes`` they are in.

    Groups send nothing themselves, setup and teardown are no load: these stand ``apart``.
    """

    __slots__ = ("apart", "groups", "names", "parts", "scenes")

    def __init__(self, names: list[str], groups: frozenset[int], parts: list[Part], scenes: list[str]) -> None:
        self.names, self.groups, self.parts, self.scenes = names, groups, parts, scenes
        self.apart = groups | {index for index, part in enumerate(parts) if part in ONCE_PER_RUN}


class Planned(NamedTuple):
    """Requirements of the plan: iterations, and each scene's name with the indexes of the steps of its users."""

    iterations: int | None = None
    scenes: Sequence[tuple[str, frozenset[int]]] = ()
    percentiles: bool = False
    """Whether a threshold wants percentiles of single seconds."""


class RunMetrics:
    """Everything measured in one run, in bounded memory. ``latest`` is the second closed last.

    ``total``, seconds and nodes are of the load: steps that stand ``apart`` have no share in them. ``once`` is the sum
    of setup and teardown. Seconds of the warm-up are in the series, and in no sum but its own.
    """

    def __init__(
        self,
        step_names: Sequence[str],
        groups: Collection[int] = (),
        parts: Sequence[Part] = (),
        warm_up_s: float = 0.0,
        scenes: Sequence[str] = (),
    ) -> None:
        number = len(step_names)
        self._table = StepTable(
            list(step_names), frozenset(groups), list(parts) or ["steps"] * number, list(scenes) or [""] * number
        )
        self.total = RunTotals()
        self.once = RunTotals()
        self.warm_up = WarmUp(warm_up_s)
        self.steps = [RunTotals() for _ in step_names]
        self.nodes: dict[str, NodeTotals] = {}
        self.series = Series()
        self.step_series = StepSeries(len(step_names))
        self.running_ns = self.iterations = self.dropped = self.late = self.cut_off = 0
        self.elapsed = 0.0
        self.latest: Second | None = None
        self.late_snapshots = 0
        self.lost_users = LostUsers()
        self.planned = Planned()
        self.health = HealthLog()
        self.pauses = Pauses()
        self.gaps: list[Range] = []
        self._samples = FirstSamples()
        self._open: dict[int, OpenSecond] = {}
        self._closed_upto: int | None = None
        self.node_states: dict[str, NodeState] = {}
        """Kept by the follower of the nodes' events; empty for runs of one node."""

    @classmethod
    def of(cls, spec: RunSpec) -> RunMetrics:
        """Metrics for a run, its groups and the parts of its scenes known as such."""
        measured = [found for weighted in spec.scenes for found in measured_steps(weighted.scene)]
        groups = {index for index, (_, step) in enumerate(measured) if isinstance(step, GroupStep)}
        scenes = [weighted.scene.name for weighted in spec.scenes for _ in measured_steps(weighted.scene)]
        metrics = cls(spec.step_names(), groups, [part for part, _ in measured], spec.warm_up_s, scenes)
        percentiles = any(rule.window_s and percentile_of(rule.metric) is not None for rule in spec.thresholds)
        metrics.planned = Planned(iteration_goal(spec.load), scenes_of(spec), percentiles)
        return metrics

    def merge(self, snapshot: Snapshot, load: StepWindow | None = None) -> bool:
        """Count a snapshot; False, and nothing changes, when this (node, seq) has been counted before.

        One for a closed second counts in all totals and amends the series. Raises ValueError, and nothing changes, when
        a window is of no known step or cannot be unpacked.

        ``load`` is the sum of the load where the snapshot has windows of some steps only: those of the others, and of
        setup and teardown, are left to ``add_steps``.
        """
        windows = [self._unpacked(window) for window in snapshot.windows]
        whole = None if load is None else UnpackedWindow.of(load)
        node = self.nodes.get(snapshot.node) or NodeTotals(snapshot.second)
        if not node.sequence.accept(snapshot.seq):
            return False
        self.nodes[snapshot.node] = node
        warm_up = self.warm_up.covers(snapshot)
        totals = self._count(windows, whole, warm_up=warm_up)
        node.add_snapshot(snapshot, totals, warm_up=warm_up)
        self._count_snapshot(snapshot, warm_up=warm_up)
        point, change = self.series.add(snapshot, totals)
        self.running_ns += 0 if warm_up else change.span_ns
        if point is None or not self._is_open(snapshot.second):
            self.late_snapshots += 1
        else:
            self._open.setdefault(snapshot.second, OpenSecond(point, {}, load is None)).add(windows)
        return True

    def add_steps(self, second: int, span_ns: int, windows: Sequence[StepWindow], counted: Collection[int]) -> None:
        """Count what the steps did from ``second`` on in ``span_ns`` of running time, each as one window.

        Of those that are ``counted`` already only the series is kept. Raises ValueError.
        """
        of_step: dict[int, StepTotals] = {}
        once = self.apart - self.groups
        for unpacked in map(self._unpacked, windows):
            step = unpacked.window.step
            of_step.setdefault(step, StepTotals()).add_window(unpacked)
            if step not in counted:
                self.steps[step].add_window(unpacked)
            if step in once:
                self.once.add_window(unpacked)
        self.step_series.add(second, span_ns, of_step)

    def close_seconds(self, upto: int) -> list[Second]:
        """Every second up to and including ``upto`` (Unix time) not closed before, in order, merged over all nodes."""
        closing = sorted(second for second in self._open if second <= upto)
        closed = [self._close(second) for second in closing]
        self._closed_upto = upto if self._closed_upto is None else max(self._closed_upto, upto)
        if closing:
            self.series.age(closing[-1])
        return closed

    @property
    def missing(self) -> dict[str, list[Range]]:
        """The snapshots known to be missing, by node, as (first, last) ranges of seq."""
        return {name: node.sequence.missing for name, node in self.nodes.items() if node.sequence.missing}

    @property
    def step_names(self) -> list[str]:
        """The names of the measured steps, by index."""
        return self._table.names

    @property
    def groups(self) -> frozenset[int]:
        """The indexes of steps that are groups."""
        return self._table.groups

    @property
    def scenes(self) -> list[str]:
        """The name of the scene that each step is in, by index."""
        return self._table.scenes

    @property
    def parts(self) -> list[Part]:
        """The part of its scene that each step is in, by index."""
        return self._table.parts

    @property
    def apart(self) -> frozenset[int]:
        """The indexes of steps without a share in the load's figures: groups, setup and teardown."""
        return self._table.apart

    @property
    def everything(self) -> RunTotals:
        """All requests: those of the load, and those of setup and teardown."""
        if not (self.once.requests or self.once.unsent):
            return self.total
        both = RunTotals()
        both.add_run_totals(self.total)
        both.add_run_totals(self.once)
        return both

    def validity(self, *, ended: bool = True) -> Validity:
        """Whether the generator was fit to measure this run; unless it has ``ended``, as far as it has come."""
        everything, nodes = self.everything, self.nodes.values()
        end = max((node.last_second for node in nodes), default=0)
        silent = {name for name, node in self.nodes.items() if end - node.last_second > SILENT_S}
        left = {name for name, node in self.node_states.items() if node.state == "left"}  # as planned, so no loss
        lost = {name for name, node in self.node_states.items() if node.was_lost}
        evidence = Evidence(
            log=self.health,
            requests=everything.requests,
            reached=everything.latency.total,
            failures=everything.failures,
            unsent=everything.unsent,
            snapshots=sum(node.snapshots for node in nodes),
            missing=sum(node.sequence.missing_count for node in nodes),
            lost_nodes=len(lost | (silent - left)),
            nodes=len(self.nodes.keys() | lost),
            iterations=self.iterations,
            dropped=self.dropped,
            warm_up_s=self.warm_up.length,
            warm_up_requests=self.warm_up.total.requests,
            warming_up=not ended and not self.warm_up.over,
            stopped_users=self.lost_users.stopped,
        )
        return judge(evidence)

    @property
    def error_samples(self) -> list[ErrorSample]:
        """The first few failed requests of every error class."""
        return self._samples.all()

    def figures(self, step: str | None = None) -> Figures:
        """The load of the whole run so far, or all steps of one name."""
        return Figures(**figures_of(self.totals_of(step), self.running_ns, WHOLE_RUN_NS))

    def totals_of(self, step: str | None = None) -> Totals:
        """The sums of the load, or of all steps of one name. Not to be changed."""
        if step is None:
            return self.total
        named = Totals()
        for name, totals in zip(self.step_names, self.steps, strict=True):
            if name == step:
                named.add(totals)
        return named

    def _unpacked(self, window: StepWindow) -> UnpackedWindow:
        if not 0 <= window.step < len(self.steps):
            raise ValueError(f"a window of step {window.step}, but there are {len(self.steps)} steps")
        return UnpackedWindow.of(window)

    def _count(self, windows: list[UnpackedWindow], load: UnpackedWindow | None, *, warm_up: bool) -> RunTotals:
        """Count windows in the totals. Return the sum of the load's, which may be known."""
        counted, once = RunTotals(), self.apart - self.groups
        of_load = [unpacked for unpacked in windows if unpacked.window.step not in self.apart]
        counted.add_windows(of_load if load is None else [load])
        (self.warm_up.total if warm_up else self.total).add_run_totals(counted)
        if load is None:
            self.once.add_windows([unpacked for unpacked in windows if unpacked.window.step in once])
        for unpacked in windows:
            if not warm_up or unpacked.window.step in once:
                self.steps[unpacked.window.step].add_window(unpacked)
        return counted

    def _count_snapshot(self, snapshot: Snapshot, *, warm_up: bool) -> None:
        if warm_up:
            self.warm_up.count(snapshot)
        else:
            self._measure(snapshot)
        self.cut_off += snapshot.cut_off
        self.lost_users.add(snapshot)
        self.elapsed = max(self.elapsed, snapshot.elapsed)

    def _measure(self, snapshot: Snapshot) -> None:
        self.iterations += snapshot.iterations
        self.dropped += snapshot.dropped
        self.late += snapshot.late
        self.health.note(snapshot)
        self._samples.add(snapshot.errors)

    def _is_open(self, second: int) -> bool:
        if self._closed_upto is not None and second <= self._closed_upto:
            return False
        return second in self._open or len(self._open) < MAX_OPEN_SECONDS

    def _close(self, second: int) -> Second:
        point, steps, complete = self._open.pop(second)
        closed = point.read()
        self._note_time(closed)
        if complete:
            self.step_series.add(second, closed.span_ns, steps)
        latency = Histogram()
        latency.merge(point.totals.latency)  # a copy: late samples may still come to the point
        step_seconds = tuple(self._step_seconds(steps, closed.span_ns))
        nodes = tuple(node.figures(name) for name, node in sorted(point.nodes.items()))
        totals = {WHOLE: point.totals, **steps} if self.planned.percentiles else None
        closed = msgspec.structs.replace(
            closed,
            steps=step_seconds,
            nodes=nodes,
            latency=latency,
            totals=totals,
            warm_up=self.warm_up.holds(second),
        )
        self.latest = closed
        return closed

    def _step_seconds(self, steps: dict[int, SecondTotals], span_ns: int) -> Iterator[StepSecond]:
        for step, totals in sorted(steps.items()):
            yield StepSecond(
                step=step,
                name=self.step_names[step],
                counters=dict(totals.counters),
                gauges=totals.gauges,
                failures=dict(totals.failures),
                statuses=dict(totals.statuses),
                **figures_of(totals, span_ns),
            )

    def _note_time(self, closed: Second) -> None:
        self.pauses.note(closed.second, closed.span_ns, paused=closed.paused)
        if self.latest is not None and closed.second > self.latest.second + 1:
            bounded_append(self.gaps, (self.latest.second + 1, closed.second - 1))


def measured_steps(scene: SceneSpec) -> list[tuple[Part, Step]]:
    """The requests and groups of a scene with their parts, in the order of their indexes."""
    return [(part, step) for part in PARTS for step in scene.walk(part) if isinstance(step, RequestStep | GroupStep)]


def scenes_of(spec: RunSpec) -> list[tuple[str, frozenset[int]]]:
    """The name of each scene with the indexes of the measured steps of its users."""
    found, index = [], 0
    for weighted in spec.scenes:
        measured = measured_steps(weighted.scene)
        own = frozenset(number for number, (part, _) in enumerate(measured, index) if part not in ONCE_PER_RUN)
        found.append((weighted.scene.name, own))
        index += len(measured)
    return found


def extend(ranges: list[Range], second: int) -> None:
    """Lengthen the last range by a second that follows it, or begin another."""
    if ranges and ranges[-1][1] == second - 1:
        ranges[-1] = (ranges[-1][0], second)
    else:
        bounded_append(ranges, (second, second))


def bounded_append(ranges: list[Range], new: Range) -> None:
    """Append while there is room."""
    if len(ranges) < MAX_RANGES:
        ranges.append(new)
