"""Reports: one per run that has ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from perfsvc.errors import Conflict
from perfsvc.model.entities import Report
from perfsvc.model.execution import outcome_of
from perfsvc.store.database import writes
from perfsvc.store.rows import PLAN
from perfsvc.store.rows import REPORT
from perfsvc.store.rows import by_id
from perfsvc.store.rows import existing
from perfsvc.store.rows import require
from perfsvc.store.tables import PlanRow
from perfsvc.store.tables import ReportRow


@writes
def create(
    plan_id: int,
    execution_id: str,
    *,
    status: str,
    start_time: datetime,
    end_time: datetime,
    summary: dict[str, Any],
    performance_score: float | None,
    body: dict[str, Any],
) -> Report:
    """Raises NotFound for the plan, Conflict when the run has its report, InvalidInput."""
    require(PlanRow, plan_id, PLAN)
    if ReportRow.get_or_none(ReportRow.execution_id == execution_id):
        raise Conflict("该测试执行已有报告", "the run has its report already")
    key = ReportRow.add(
        plan=plan_id,
        execution_id=execution_id,
        status=status,
        start_time=start_time,
        end_time=end_time,
        summary=summary,
        performance_score=performance_score,
        body=body,
        duration=(end_time - start_time).total_seconds(),
        **outcome_of(body),
    )
    return get(key)


def get(report_id: int) -> Report:
    """Raises NotFound."""
    return entity(by_id(ReportRow, report_id, REPORT))


def by_execution(execution_id: str) -> Report:
    """Raises NotFound."""
    return entity(existing(ReportRow.get_or_none(ReportRow.execution_id == execution_id), REPORT))


@writes
def delete(report_id: int) -> None:
    """Raises NotFound."""
    require(ReportRow, report_id, REPORT)
    ReportRow.delete().where(ReportRow.id == report_id).execute()


def entity(row: Any) -> Report:
    """A row as the services see it."""
    return Report(
        id=row.id,
        plan_id=row.plan_id,
        execution_id=row.execution_id,
        status=row.status,
        start_time=row.start_time,
        end_time=row.end_time,
        summary=row.summary,
        performance_score=row.performance_score,
        body=row.body or {},
        created_time=row.created_time,
    )
