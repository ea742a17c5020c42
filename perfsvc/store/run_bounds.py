"""The beginning and the end of a run, each written as one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from perfsvc.model.entities import ErrorRecord
from perfsvc.model.entities import Report
from perfsvc.model.execution import Execution
from perfsvc.model.run import EndReason
from perfsvc.model.run import RunState
from perfsvc.store import errors_seen
from perfsvc.store import executions
from perfsvc.store import plans
from perfsvc.store import reports
from perfsvc.store.database import writes

PLAN_STATUS = {RunState.COMPLETED: "completed", RunState.STOPPED: "completed", RunState.FAILED: "failed"}
"""A plan's stored status by the state its latest run ended in."""


@writes
def begin_run(execution: Execution) -> None:
    """Store a run that begins, and set its plan's status. Raises what ``executions.create`` raises."""
    executions.create(execution)
    plans.set_status(execution.plan_id, "running")


@writes
def close_run(plan_id: int, report: dict[str, Any], reason: EndReason, start: datetime, end: datetime) -> Report:
    """Keep the report and its errors, end the execution, set the plan's status if no later run has.

    Raises NotFound when the plan is gone, Conflict when the run has been closed before.
    """
    state, execution_id = RunState(report["status"]), str(report["execution_id"])
    executions.finish(execution_id, state, reason, end)
    errors_seen.upsert(plan_id, execution_id, error_records(report, int(end.timestamp())))
    if executions.latest_of_plan(plan_id) == execution_id:
        plans.set_status(plan_id, PLAN_STATUS[state])
    return reports.create(
        plan_id,
        execution_id,
        status=state.value,
        start_time=start,
        end_time=end,
        summary=report["summary"],
        performance_score=report["performance_score"]["score"],
        body=report,
    )


def error_records(report: dict[str, Any], timestamp: int) -> list[ErrorRecord]:
    """The report's error classes as they are stored."""
    return [
        ErrorRecord(report["execution_id"], timestamp, {"step": None, **error}, error["count"])
        for error in report["errors"]
    ]
