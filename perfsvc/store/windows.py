"""Snapshots of a run: one row for each node and second, and coarser rows of all nodes rolled up from them."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import msgspec
from peewee import Value
from peewee import fn

from perfsvc.metrics.span import Span
from perfsvc.metrics.step_summary import StepSummary
from perfsvc.metrics.window_sum import TOTAL
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow
from perfsvc.store import window_blob
from perfsvc.store.binding import backend
from perfsvc.store.binding import now
from perfsvc.store.database import writes
from perfsvc.store.fields import MAX_BIGINT
from perfsvc.store.rows import PLAN
from perfsvc.store.rows import require
from perfsvc.store.tables import MetricsRow
from perfsvc.store.tables import PlanRow
from perfsvc.store.window_keys import SECONDS
from perfsvc.store.window_keys import Period
from perfsvc.store.window_keys import rows_of
from perfsvc.store.window_keys import step_key
from perfsvc.store.window_keys import step_rows_of
from perfsvc.store.window_keys import summary_key
from perfsvc.store.window_rows import DAMAGED
from perfsvc.store.window_rows import SKIPPED
from perfsvc.store.window_rows import Row
from perfsvc.store.window_rows import StoredSnapshot
from perfsvc.store.window_rows import decode
from perfsvc.store.window_rows import decode_span
from perfsvc.store.window_rows import decode_stored_span
from perfsvc.store.window_rows import decode_summary
from perfsvc.store.window_rows import decoded
from perfsvc.store.window_rows import encode
from perfsvc.store.window_rows import fields_of
from perfsvc.store.window_rows import text
from perfsvc.store.window_rows import with_windows

log = logging.getLogger(__name__)

UNIQUE = ("shard_key", "aggregation_period", "seq")
COLUMNS = ("plan_id", "timestamp", "metrics_data", "windows", "shard_key", "seq", "aggregation_period", "created_time")


@writes
def insert(rows: Sequence[Row], period: Period = "1s") -> int:
    """Write rows that are not there yet; return how many were not. Raises NotFound for the plan."""
    for plan_id in {row.plan_id for row in rows}:
        require(PlanRow, plan_id, PLAN)
    created = MetricsRow.created_time.db_value(now())
    values = [
        (row.plan_id, row.timestamp, text(row), row.windows, row.shard_key, row.seq, period, created) for row in rows
    ]
    return backend().insert_new(MetricsRow.shape()[0], COLUMNS, UNIQUE, values)


@writes
def add(plan_id: int, execution_id: str, snapshots: Sequence[Snapshot], apart: Collection[int] = ()) -> int:
    """Write snapshots that are not there yet; return how many were not. Raises NotFound for the plan."""
    return insert([encode(plan_id, execution_id, snapshot, apart) for snapshot in snapshots])


def of_execution(execution_id: str, since: int = 0, until: int = MAX_BIGINT) -> list[Snapshot]:
    """A run's snapshots from second ``since`` up to and without ``until``, in order of time, then number, then node."""
    snapshots = (with_windows(head, blob) for head, blob in seconds_of(execution_id, since, until))
    return [snapshot for snapshot in snapshots if snapshot is not None]


def summed(
    execution_id: str, since: int, until: int, apart: Collection[int], steps: Collection[int]
) -> list[tuple[Snapshot, StepWindow]]:
    """The same with the windows of some ``steps`` only, and the sum of the load beside each.

    That is a fraction of the work where a run has many steps. Those that stand ``apart`` are no part of the load.
    """
    snapshots = []
    for head, blob in seconds_of(execution_id, since, until):
        try:
            load = window_blob.total_of(blob, apart) or StepWindow(TOTAL, 0)
            windows = window_blob.windows_of(blob, steps) if steps else []
        except DAMAGED as error:
            log.error(SKIPPED, error)
        else:
            snapshots.append((Snapshot(**{**fields_of(head), "windows": windows}), load))
    return snapshots


def seconds_of(execution_id: str, since: int, until: int) -> list[tuple[StoredSnapshot, bytes]]:
    """The documents of a run's snapshots and their windows as stored, in order of time, then number, then node."""
    return [(head, blob or b"") for head, blob in _seconds(execution_id, since, until, MetricsRow.windows)]


def heads_of(execution_id: str, since: int, until: int) -> list[StoredSnapshot]:
    """The same without the windows."""
    return [head for (head,) in _seconds(execution_id, since, until)]


