"""Runs that a crash interrupted, closed with the report of what was stored of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Iterable
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

from perfsvc.analysis.plan_warnings import plan_warnings
from perfsvc.analysis.report import RunFacts
from perfsvc.analysis.report import build_report
from perfsvc.clock import NS_PER_S
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import ThresholdJudge
from perfsvc.model.execution import Execution
from perfsvc.model.run import EndReason
from perfsvc.model.run import RunSpec
from perfsvc.model.run import RunState
from perfsvc.service.runs.stored_metrics import stored_metrics
from perfsvc.store.database import Store
from perfsvc.store.run_bounds import close_run

INTERRUPTED = EndReason(
    code="interrupted",
    zh="服务意外中止，报告基于已保存的数据，最后约一秒可能缺失",
    en="the server was interrupted; the report covers what had been stored, about the last second may be missing",
)


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
    metrics, judge = await stored_metrics(store, execution)
    end = last_moment(execution, metrics)
    report = await asyncio.to_thread(report_of, execution, metrics, judge, end)
    await store.run(close_run, execution.plan_id, report, INTERRUPTED, execution.start_time, end)


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
        warnings=plan_warnings(RunSpec.parse(execution.spec)),
    )
    return build_report(facts, metrics, judge.verdict(metrics, INTERRUPTED), metrics.validity())
