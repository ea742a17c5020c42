"""Snapshots of a run: one row for each node and second, and coarser rows of all nodes rolled up from them."""

from __future__ import annotations

import hashlib
import logging
import struct
import zlib
from collections import defaultdict
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
from typing import Any
from typing import Literal
from typing import NamedTuple
from typing import TypeVar

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

Period = Literal["1s", "10s", "60s", "600s", "3600s"]
SECONDS: dict[Period, int] = {"1s": 1, "10s": 10, "60s": 60, "600s": 600, "3600s": 3600}
PERIODS: dict[int, Period] = {seconds: period for period, seconds in SECONDS.items()}

T = TypeVar("T")

log = logging.getLogger(__name__)

MAX_SHARD_KEY = 50
SKIPPED = "a damaged metrics row was skipped: %s"
DAMAGED = (msgspec.MsgspecError, ValueError, zlib.error, struct.error)
ALL_NODES = ""
"""The node of coarser rows."""
STEP_MARK = "#"
"""Stands in the keys of coarser rows of one step, between the run and the step."""
UNIQUE = ("shard_key", "aggregation_period", "seq")
COLUMNS = ("plan_id", "timestamp", "metrics_data", "windows", "shard_key", "seq", "aggregation_period", "created_time")


class StoredSnapshot(Snapshot, frozen=True, kw_only=True):
    """A snapshot as the document of its row: its windows are beside it, and here only their sums."""

    request_count: int = 0
    failure_count: int = 0


class StoredSpan(Span, frozen=True, array_like=True):
    """A span as the document of its row. ``summary`` is None where an earlier version stored it."""

    summary: StepSummary | None = None


class SpanParts(NamedTuple):
    """The windows of a coarser span, packed: the sum of all requests, and each step; both are there in figures too."""

    total: bytes
    steps: dict[int, bytes]
    summaries: dict[int, StepSummary]


class Row(msgspec.Struct, frozen=True):
    """A row ready to be written, to the database or to a spool. ``data`` is its JSON, ``windows`` its histograms."""

    plan_id: int
    shard_key: str
    seq: int
    timestamp: int
    data: msgspec.Raw
    windows: bytes


def encode(plan_id: int, execution_id: str, snapshot: Snapshot, apart: Collection[int] = ()) -> Row:
    """Raises ValueError or msgspec's errors for what cannot be written."""
    requests = [window for window in snapshot.windows if window.step not in apart]
    head = StoredSnapshot(
        **{**msgspec.structs.asdict(snapshot), "windows": []},
        request_count=sum(window.requests for window in requests),
        failure_count=sum(sum(window.failures.values()) for window in requests),
    )
    key = shard_key(execution_id, snapshot.node)
    blob = window_blob.pack(snapshot.windows, apart)
    return Row(plan_id, key, snapshot.seq, snapshot.second, document(head), blob)


