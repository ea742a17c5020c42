"""The metrics of a run put together again from its stored rows.

What the load did is merged second by second, from the sum that each second has beside its steps. The steps are merged
from coarser rows, which have the same samples in few windows: a run of many steps takes a fraction of the time so. Each
coarser row is checked against its seconds before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from functools import reduce
from itertools import groupby
from typing import NamedTuple

from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.span import Span
from perfsvc.metrics.step_series import MAX_POINTS
from perfsvc.metrics.step_series import StepSeries
from perfsvc.metrics.thresholds import ThresholdJudge
from perfsvc.model.execution import Execution
from perfsvc.model.run import RunSpec
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow
from perfsvc.store import distributions
from perfsvc.store import window_blob
from perfsvc.store import window_rows
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.rollup import LEVELS
from perfsvc.store.rollup import Measured
from perfsvc.store.rollup import Parts
from perfsvc.store.rollup import Piece
from perfsvc.store.rollup import read
from perfsvc.store.rollup import roll_up
from perfsvc.store.window_keys import PERIODS

log = logging.getLogger(__name__)

SLICE_S = 60
PIECES = 30
"""Coarser rows of all steps that are held at a time."""
CHECKED = LEVELS[1]
"""The finest coarser rows: all others are made of these."""


class Stored(NamedTuple):
    """A snapshot; the sum of the load beside it where it has windows of some steps only."""

    snapshot: Snapshot
    load: StepWindow | None = None


async def stored_metrics(store: Store, execution: Execution) -> tuple[RunMetrics, ThresholdJudge]:
    """Return the metrics of a run and its thresholds, and write the coarser rows that are not there yet."""
    spec = RunSpec.parse(execution.spec)
    measured = RunMetrics.of(spec)
    await rolled_up(store, execution, Measured(len(measured.step_names), measured.apart))
    merging = Merging(store, execution.execution_id, spec, await step_width(store, execution.execution_id))
    if not await merging.done():
        log.error("run %s: its coarser rows are not the sum of its seconds, which are read again", merging.id)
        merging = Merging(store, execution.execution_id, spec, LEVELS[0])
        await merging.done()
    return merging.metrics, merging.judge


async def rolled_up(store: Store, execution: Execution, measured: Measured) -> None:
    """Make all coarser rows of a run, those again that seconds are missing in."""
    wrong = await find_wrong(store, execution.execution_id)
    if wrong is not None:
        await store.run(windows.delete_coarser, execution.execution_id, wrong)
    try:
        await roll_up(store, execution.plan_id, execution.execution_id, measured)
    except window_rows.DAMAGED as error:
        log.error("run %s: coarser rows cannot be read and are made again: %s", execution.execution_id, error)
        await store.run(windows.delete_coarser, execution.execution_id, 0)
        await roll_up(store, execution.plan_id, execution.execution_id, measured)


async def find_wrong(store: Store, execution_id: str) -> int | None:
    """The start of the first coarser row that is not the sum of its seconds: one came when the row was there."""
    first, end = await extent(store, execution_id)
    for since in range(first - first % SLICE_S, end, SLICE_S):
        rows = await store.run(spans_and_seconds, execution_id, since, since + SLICE_S)
        wrong = await asyncio.to_thread(first_wrong, *rows)
        if wrong is not None:
            return wrong
    return None


async def extent(store: Store, execution_id: str) -> tuple[int, int]:
    """The first second of a run, and the one after the last."""
    return await store.run(distributions.extent, execution_id) or (0, 0)


async def step_width(store: Store, execution_id: str) -> int:
    """The width of the spans that the series of the steps will have."""
    for width in LEVELS[:-1]:
        if await store.run(windows.number_of_spans, execution_id, PERIODS[width]) <= MAX_POINTS:
            return width
    return LEVELS[-1]


class Merging:
    """Merges a run, its steps from rows of ``width`` s, or all of it from its seconds where that is 1.

    One slice after the other is read in the store and merged in a thread: hundreds of nodes fill gigabytes in an hour.
    """

    def __init__(self, store: Store, execution_id: str, spec: RunSpec, width: int) -> None:
        self.id = execution_id
        self.metrics, self.judge = RunMetrics.of(spec), ThresholdJudge(spec.thresholds)
        self.metrics.step_series = StepSeries(len(self.metrics.step_names), width)
        self._store, self._width = store, width
        named = {rule.step for rule in spec.thresholds}
        self._judged = frozenset(step for step, name in enumerate(self.metrics.step_names) if name in named)
        self._steps_from: int | None = None
        """From when on the steps are merged from coarser rows."""

    async def done(self) -> bool:
        """Merge everything. Return whether the steps add up to the load."""
        first, end = await extent(self._store, self.id)
        for since in range(first - first % SLICE_S, end, SLICE_S):
            await asyncio.to_thread(merge, self.metrics, self.judge, await self._slice(since))
        await asyncio.to_thread(close_seconds, self.metrics, self.judge, end - 1)
        if self._steps_from is None:
            return True
        everything, length = Parts(False, range(len(self.metrics.step_names))), PIECES * self._width
        for since in range(self._steps_from, end, length):
            pieces = await self._store.run(read, self.id, self._width, since, since + length, everything)
            if not await asyncio.to_thread(merge_steps, self.metrics, pieces, self._judged):
                return False
        return adds_up(self.metrics)

    async def _slice(self, since: int) -> list[Stored]:
        self._begin_sums(since)
        if self._steps_from is None or since < self._steps_from:
            snapshots = await self._store.run(windows.of_execution, self.id, since, since + SLICE_S)
            return [Stored(snapshot) for snapshot in snapshots]
        query = (since, since + SLICE_S, self.metrics.apart, self._judged)
        return [Stored(*each) for each in await self._store.run(windows.summed, self.id, *query)]

    def _begin_sums(self, since: int) -> None:
        """Leave steps to coarser rows from now on, or once that row is over in which the warm-up ended."""
        warm_up, width = self.metrics.warm_up, max(self._width, SLICE_S)
        if self._steps_from is None and self._width > LEVELS[0] and warm_up.over:
            self._steps_from = -(-since // width) * width if warm_up.length else since - since % width


def spans_and_seconds(
    execution_id: str, since: int, until: int
) -> tuple[list[tuple[int, Span, bytes]], list[window_rows.StoredSnapshot]]:
    """The finest coarser rows of a time, and the heads of its seconds."""
    spans = windows.spans_of(execution_id, PERIODS[CHECKED], since, until, total=False)
    return spans, (windows.heads_of(execution_id, since, until) if spans else [])


def first_wrong(spans: list[tuple[int, Span, bytes]], heads: list[window_rows.StoredSnapshot]) -> int | None:
    """The start of the first span that has other counts than its seconds together."""
    seconds = ((second, list(group)) for second, group in groupby(heads, key=lambda head: head.second))
    by_span: dict[int, list[Span]] = {}
    for second, group in seconds:
        span_of_second = Span.of_second((head, head.request_count, head.failure_count) for head in group)
        by_span.setdefault(second - second % CHECKED, []).append(span_of_second)
    for start, span, _ in spans:
        right = reduce(Span.joined, by_span.get(start, []), Span())
        if (span.counts, span.nodes) != (right.counts, right.nodes):
            return start
    return None


def merge(metrics: RunMetrics, judge: ThresholdJudge, snapshots: Iterable[Stored]) -> None:
    """Merge snapshots, in order of time: with the first of a second, those before it are complete."""
    for snapshot, load in snapshots:
        close_seconds(metrics, judge, snapshot.second - 1)
        metrics.merge(snapshot, load)


def close_seconds(metrics: RunMetrics, judge: ThresholdJudge, upto: int) -> None:
    """Close the seconds up to one, and judge them."""
    for second in metrics.close_seconds(upto):
        judge.observe(second, metrics)


def merge_steps(metrics: RunMetrics, pieces: Iterable[Piece], counted: frozenset[int]) -> bool:
    """Merge the windows of all steps in some spans. Return whether they can be read."""
    for piece in pieces:
        try:
            found = [window for blob in piece.steps for window in window_blob.all_windows(blob)]
            metrics.add_steps(piece.start, piece.span.load.span_ns, found, counted)
        except window_rows.DAMAGED:
            return False
    return True


def adds_up(metrics: RunMetrics) -> bool:
    """Whether the steps of the load have as many requests and errors as the load."""
    of_load = [totals for step, totals in enumerate(metrics.steps) if step not in metrics.apart]
    steps = (sum(totals.requests for totals in of_load), sum(totals.errors for totals in of_load))
    return steps == (metrics.total.requests, metrics.total.errors)
