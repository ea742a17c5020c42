"""Metrics and reports rebuilt from stored seconds, also for runs that a crash interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Iterable
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

from perfsvc.analysis.report import RunFacts
from perfsvc.analysis.report import build_report
from perfsvc.clock import NS_PER_S
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import ThresholdJudge
from perfsvc.model.execution import Execution
from perfsvc.model.run import EndReason
from perfsvc.model.run import RunSpec
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.store import executions
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.rollup import Measured
from perfsvc.store.rollup import roll_up
from perfsvc.store.run_bounds import close_run

SLICE_S = 60
INTERRUPTED = EndReason(
    code="interrupted",
    zh="服务意外中止，报告基于已保存的数据，最后约一秒可能缺失",
    en="the server was interrupted; the report covers what had been stored, about the last second may be missing",
)


async def stored_metrics(store: Store, execution_id: str) -> tuple[RunMetrics, ThresholdJudge]:
    """Return the metrics of a run and its thresholds, from its stored seconds. Raise NotFound.

    One minute at a time is read in the store and merged in a thread: hundreds of nodes fill gigabytes in an hour.
    """
    execution = await store.run(executions.get, execution_id)
    spec = RunSpec.parse(execution.spec)
    metrics, judge = RunMetrics.of(spec), ThresholdJudge(spec.thresholds)
    span = await store.run(windows.span, execution_id)
    first, last = span or (0, -1)
    for since in range(first, last + 1, SLICE_S):
        snapshots = await store.run(windows.of_execution, execution_id, since=since, until=since + SLICE_S)
        await asyncio.to_thread(merge, metrics, judge, snapshots)
    await asyncio.to_thread(
        close_seconds, metrics, judge, max((node.last_second for node in metrics.nodes.values()), default=0)
    )
    return metrics, judge


def merge(metrics: RunMetrics, judge: ThresholdJudge, snapshots: Iterable[Snapshot]) -> None:
    """Merge stored snapshots, in order of time: with the first of a second, those before it are complete."""
    for snapshot in snapshots:
        close_seconds(metrics, judge, snapshot.second - 1)
        metrics.merge(snapshot)


def close_seconds(metrics: RunMetrics, judge: ThresholdJudge, upto: int) -> None:
    """Close the seconds up to one, and judge them."""
    for second in metrics.close_seconds(upto):
        judge.observe(second, metrics)


async def close_interrupted(
    store: Store, runs: Iterable[Execution], failed: Callable[[str, Exception], None]
) -> list[str]:
    """Close runs that a dead process left unfinished, with the report of what was stored; return their ids.

    A run that cannot be closed is handed to ``failed`` and does not keep the others from being closed.
    """
    closed = []
    for execution in runs:
        try:
            await close_one(store, execution)
        except Exception as error:  # whatever one run holds, the others are closed
            failed(execution.execution_id, error)
        else:
            closed.append(execution.execution_id)
    return closed


async def close_one(store: Store, execution: Execution) -> None:
    """Close one run as failed, with its report."""
    metrics, judge = await stored_metrics(store, execution.execution_id)
    end = last_moment(execution, metrics)
    report = await asyncio.to_thread(report_of, execution, metrics, judge, end)
    await store.run(close_run, execution.plan_id, report, INTERRUPTED, execution.start_time, end)
    measured = Measured(len(metrics.step_names), metrics.apart)
    await roll_up(store, execution.plan_id, execution.execution_id, measured)


def last_moment(execution: Execution, metrics: RunMetrics) -> datetime:
    """Return the end of the last stored second, but not before the running time; the start if none is stored.

    Stored seconds carry whole Unix times, and begin within them.
    """
    last = max((node.last_second for node in metrics.nodes.values()), default=None)
    if last is None:
        return execution.start_time
    ran = timedelta(seconds=metrics.running_ns / NS_PER_S)
    return max(datetime.fromtimestamp(last + 1, UTC), execution.start_time + ran)


def report_of(execution: Execution, metrics: RunMetrics, judge: ThresholdJudge, end: datetime) -> dict[str, Any]:
    """Return the report of an interrupted run."""
    facts = RunFacts(
        execution_id=execution.execution_id,
        name=execution.spec["name"],
        status=RunState.FAILED.value,
        start_time=execution.start_time,
        end_time=end,
        reason=INTERRUPTED,
        seed=execution.spec["seed"],
        plan_id=execution.plan_id,
    )
    return build_report(facts, metrics, judge.verdict(metrics, INTERRUPTED), metrics.validity())
