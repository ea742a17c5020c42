"""The errors that a run met: one row for each class of each step, with an example."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from perfsvc.model.entities import ErrorRecord
from perfsvc.store.binding import locked
from perfsvc.store.database import writes
from perfsvc.store.rows import PLAN
from perfsvc.store.rows import require
from perfsvc.store.tables import ErrorRow
from perfsvc.store.tables import PlanRow


@writes
def upsert(plan_id: int, execution_id: str, records: Sequence[ErrorRecord]) -> None:
    """Keep how often each class was seen so far, in all; the first example stays.

    A class is what ``error_data`` has as ``step`` and ``error_class``. Counts replace what was stored, so that the same
    call twice counts once. Raises NotFound for the plan, InvalidInput.
    """
    require(PlanRow, plan_id, PLAN)
    rows = locked(ErrorRow.select(ErrorRow.id, ErrorRow.fingerprint).where(ErrorRow.execution_id == execution_id))
    ids = {row.fingerprint: row.id for row in rows}
    for record in records:
        mark = fingerprint(record.error_data)
        if mark in ids:
            ErrorRow.change(ErrorRow.id == ids[mark], count=record.count)
            continue
        ids[mark] = ErrorRow.add(
            plan=plan_id,
            execution_id=execution_id,
            fingerprint=mark,
            timestamp=record.timestamp,
            error_data=record.error_data,
            count=record.count,
        )


def of_execution(execution_id: str) -> list[ErrorRecord]:
    """All of a run, the most frequent first."""
    rows = ErrorRow.select().where(ErrorRow.execution_id == execution_id).order_by(ErrorRow.count.desc(), ErrorRow.id)
    return [ErrorRecord(execution_id, row.timestamp, row.error_data, row.count) for row in rows]


@writes
def delete(execution_id: str) -> int:
    """Delete the errors of a run and return their number."""
    return int(ErrorRow.delete().where(ErrorRow.execution_id == execution_id).execute())


def fingerprint(error_data: dict[str, Any]) -> str:
    """The same for all records of one error class of one step."""
    named = [error_data.get("step"), error_data.get("error_class")]
    return hashlib.blake2s(msgspec.json.encode(named), digest_size=16).hexdigest()
