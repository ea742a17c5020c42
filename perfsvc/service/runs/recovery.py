"""A run put together again from what was stored of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

from perfsvc.analysis.report import RunFacts
from perfsvc.analysis.report import build_report
from perfsvc.metrics.figures import NS_PER_S
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import ThresholdJudge
from perfsvc.model.entities import Execution
from perfsvc.model.run import EndReason
from perfsvc.model.run import RunSpec
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.store import executions
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.endings import close_run
from perfsvc.store.rollup import roll_up

SLICE_S = 60
INTERRUPTED = EndReason(
    code="interrupted",
    zh="服务意外中止，报告基于已保存的数据",
    en="the server was interrupted; the report covers what had been stored",
)


def replayed(execution_id: str) -> tuple[RunMetrics, ThresholdJudge]:
    """The metrics of a run and its thresholds, from its stored seconds; runs in the store. Raises NotFound."""
    spec = RunSpec.parse(executions.get(execution_id).spec)
    metrics, judge = RunMetrics.of(spec), ThresholdJudge(spec.thresholds)
    for snapshot in stored(execution_id):
        # They come in order of time: with the first of a second, those before it are complete.
        close_seconds(metrics, judge, snapshot.second - 1)
        metrics.merge(snapshot)
    close_seconds(metrics, judge, max((node.last_second for node in metrics.nodes.values()), default=0))
    return metrics, judge


def stored(execution_id: str) -> Iterator[Snapshot]:
    """A run's snapshots in order of time, read a minute at a time: hundreds of nodes tell gigabytes in an hour."""
    first, last = windows.span(execution_id) or (0, -1)
    for since in range(first, last + 1, SLICE_S):
        yield from windows.of_execution(execution_id, since=since, until=since + SLICE_S)


def close_seconds(metrics: RunMetrics, judge: ThresholdJudge, upto: int) -> None:
    """Close the seconds up to one, and judge them."""
    for second in metrics.close_seconds(upto):
        judge.observe(second, metrics)


async def close_interrupted(store: Store) -> list[str]:
    """Close every run that was found unfinished, as failed, with the report of what was stored; answers their ids."""
    unfinished = await store.run(executions.unfinished)
    for execution in unfinished:
        metrics, judge = await store.run(replayed, execution.execution_id)
        end = last_moment(execution, metrics)
        report = report_of(execution, metrics, judge, end)
        await store.run(close_run, execution.plan_id, report, INTERRUPTED, execution.start_time, end)
        await roll_up(store, execution.plan_id, execution.execution_id)
    return [execution.execution_id for execution in unfinished]


def last_moment(execution: Execution, metrics: RunMetrics) -> datetime:
    """When the last stored second of a run ended, and not before it had run so long; its start, when none was stored.

    Seconds are told by whole Unix seconds, and begin within them.
    """
    last = max((node.last_second for node in metrics.nodes.values()), default=None)
    if last is None:
        return execution.start_time
    ran = timedelta(seconds=metrics.running_ns / NS_PER_S)
    return max(datetime.fromtimestamp(last + 1, UTC), execution.start_time + ran)


def report_of(execution: Execution, metrics: RunMetrics, judge: ThresholdJudge, end: datetime) -> dict[str, Any]:
    """The report of a run that was interrupted."""
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
    return build_report(facts, metrics, judge.verdict(metrics), metrics.validity())