def encode_span(plan_id: int, execution_id: str, start: int, width: int, span: Span, parts: SpanParts) -> list[Row]:
    """The coarser rows of a span: that of all requests, and one of each step, to be read apart from each other."""
    data = document(StoredSpan(**msgspec.structs.asdict(span), summary=parts.summaries.get(TOTAL)))
    of_all = Row(plan_id, shard_key(execution_id, ALL_NODES), start // width, start, data, parts.total)
    return [
        of_all,
        *(
            Row(plan_id, step_key(execution_id, step), start // width, start, document(parts.summaries[step]), blob)
            for step, blob in parts.steps.items()
        ),
    ]


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


def with_windows(head: StoredSnapshot, blob: bytes) -> Snapshot | None:
    """Return a stored snapshot with its windows; None, with a line in the log, for a row that is damaged."""
    try:
        return Snapshot(**{**fields_of(head), "windows": window_blob.all_windows(blob)})
    except DAMAGED as error:
        log.error(SKIPPED, error)
        return None


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
    condition = rows_of(execution_id, "1s") & (MetricsRow.timestamp >= since) & (MetricsRow.timestamp < until)
    query = MetricsRow.select(MetricsRow.metrics_data, MetricsRow.windows).where(condition)
    ordered = query.order_by(MetricsRow.timestamp, MetricsRow.seq, MetricsRow.shard_key)
    rows = ((decoded(decode, document), blob or b"") for document, blob in ordered.tuples().iterator())
    return [(head, blob) for head, blob in rows if head is not None]


def heads_of(execution_id: str, since: int, until: int) -> list[StoredSnapshot]:
    """The same without the windows."""
    condition = rows_of(execution_id, "1s") & (MetricsRow.timestamp >= since) & (MetricsRow.timestamp < until)
    query = MetricsRow.select(MetricsRow.metrics_data).where(condition)
    ordered = query.order_by(MetricsRow.timestamp, MetricsRow.seq, MetricsRow.shard_key)
    heads = (decoded(decode, document) for (document,) in ordered.tuples().iterator())
    return [head for head in heads if head is not None]


def decoded(decode_document: Callable[[str], T], data: str) -> T | None:
    """Return a row's document; None, with a line in the log, for a row that is damaged."""
    try:
        return decode_document(data)
    except msgspec.MsgspecError as error:
        log.error(SKIPPED, error)
        return None


def spans_of(
    execution_id: str, period: Period, since: int, until: int, *, total: bool
) -> list[tuple[int, Span, bytes]]:
    """The coarser rows of a run from ``since`` up to and without ``until``, in order: start, span, windows of it.

    The windows are left out unless the ``total`` is wanted.
    """
    condition = rows_of(execution_id, period) & (MetricsRow.timestamp >= since) & (MetricsRow.timestamp < until)
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
    within = (MetricsRow.timestamp >= since) & (MetricsRow.timestamp < until)
    blobs: dict[int, list[bytes]] = defaultdict(list)
    query = MetricsRow.select(MetricsRow.timestamp, MetricsRow.windows).where(condition & within)
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
    within = (MetricsRow.timestamp >= since) & (MetricsRow.timestamp < until)
    query = MetricsRow.select(MetricsRow.timestamp, MetricsRow.shard_key, MetricsRow.metrics_data)
    summaries: dict[tuple[int, int], StepSummary] = {}
    for start, key, data in query.where(condition & within).tuples().iterator():
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


def shard_key(execution_id: str, node: str) -> str:
    """``execution:node``; a name too long for the column stands by its digest."""
    key = f"{execution_id}:{node}"
    if len(key) <= MAX_SHARD_KEY:
        return key
    room = MAX_SHARD_KEY - len(execution_id) - 1
    return f"{execution_id}:{hashlib.blake2s(node.encode()).hexdigest()[:room]}"


def step_key(execution_id: str, step: int) -> str:
    """The key of the coarser rows of a step."""
    return f"{execution_id}{STEP_MARK}{step}"


def summary_key(execution_id: str, step: int) -> str:
    """The key of the coarser rows that have a step in figures; ``TOTAL`` is all requests."""
    return shard_key(execution_id, ALL_NODES) if step == TOTAL else step_key(execution_id, step)


def step_rows_of(execution_id: str) -> Any:
    """The condition for the coarser rows of all steps of a run."""
    # "$" follows "#" in both databases' order of code points.
    return (MetricsRow.shard_key >= f"{execution_id}{STEP_MARK}") & (MetricsRow.shard_key < f"{execution_id}$")


def rows_of(execution_id: str, period: Period | None = None) -> Any:
    """The condition for a run's rows, of one period or of all; the coarser ones of its steps are apart."""
    if period not in (None, "1s"):
        return (MetricsRow.shard_key == shard_key(execution_id, ALL_NODES)) & (MetricsRow.aggregation_period == period)
    # A range, so that the index is used; ";" follows ":" in both databases' order of code points.
    condition = (MetricsRow.shard_key >= f"{execution_id}:") & (MetricsRow.shard_key < f"{execution_id};")
    return condition & (MetricsRow.aggregation_period == period) if period else condition


def fields_of(head: StoredSnapshot) -> dict[str, Any]:
    """The fields of the snapshot itself."""
    fields = msgspec.structs.asdict(head)
    return {name: fields[name] for name in Snapshot.__struct_fields__}


def text(row: Row) -> str:
    return bytes(row.data).decode()


def document(value: msgspec.Struct) -> msgspec.Raw:
    """The JSON of a row."""
    return msgspec.Raw(msgspec.json.encode(value))


decode = msgspec.json.Decoder(StoredSnapshot).decode
decode_span = msgspec.json.Decoder(Span).decode
decode_stored_span = msgspec.json.Decoder(StoredSpan).decode
decode_summary = msgspec.json.Decoder(StepSummary).decode
