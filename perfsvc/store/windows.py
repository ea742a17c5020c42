"""Snapshots of a run: one row for each node and second, and coarser rows rolled up from them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from typing import Any
from typing import Literal

import msgspec

from perfsvc.model.window import Snapshot
from perfsvc.store.binding import backend
from perfsvc.store.binding import now
from perfsvc.store.database import writes
from perfsvc.store.fields import MAX_BIGINT
from perfsvc.store.rows import PLAN
from perfsvc.store.rows import require
from perfsvc.store.tables import MetricsRow
from perfsvc.store.tables import PlanRow

Period = Literal["1s", "10s", "60s"]
SECONDS: dict[Period, int] = {"1s": 1, "10s": 10, "60s": 60}

log = logging.getLogger(__name__)

MAX_SHARD_KEY = 50
UNIQUE = ("shard_key", "aggregation_period", "seq")
COLUMNS = ("plan_id", "timestamp", "metrics_data", "shard_key", "seq", "aggregation_period", "created_time")


class Row(msgspec.Struct, frozen=True):
    """A snapshot ready to be written, to the database or to a spool; ``data`` is its JSON."""

    plan_id: int
    shard_key: str
    seq: int
    timestamp: int
    data: msgspec.Raw


def encode(plan_id: int, execution_id: str, snapshot: Snapshot) -> Row:
    """Raises ValueError or msgspec's errors for what cannot be written as JSON."""
    data = msgspec.Raw(msgspec.json.encode(snapshot))
    return Row(plan_id, shard_key(execution_id, snapshot.node), snapshot.seq, snapshot.second, data)


@writes
def insert(rows: Sequence[Row], period: Period = "1s") -> int:
    """Write rows that are not there yet and return their number. Raises NotFound for the plan."""
    for plan_id in {row.plan_id for row in rows}:
        require(PlanRow, plan_id, PLAN)
    created = MetricsRow.created_time.db_value(now())
    return backend().insert_new(
        MetricsRow.shape()[0],
        COLUMNS,
        UNIQUE,
        [(row.plan_id, row.timestamp, text(row), row.shard_key, row.seq, period, created) for row in rows],
    )


@writes
def add(plan_id: int, execution_id: str, snapshots: Sequence[Snapshot], period: Period = "1s") -> int:
    """Write snapshots that are not there yet and return their number. Raises NotFound for the plan."""
    return insert([encode(plan_id, execution_id, snapshot) for snapshot in snapshots], period)


def of_execution(execution_id: str, period: Period = "1s", since: int = 0, until: int = MAX_BIGINT) -> list[Snapshot]:
    """A run's snapshots from second ``since`` up to and without ``until``, in order of time, then number, then node."""
    wanted = rows_of(execution_id, period) & (MetricsRow.timestamp >= since) & (MetricsRow.timestamp < until)
    query = MetricsRow.select(MetricsRow.metrics_data).where(wanted)
    ordered = query.order_by(MetricsRow.timestamp, MetricsRow.seq, MetricsRow.shard_key)
    return [snapshot for (document,) in ordered.tuples().iterator() if (snapshot := decoded(document)) is not None]


def decoded(document: str) -> Snapshot | None:
    """Return a stored snapshot; None, with a line in the log, for a row that is damaged."""
    try:
        return decode(document)
    except msgspec.MsgspecError as error:
        log.error("a damaged metrics row was skipped: %s", error)
        return None


def span(execution_id: str) -> tuple[int, int] | None:
    """Return the first and the last second of a run's snapshots, or None."""
    query = MetricsRow.select(MetricsRow.timestamp).where(rows_of(execution_id, "1s"))
    first = query.order_by(MetricsRow.timestamp).first()
    last = query.order_by(MetricsRow.timestamp.desc()).first()
    return (first.timestamp, last.timestamp) if first and last else None


@writes
def delete(execution_id: str) -> int:
    """Delete all snapshots of a run, in all periods, and return the number of rows."""
    return int(MetricsRow.delete().where(rows_of(execution_id)).execute())


@writes
def prune(plan_id: int, at_most: int = 1000) -> int:
    """Delete some rows of a plan's runs and return their number. Repeat until it returns 0."""
    keys = [row.id for row in MetricsRow.select(MetricsRow.id).where(MetricsRow.plan == plan_id).limit(at_most)]
    return int(MetricsRow.delete().where(MetricsRow.id.in_(keys)).execute()) if keys else 0


def shard_key(execution_id: str, node: str) -> str:
    """``execution:node``; a name too long for the column stands by its digest."""
    key = f"{execution_id}:{node}"
    if len(key) <= MAX_SHARD_KEY:
        return key
    room = MAX_SHARD_KEY - len(execution_id) - 1
    return f"{execution_id}:{hashlib.blake2s(node.encode()).hexdigest()[:room]}"


def rows_of(execution_id: str, period: Period | None = None) -> Any:
    """The condition for a run's rows, of one period or of all."""
    # A range, so that the index is used; ";" follows ":" in both databases' order of code points.
    condition = (MetricsRow.shard_key >= f"{execution_id}:") & (MetricsRow.shard_key < f"{execution_id};")
    return condition & (MetricsRow.aggregation_period == period) if period else condition


def text(row: Row) -> str:
    return bytes(row.data).decode()


decode = msgspec.json.Decoder(Snapshot).decode
