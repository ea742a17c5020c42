"""Pins: notes at times of runs."""

from __future__ import annotations

from typing import Any
from typing import NamedTuple

from perfsvc.errors import Conflict
from perfsvc.model.entities import Pin
from perfsvc.store.database import writes
from perfsvc.store.executions import row_of
from perfsvc.store.fields import MAX_INT
from perfsvc.store.rows import EXECUTION
from perfsvc.store.rows import PIN
from perfsvc.store.rows import USER
from perfsvc.store.rows import existing
from perfsvc.store.rows import require
from perfsvc.store.tables import ExecutionRow
from perfsvc.store.tables import PinRow
from perfsvc.store.tables import UserRow


class NewPin(NamedTuple):
    """A pin to be stored."""

    execution_id: str
    creator_id: int
    begins: float
    ends: float | None
    text: str


@writes
def create(pin: NewPin, most: int) -> Pin:
    """Raises NotFound for the run or the user, Conflict when the run has ``most`` pins already, InvalidInput."""
    run = existing(row_of(pin.execution_id).first(), EXECUTION)
    require(UserRow, pin.creator_id, USER)
    if PinRow.select().where(PinRow.execution == run.id).count() >= most:
        raise Conflict(
            f"一次测试执行最多 {most} 个标记，请先删除不需要的",
            f"a run has at most {most} pins: delete one that is not needed",
        )
    pin_id = PinRow.add(execution=run.id, creator=pin.creator_id, begins=pin.begins, ends=pin.ends, text=pin.text)
    return get(pin.execution_id, pin_id)


def get(execution_id: str, pin_id: int) -> Pin:
    """A pin of a run. Raises NotFound; a number too large for an id is the id of nothing."""
    query = _of_run(execution_id).where(PinRow.id == pin_id)
    return entity(existing(query.first() if abs(pin_id) <= MAX_INT else None, PIN))


def of_run(execution_id: str) -> list[Pin]:
    """The pins of a run in the order of their times."""
    return [entity(row) for row in _of_run(execution_id).order_by(PinRow.begins, PinRow.id)]


def _of_run(execution_id: str) -> Any:
    return (
        PinRow.select(PinRow, ExecutionRow.execution_id, UserRow.username)
        .join(ExecutionRow, attr="run")
        .switch(PinRow)
        .join(UserRow, attr="author")
        .where(ExecutionRow.execution_id == execution_id)
    )


@writes
def update(pin: Pin) -> Pin:
    """Store times and text of a pin. Raises InvalidInput."""
    PinRow.change(PinRow.id == pin.id, begins=pin.begins, ends=pin.ends, text=pin.text)
    return get(pin.execution_id, pin.id)


@writes
def delete(execution_id: str, pin_id: int) -> None:
    """Raises NotFound."""
    get(execution_id, pin_id)
    PinRow.delete().where(PinRow.id == pin_id).execute()


def entity(row: Any) -> Pin:
    """A row as the services see it."""
    return Pin(
        id=row.id,
        execution_id=row.run.execution_id,
        author=row.author.username,
        begins=row.begins,
        ends=row.ends,
        text=row.text,
        created_time=row.created_time,
    )
