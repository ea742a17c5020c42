"""Coarser spans from finer ones, so that any time of a long run can be read without reading every second of it.

A span is that of all nodes. Each level is made of the one below it: 10 s of seconds, 60 s of those, and so on, as the
run goes on; histograms merge exactly, so nothing is lost but the resolution.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection
from collections.abc import Iterator
from functools import reduce
from itertools import chain
from itertools import groupby
from itertools import pairwise
from typing import NamedTuple

from perfsvc.metrics.span import Span
from perfsvc.metrics.step_summary import StepSummary
from perfsvc.metrics.window_sum import TOTAL
from perfsvc.metrics.window_sum import merged_window
from perfsvc.model.window import StepWindow
from perfsvc.store import window_blob
from perfsvc.store import window_rows
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.window_keys import PERIODS
from perfsvc.store.window_keys import Period
from perfsvc.store.window_rows import Row

log = logging.getLogger(__name__)

LEVELS = (1, 10, 60, 600, 3600)
AT_ONCE = 60
"""Spans of the finer level that are held at a time, at least; always whole spans of the coarser one."""


class Piece(NamedTuple):
    """A stored span: what all nodes did in ``width`` s from ``start`` on.

    ``totals`` are the sums of all requests, ``steps`` the blobs of steps: of a second one for each node.
    """

    start: int
    width: int
    span: Span
    totals: list[StepWindow]
    steps: list[bytes]


class Measured(NamedTuple):
    """The measured steps of a run: how many, and which of them have no part in the sum."""

    number: int
    apart: Collection[int] = ()


class Parts(NamedTuple):
    """What is read of a span: whether the sum of all requests, and which steps. ``apart`` have no part in the sum."""

    total: bool
    steps: Collection[int]
    apart: Collection[int] = ()


async def roll_up(store: Store, plan_id: int, execution_id: str, measured: Measured, upto: int | None = None) -> None:
    """Write the coarser spans of a run that are not there yet; those that end after ``upto`` only when it is None.

    Raises NotFound when the plan is gone, StoreUnavailable.
    """
    for finer, coarser in pairwise(LEVELS):
        for start, end in await store.run(due, execution_id, finer, coarser, upto):
            rows = await store.run(folded, plan_id, execution_id, finer, coarser, start, end, measured)
            await store.run(windows.insert, rows, PERIODS[coarser])


def due(execution_id: str, finer: int, coarser: int, upto: int | None) -> list[tuple[int, int]]:
    """The stretches that have the finer spans and not yet the coarser ones, each short enough to be held."""
    seconds = windows.span(execution_id)
    there = windows.span(execution_id, PERIODS[finer])
    if there is None or seconds is None:
        return []
    done = windows.span(execution_id, PERIODS[coarser])
    first = there[0] - there[0] % coarser if done is None else done[1] + coarser
    last = there[1] + finer if upto is None else upto - upto % coarser
    step = max(coarser, finer * AT_ONCE - finer * AT_ONCE % coarser)
    return [(start, min(start + step, last)) for start in range(first, last, step)]


def folded(
    plan_id: int, execution_id: str, finer: int, coarser: int, start: int, end: int, measured: Measured
) -> list[Row]:
    """The coarser rows of a stretch, ready to be written."""
    pieces = read(execution_id, finer, start, end, Parts(True, range(measured.number), measured.apart))
    spans = groupby(pieces, key=lambda piece: piece.start - piece.start % coarser)
    folds = [fold(plan_id, execution_id, first, coarser, list(group)) for first, group in spans]
    return list(chain.from_iterable(folds))


def fold(plan_id: int, execution_id: str, start: int, width: int, pieces: list[Piece]) -> list[Row]:
    """Several spans as one."""
    span = reduce(Span.joined, (piece.span for piece in pieces))
    by_step: dict[int, list[StepWindow]] = defaultdict(list)
    for blob in chain.from_iterable(piece.steps for piece in pieces):
        for window in window_blob.all_windows(blob):
            by_step[window.step].append(window)
    merged = {step: merged_window(step, by_step[step]) for step in sorted(by_step)}
    steps = {step: window_blob.pack_steps([window]) for step, window in merged.items()}
    totals = list(chain.from_iterable(piece.totals for piece in pieces))
    total = merged_window(TOTAL, totals)
    packed = window_blob.pack_steps([], total) if totals else b""
    summaries = {window.step: StepSummary.of(window) for window in (total, *merged.values())}
    return window_rows.encode_span(
        plan_id, execution_id, start, width, span, window_rows.SpanParts(packed, steps, summaries)
    )


def read(execution_id: str, width: int, start: int, end: int, parts: Parts) -> list[Piece]:
    """The stored spans of one width that begin from ``start`` up to and without ``end``, in order."""
    if width == 1:
        return list(seconds(execution_id, start, end, parts))
    period: Period = PERIODS[width]
    of_steps = windows.steps_of(execution_id, period, start, end, parts.steps) if parts.steps else {}
    return [
        Piece(at, width, span, total_in(total, parts.apart), of_steps.get(at, []))
        for at, span, total in windows.spans_of(execution_id, period, start, end, total=parts.total)
    ]


def seconds(execution_id: str, start: int, end: int, parts: Parts) -> Iterator[Piece]:
    """The stored seconds over all nodes; rows whose windows cannot be decoded are left out."""
    rows = windows.seconds_of(execution_id, start, end)
    readable = ((head, found) for head, blob in rows if (found := second_in(blob, parts)) is not None)
    for second, group in groupby(readable, key=lambda row: row[0].second):
        nodes = list(group)
        span = Span.of_second((head, head.request_count, head.failure_count) for head, _ in nodes)
        totals = list(chain.from_iterable(found.totals for _, found in nodes))
        yield Piece(second, 1, span, totals, [found.steps for _, found in nodes])


class Second(NamedTuple):
    """The windows of one node's second."""

    totals: list[StepWindow]
    steps: bytes


def second_in(blob: bytes, parts: Parts) -> Second | None:
    """Return the windows of a row; None, with a line in the log, for a row that is damaged."""
    try:
        if parts.steps:
            window_blob.windows_of(blob, parts.steps)
        totals = total_in(blob, parts.apart) if parts.total else []
    except window_rows.DAMAGED as error:
        log.error(window_rows.SKIPPED, error)
        return None
    return Second(totals, blob if parts.steps else b"")


def total_in(blob: bytes, apart: Collection[int]) -> list[StepWindow]:
    """The sum of all requests, where there are any."""
    total = window_blob.total_of(blob, apart)
    return [] if total is None else [total]
