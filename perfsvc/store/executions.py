"""Runs: one row per start of a plan."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from perfsvc.errors import Conflict
from perfsvc.errors import InvalidInput
from perfsvc.model.execution import Execution
from perfsvc.model.execution import variable_of
from perfsvc.model.run import ENDED
from perfsvc.model.run import EndReason
from perfsvc.model.run import RunState
from perfsvc.model.test_mode import mode_of
from perfsvc.store.binding import locked
from perfsvc.store.database import writes
from perfsvc.store.rows import EXECUTION
from perfsvc.store.rows import PLAN
from perfsvc.store.rows import USER
from perfsvc.store.rows import existing
from perfsvc.store.rows import require
from perfsvc.store.tables import ExecutionRow
from perfsvc.store.tables import PlanRow
from perfsvc.store.tables import UserRow

EXECUTION_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
"""Short enough for a shard key of 50 characters, and safe in a file's name."""


@writes
def create(execution: Execution) -> Execution:
    """Raises NotFound for the plan or the user, Conflict when the id is taken, InvalidInput."""
    if not EXECUTION_ID.fullmatch(execution.execution_id):
        zh, en = "应由 1 到 32 个字母、数字、_ 或 - 组成", "must be 1 to 32 letters, digits, _ or -"
        raise InvalidInput.at("execution_id", zh, en)
    require(PlanRow, execution.plan_id, PLAN)
    require(UserRow, execution.starter_id, USER)
    ExecutionRow.add(
        execution_id=execution.execution_id,
        plan=execution.plan_id,
        starter=execution.starter_id,
        state=execution.state,
        spec=execution.spec,
        start_time=execution.start_time,
        end_time=execution.end_time,
        reason=execution.reason.model_dump() if execution.reason else None,
        mode=mode_of(execution.spec),
        variable=variable_of(execution.spec),
    )
    return get(execution.execution_id)


def get(execution_id: str) -> Execution:
    """Raises NotFound."""
    return entity(existing(row_of(execution_id).first(), EXECUTION))


@writes
def set_state(execution_id: str, state: RunState) -> Execution:
    """Move on a run that has not ended; raises NotFound, Conflict."""
    hold_unended(execution_id)
    ExecutionRow.change(ExecutionRow.execution_id == execution_id, state=state)
    return get(execution_id)


@writes
def finish(execution_id: str, state: RunState, reason: EndReason, end_time: datetime) -> Execution:
    """End a run, once; raises NotFound, Conflict when it has ended, InvalidInput for a state that is no end."""
    if state not in ENDED:
        raise InvalidInput.at("state", f"{state.value} 不是结束状态", f"{state.value} is not an end")
    hold_unended(execution_id)
    ExecutionRow.change(
        ExecutionRow.execution_id == execution_id, state=state, reason=reason.model_dump(), end_time=end_time
    )
    return get(execution_id)


def unfinished() -> list[Execution]:
    """The runs that have not ended, the oldest first."""
    rows = ExecutionRow.select().where(ExecutionRow.state.not_in(sorted(ENDED))).order_by(ExecutionRow.id)
    return entities(list(rows))


def latest_of_plan(plan_id: int) -> str | None:
    """The id of the plan's run that was created last; no other begins before the transaction ends."""
    rows = ExecutionRow.select().where(ExecutionRow.plan == plan_id).order_by(ExecutionRow.id.desc()).limit(1)
    row = locked(rows).first()
    return None if row is None else str(row.execution_id)


def row_of(execution_id: str) -> Any:
    return ExecutionRow.select().where(ExecutionRow.execution_id == execution_id)


def hold_unended(execution_id: str) -> None:
    """Keep other transactions from ending the same run; raises NotFound, Conflict when it has ended."""
    row = existing(locked(row_of(execution_id)).first(), EXECUTION)
    if RunState(row.state).ended:
        raise Conflict("测试执行已结束", "the run has ended")


def entities(rows: list[Any]) -> list[Execution]:
    return [entity(row) for row in rows]


def entity(row: Any) -> Execution:
    """A row as the services see it."""
    return Execution(
        execution_id=row.execution_id,
        plan_id=row.plan_id,
        starter_id=row.starter_id,
        state=RunState(row.state),
        spec=row.spec,
        start_time=row.start_time,
        end_time=row.end_time,
        reason=EndReason.parse(row.reason) if row.reason else None,
    )
