"""Coarser snapshots from finer ones, so that a long run can be drawn without reading every second."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Sequence
from itertools import chain
from itertools import groupby
from statistics import fmean

from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.recorder import joined_gauge
from perfsvc.metrics.totals import joined
from perfsvc.model.window import GaugeSum
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import PhaseSum
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.windows import SECONDS
from perfsvc.store.windows import Period

SLICE_S = 600
"""Seconds of a run held in memory at a time; a multiple of every period."""

STEPS: tuple[tuple[Period, Period], ...] = (("1s", "10s"), ("10s", "60s"))


async def roll_up(store: Store, plan_id: int, execution_id: str) -> None:
    """Write the rows of 10 s and 60 s for a run that has ended; doing it again changes nothing.

    Raises NotFound when the plan is gone, StoreUnavailable.
    """
    span = await store.run(windows.span, execution_id)
    if span is None:
        return
    first, last = span
    for start in range(first - first % SLICE_S, last + 1, SLICE_S):
        for finer, coarser in STEPS:
            seconds = SECONDS[coarser]
            folded = await store.run(read_folded, execution_id, finer, seconds, start)
            await store.run(windows.add, plan_id, execution_id, folded, coarser)


def read_folded(execution_id: str, period: Period, seconds: int, start: int) -> list[Snapshot]:
    """One slice of a run, folded."""
    return fold(windows.of_execution(execution_id, period, start, start + SLICE_S), seconds)


def fold(snapshots: Iterable[Snapshot], seconds: int) -> list[Snapshot]:
    """One snapshot for each node and span of ``seconds``, numbered by the span."""

    def place(snapshot: Snapshot) -> tuple[str, int]:
        return snapshot.node, snapshot.second // seconds

    groups = groupby(sorted(snapshots, key=place), key=place)
    return [merged(node, number, seconds, list(group)) for (node, number), group in groups]


def merged(node: str, number: int, seconds: int, group: Sequence[Snapshot]) -> Snapshot:
    """Sums of what is counted, the highest of what is a level. Examples of errors stay with the seconds."""
    return Snapshot(
        node=node,
        seq=number,
        second=number * seconds,
        elapsed=max(one.elapsed for one in group),
        span_ns=sum(one.span_ns for one in group),
        vus=max(one.vus for one in group),
        planned_vus=max(one.planned_vus for one in group),
        planned_rate=max(one.planned_rate for one in group),
        paused=all(one.paused for one in group),
        iterations=sum(one.iterations for one in group),
        cut_off=sum(one.cut_off for one in group),
        dropped=sum(one.dropped for one in group),
        late=sum(one.late for one in group),
        windows=merged_windows(one.windows for one in group),
        health=merged_health([one.health for one in group]),
    )


def merged_windows(lists: Iterable[list[StepWindow]]) -> list[StepWindow]:
    """One window for each step, in order of the steps."""
    by_step: dict[int, list[StepWindow]] = defaultdict(list)
    for window in chain.from_iterable(lists):
        by_step[window.step].append(window)
    return [merged_window(step, by_step[step]) for step in sorted(by_step)]


def merged_window(step: int, group: Sequence[StepWindow]) -> StepWindow:
    return StepWindow(
        step=step,
        requests=sum(one.requests for one in group),
        failures=summed(one.failures for one in group),
        statuses=summed(one.statuses for one in group),
        bytes_sent=sum(one.bytes_sent for one in group),
        bytes_received=sum(one.bytes_received for one in group),
        checks_passed=sum(one.checks_passed for one in group),
        checks_failed=sum(one.checks_failed for one in group),
        latency=merged_histograms(one.latency for one in group),
        from_plan=merged_histograms(one.from_plan for one in group),
        phases=merged_phases(one.phases for one in group),
        counters=merged_counters(one.counters for one in group),
        gauges=merged_gauges(one.gauges for one in group),
    )


def merged_counters(each: Iterable[dict[str, float]]) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for name, value in chain.from_iterable(counters.items() for counters in each):
        total[name] += value
    return dict(total)


def merged_gauges(each: Iterable[dict[str, GaugeSum]]) -> dict[str, GaugeSum]:
    total: dict[str, GaugeSum] = {}
    for name, gauge in chain.from_iterable(gauges.items() for gauges in each):
        total[name] = joined_gauge(total.get(name), gauge)
    return total


def merged_health(group: Sequence[NodeHealth]) -> NodeHealth:
    """The means of what is a share, the worst of what is a lag."""
    return NodeHealth(
        cpu=fmean(one.cpu for one in group),
        process_cpu=fmean(one.process_cpu for one in group),
        memory=fmean(one.memory for one in group),
        network=fmean(one.network for one in group),
        loop_lag_ms=max(one.loop_lag_ms for one in group),
        send_lag_ms=max(one.send_lag_ms for one in group),
        open_files=max(one.open_files for one in group),
        open_files_limit=group[-1].open_files_limit,
        cpu_wait=fmean(one.cpu_wait for one in group),
        ports_used=max(one.ports_used for one in group),
        ports_limit=group[-1].ports_limit,
        data_wait=fmean(one.data_wait for one in group),
    )


def summed(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for name, count in chain.from_iterable(one.items() for one in counts):
        total[name] += count
    return dict(total)


def merged_histograms(packed: Iterable[bytes]) -> bytes:
    whole = Histogram()
    for one in packed:
        whole.merge(Histogram.unpack(one))
    return whole.pack()


def merged_phases(phases: Iterable[dict[str, PhaseSum]]) -> dict[str, PhaseSum]:
    total: dict[str, PhaseSum] = {}
    for name, phase in chain.from_iterable(one.items() for one in phases):
        total[name] = joined(total.get(name), phase)
    return total