def _seconds(
    execution_id: str, since: int, until: int, *more: Any
) -> Iterator[tuple[StoredSnapshot, *tuple[Any, ...]]]:
    """Read the documents that are not damaged, each with ``more`` columns of its row."""
    condition = rows_of(execution_id, "1s") & _between(since, until)
    query = MetricsRow.select(MetricsRow.metrics_data, *more).where(condition)
    ordered = query.order_by(MetricsRow.timestamp, MetricsRow.seq, MetricsRow.shard_key)
    for document, *columns in ordered.tuples().iterator():
        head = decoded(decode, document)
        if head is not None:
            yield head, *columns


def spans_of(
    execution_id: str, period: Period, since: int, until: int, *, total: bool
) -> list[tuple[int, Span, bytes]]:
    """The coarser rows of a run from ``since`` up to and without ``until``, in order: start, span, windows of it.

    The windows are left out unless the ``total`` is wanted.
    """
    condition = rows_of(execution_id, period) & _between(since, until)
    blobs = MetricsRow.windows if total else Value(None)
    query = MetricsRow.select(MetricsRow.timestamp, MetricsRow.metrics_data, blobs).where(condition)
    ordered = query.order_by(MetricsRow.timestamp)
    rows = ((start, decoded(decode_span, data), blob or b"") for start, data, blob in ordered.tuples().iterator())
    return [(start, span, blob) for start, span, blob in rows if span is not None]


def steps_of(
    execution_id: str, period: Period, since: int, until: int, steps: Collection[int]
) -> dict[int, list[bytes]]:
    """The windows of some steps in the coarser rows of a run, by the start of the row."""
    keys = [step_key(execution_id, step) for step in steps]
    condition = MetricsRow.shard_key.in_(keys) & (MetricsRow.aggregation_period == period)
    blobs: dict[int, list[bytes]] = defaultdict(list)
    query = MetricsRow.select(MetricsRow.timestamp, MetricsRow.windows).where(condition & _between(since, until))
    for start, blob in query.tuples().iterator():
        blobs[start].append(blob)
    return blobs


def summaries_of(
    execution_id: str, period: Period, since: int, until: int, steps: Collection[int]
) -> dict[tuple[int, int], StepSummary] | None:
    """Steps in figures, by the start of the coarser row and the step; None where earlier versions stored none.

    All requests together are the step ``TOTAL``.
    """
    of_key = {summary_key(execution_id, step): step for step in steps}
    condition = MetricsRow.shard_key.in_(list(of_key)) & (MetricsRow.aggregation_period == period)
    query = MetricsRow.select(MetricsRow.timestamp, MetricsRow.shard_key, MetricsRow.metrics_data)
    summaries: dict[tuple[int, int], StepSummary] = {}
    for start, key, data in query.where(condition & _between(since, until)).tuples().iterator():
        try:
            summary = decode_stored_span(data).summary if of_key[key] == TOTAL else decode_summary(data)
        except msgspec.MsgspecError:
            return None
        if summary is None:
            return None
        summaries[start, of_key[key]] = summary
    return summaries


def span(execution_id: str, period: Period = "1s") -> tuple[int, int] | None:
    """The first and the last timestamp of a run's rows of a period; None when there are none."""
    query = MetricsRow.select(fn.MIN(MetricsRow.timestamp), fn.MAX(MetricsRow.timestamp))
    first, last = query.where(rows_of(execution_id, period)).scalar(as_tuple=True)
    return None if first is None else (first, last)


def number_of_spans(execution_id: str, period: Period) -> int:
    """How many spans of a period are stored of a run."""
    query = MetricsRow.select(fn.COUNT(MetricsRow.timestamp.distinct())).where(rows_of(execution_id, period))
    return int(query.scalar())


@writes
def delete(execution_id: str) -> int:
    """All of a run, in all periods; return how many rows there were."""
    return int(MetricsRow.delete().where(rows_of(execution_id) | step_rows_of(execution_id)).execute())


@writes
def delete_coarser(execution_id: str, second: int) -> None:
    """The coarser rows that a second belongs to, and those after them."""
    for period, seconds in SECONDS.items():
        if seconds > 1:
            later = MetricsRow.timestamp >= second - second % seconds
            of_steps = step_rows_of(execution_id) & (MetricsRow.aggregation_period == period)
            MetricsRow.delete().where((rows_of(execution_id, period) | of_steps) & later).execute()


@writes
def prune(plan_id: int, at_most: int = 1000) -> int:
    """Delete some rows of a plan's runs; return how many. To be repeated until there are none."""
    keys = [row.id for row in MetricsRow.select(MetricsRow.id).where(MetricsRow.plan == plan_id).limit(at_most)]
    return int(MetricsRow.delete().where(MetricsRow.id.in_(keys)).execute()) if keys else 0


def _between(since: int, until: int) -> Any:
    """The condition for rows from ``since`` up to and without ``until``."""
    return (MetricsRow.timestamp >= since) & (MetricsRow.timestamp < until)
