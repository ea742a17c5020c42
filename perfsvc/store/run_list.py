"""Runs with their plan, their starter and their outcome, in one query whatever the filter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from peewee import JOIN

from perfsvc.model.entities import Page
from perfsvc.model.execution import Execution
from perfsvc.model.execution import RunFilter
from perfsvc.model.execution import RunRow
from perfsvc.model.run import EndReason
from perfsvc.model.run import RunState
from perfsvc.store.rows import EXECUTION
from perfsvc.store.rows import existing
from perfsvc.store.rows import holding
from perfsvc.store.rows import refuse_page
from perfsvc.store.tables import ExecutionRow
from perfsvc.store.tables import MemberRow
from perfsvc.store.tables import PlanRow
from perfsvc.store.tables import ReportRow
from perfsvc.store.tables import UserRow

COLUMNS = (
    ExecutionRow.execution_id,
    ExecutionRow.plan,
    ExecutionRow.starter,
    ExecutionRow.state,
    ExecutionRow.start_time,
    ExecutionRow.end_time,
    ExecutionRow.reason,
    ExecutionRow.mode,
    ExecutionRow.variable,
    PlanRow.name.alias("plan_name"),
    PlanRow.project.alias("project_id"),
    UserRow.username.alias("starter_name"),
    ReportRow.id.alias("report_id"),
    ReportRow.start_time.alias("load_start"),
    ReportRow.verdict,
    ReportRow.validity,
    ReportRow.summary,
    ReportRow.performance_score,
    ReportRow.found,
    ReportRow.breached,
)


def get(execution_id: str) -> RunRow:
    """Raises NotFound."""
    query = joined(COLUMNS).where(ExecutionRow.execution_id == execution_id)
    return existing(next((entity(row) for row in query.dicts()), None), EXECUTION)


def page(selected: RunFilter, page: int = 1, page_size: int = 10, *, spark: bool = False) -> Page[RunRow]:
    """The runs that a filter leaves, in its order; ``spark`` also reads their small curves. Raises InvalidInput."""
    refuse_page(page, page_size)
    query = joined((*COLUMNS, ReportRow.spark) if spark else COLUMNS)
    for condition in conditions(selected):
        query = query.where(condition)
    total = query.count()
    rows = query.order_by(*order_of(selected)).limit(page_size).offset((page - 1) * page_size)
    return Page(total, page, page_size, [entity(row) for row in rows.dicts()])


def joined(columns: tuple[Any, ...]) -> Any:
    """Runs with the plan, the starter and, where there is one, the report of each."""
    return (
        ExecutionRow.select(*columns)
        .join(PlanRow)
        .switch(ExecutionRow)
        .join(UserRow)
        .switch(ExecutionRow)
        .join(ReportRow, JOIN.LEFT_OUTER, on=(ReportRow.execution_id == ExecutionRow.execution_id))
    )


def conditions(selected: RunFilter) -> Iterator[Any]:
    """Conditions for every row."""
    equal = {
        ExecutionRow.plan: selected.plan_id,
        PlanRow.project: selected.project_id,
        ExecutionRow.mode: selected.mode,
        ReportRow.verdict: selected.verdict,
        ReportRow.validity: selected.validity,
    }
    yield from (field == value for field, value in equal.items() if value is not None)
    if selected.user_id is not None:
        yield PlanRow.project.in_(MemberRow.select(MemberRow.project).where(MemberRow.user == selected.user_id))
    if selected.states:
        yield ExecutionRow.state.in_([state.value for state in selected.states])
    if selected.text:
        yield holding(PlanRow.name, selected.text) | holding(ExecutionRow.execution_id, selected.text)
    if selected.since is not None:
        yield ExecutionRow.start_time >= selected.since
    if selected.until is not None:
        yield ExecutionRow.start_time < selected.until
    if selected.reported:
        yield ReportRow.id.is_null(False)


def order_of(selected: RunFilter) -> list[Any]:
    """Order by the chosen metric, runs without it last; then the newest first."""
    figure = {
        "start_time": ExecutionRow.start_time,
        "duration": ReportRow.duration,
        "error_rate": ReportRow.error_rate,
        "throughput": ReportRow.throughput,
        "p95": ReportRow.p95,
        "score": ReportRow.performance_score,
    }[selected.order]
    return [figure.is_null(), figure.desc() if selected.descending else figure.asc(), ExecutionRow.id.desc()]


def entity(row: dict[str, Any]) -> RunRow:
    """A row as the services see it."""
    execution = Execution(
        execution_id=row["execution_id"],
        plan_id=row["plan"],
        starter_id=row["starter"],
        state=RunState(row["state"]),
        spec={},
        start_time=row["load_start"] or row["start_time"],
        end_time=row["end_time"],
        reason=EndReason.parse(row["reason"]) if row["reason"] else None,
    )
    return RunRow(
        execution=execution,
        plan_name=row["plan_name"],
        project_id=row["project_id"],
        starter=row["starter_name"],
        mode=row["mode"],
        variable=row["variable"],
        report_id=row["report_id"],
        verdict=row["verdict"],
        validity=row["validity"],
        summary=row["summary"],
        performance_score=row["performance_score"],
        found=row["found"],
        breached=row["breached"] or [],
        spark=row.get("spark"),
    )
