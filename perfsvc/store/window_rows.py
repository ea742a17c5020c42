"""Rows of a run's snapshots: a JSON document and packed windows, of one second of a node or of a coarser span."""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Callable
from collections.abc import Collection
from typing import Any
from typing import NamedTuple
from typing import TypeVar

import msgspec

from perfsvc.metrics.span import Span
from perfsvc.metrics.step_summary import StepSummary
from perfsvc.metrics.window_sum import TOTAL
from perfsvc.model.window import Snapshot
from perfsvc.store import window_blob
from perfsvc.store.window_keys import ALL_NODES
from perfsvc.store.window_keys import shard_key
from perfsvc.store.window_keys import step_key

T = TypeVar("T")

log = logging.getLogger(__name__)

SKIPPED = "a damaged metrics row was skipped: %s"
DAMAGED = (msgspec.MsgspecError, ValueError, zlib.error, struct.error)


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


def with_windows(head: StoredSnapshot, blob: bytes) -> Snapshot | None:
    """Return a stored snapshot with its windows; None, with a line in the log, for a row that is damaged."""
    try:
        return Snapshot(**{**fields_of(head), "windows": window_blob.all_windows(blob)})
    except DAMAGED as error:
        log.error(SKIPPED, error)
        return None


def decoded(decode_document: Callable[[str], T], data: str) -> T | None:
    """Return a row's document; None, with a line in the log, for a row that is damaged."""
    try:
        return decode_document(data)
    except msgspec.MsgspecError as error:
        log.error(SKIPPED, error)
        return None


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
