"""Any time of a run, under way or over, in figures: read from the store, put together in a thread."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any
from typing import Literal
from typing import TypeVar

from perfsvc.analysis.window_views import Chosen
from perfsvc.analysis.window_views import distribution_block
from perfsvc.analysis.window_views import figures_block
from perfsvc.analysis.window_views import heatmap_block
from perfsvc.analysis.window_views import node_series
from perfsvc.analysis.window_views import run_counts
from perfsvc.analysis.window_views import run_series
from perfsvc.errors import InvalidInput
from perfsvc.event_loop import let_go
from perfsvc.event_loop import off_loop
from perfsvc.event_loop import uncollected
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.window_sum import TOTAL
from perfsvc.model.execution import Execution
from perfsvc.model.run import RunSpec
from perfsvc.model.scene import Part
from perfsvc.service.runs.grid import Grid
from perfsvc.service.runs.grid import grid_of
from perfsvc.service.runs.grid import joined_span
from perfsvc.service.runs.grid import on_grid
from perfsvc.service.runs.grid import widest_in
from perfsvc.service.runs.grid import windows_by_step
from perfsvc.service.runs.run import Run
from perfsvc.service.runs.run_time import RunTime
from perfsvc.service.runs.run_time import RunTimes
from perfsvc.service.runs.step_points import StoredPoints
from perfsvc.service.runs.step_points import points_of
from perfsvc.service.runs.step_points import read_points
from perfsvc.store import distributions
from perfsvc.store import executions
from perfsvc.store.database import Store
from perfsvc.store.rollup import LEVELS
from perfsvc.store.rollup import Parts
from perfsvc.store.rollup import Piece

T = TypeVar("T")

AT_ONCE = 2
"""Readings at a time: they are work for the interpreter that also sends requests."""
KEPT_STEPS = 32
"""Runs whose steps are remembered."""


@dataclass(frozen=True)
class TimeSelection:
    """A time of a run, without ``until`` itself; None is where what was measured begins, or ends.

    ``step`` None is all requests.
    """

    since: int | None
    until: int | None
    latency: Literal["service", "plan"] = "service"
    outcome: Literal["all", "success"] = "all"
    step: int | None = None

    @property
    def chosen(self) -> Chosen:
        return Chosen(self.latency, self.outcome)


@dataclass(frozen=True)
class Steps:
    """The measured steps of a run."""

    names: list[str]
    groups: frozenset[int]
    apart: frozenset[int]
    parts: list[Part]
    warm_up_s: float = 0.0

    @property
    def once(self) -> frozenset[int]:
        """Those of setup and teardown. They count in full, warm-up or not."""
        return self.apart - self.groups

    def kind(self, step: int) -> str:
        return "group" if step in self.groups else "request"


class RunWindows:
    """Reads stored windows of runs."""

    def __init__(self, store: Store, running: Callable[[str], Run | None]) -> None:
        self._store = store
        self._times = RunTimes(store, running)
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._steps: OrderedDict[str, Steps] = OrderedDict()

    async def figures(self, execution_id: str, selection: TimeSelection) -> dict[str, Any]:
        """All requests, and every step or the one that is asked for, of a time. Raises NotFound, InvalidInput."""
        steps, first, start, end = await self._time(execution_id, selection)
        indices = range(len(steps.names)) if selection.step is None else [selection.step]
        parts, once = Parts(True, indices, steps.apart), Parts(False, steps.once.intersection(indices))

        def read() -> tuple[list[Piece], list[Piece]]:
            before = distributions.pieces_between(execution_id, first, start, once)
            return before, distributions.pieces_between(execution_id, start, end, parts)

        def combine(stored: tuple[list[Piece], list[Piece]]) -> dict[str, Any]:
            before, pieces = stored
            span = joined_span(pieces)
            running = span.load.span_ns
            by_step = windows_by_step(pieces, parts)
            for step, windows in windows_by_step(before, once).items():
                by_step[step] += windows
            summary = {**figures_block(by_step.pop(TOTAL, []), running, selection.chosen), **run_counts(span)}
            rows = [
                {
                    "index": index,
                    "name": steps.names[index],
                    "type": steps.kind(index),
                    "part": steps.parts[index],
                    **figures_block(by_step.pop(index, []), running, selection.chosen),
                }
                for index in indices
            ]
            return {"summary": summary, "steps": rows}

        return await self._response(execution_id, selection, (start, end), read, combine)

    async def distribution(self, execution_id: str, selection: TimeSelection) -> dict[str, Any]:
        """The percentile curve of a time. Raises NotFound, InvalidInput."""
        steps, _, start, end = await self._time(execution_id, selection)
        parts = parts_of([selection.step], steps)

        def combine(pieces: list[Piece]) -> dict[str, Any]:
            by_step = windows_by_step(pieces, parts)
            return distribution_block(by_step.get(index_of(selection.step), []), selection.chosen)

        read = partial(distributions.pieces_between, execution_id, start, end, parts)
        return await self._response(execution_id, selection, (start, end), read, combine)

    async def heatmap(self, execution_id: str, selection: TimeSelection, columns: int, rows: int) -> dict[str, Any]:
        """Counts by time and latency, in at most so many columns. Raises NotFound, InvalidInput."""
        steps, _, start, end = await self._time(execution_id, selection)
        grid, parts = grid_of(start, end, columns), parts_of([selection.step], steps)
        edges = edges_of(grid, selection, start, end)

        def combine(pieces: list[Piece]) -> dict[str, Any]:
            wanted = index_of(selection.step)
            windows = (windows_by_step(bucket, parts).get(wanted, []) for bucket in on_grid(pieces, grid))
            return {"timestamps": list(grid.starts), **heatmap_block(windows, rows, selection.chosen)}

        read = partial(distributions.pieces_between, execution_id, *edges, parts, widest_in(grid))
        return await self._response(execution_id, selection, edges, read, combine, grid.width)

    async def series(
        self, execution_id: str, selection: TimeSelection, points: int, chosen_steps: list[int | None]
    ) -> dict[str, Any]:
        """Steps, the run and its nodes over time, in at most so many points. Raises NotFound, InvalidInput."""
        steps, _, start, end = await self._time(execution_id, selection)
        for step in chosen_steps:
            refuse_unknown(step, steps)
        grid, parts = grid_of(start, end, points, LEVELS), parts_of(chosen_steps, steps)
        edges = edges_of(grid, selection, start, end)

        def combine(stored: StoredPoints) -> dict[str, Any]:
            spans, columns = points_of(stored, grid, parts, selection.chosen)
            blocks = {index: columns.pop(index).block() for index in [*columns]}
            series = [
                {
                    "index": step,
                    "name": None if step is None else steps.names[step],
                    **blocks[index_of(step)],
                }
                for step in chosen_steps
            ]
            answer = {
                "timestamps": list(grid.starts),
                "series": series,
                "nodes": node_series(spans),
                "run": run_series(spans),
            }
            let_go(spans)
            return answer

        read = partial(read_points, execution_id, grid, parts, selection.chosen, edges)
        return await self._response(execution_id, selection, edges, read, combine, grid.width)

    async def time_of(self, execution_id: str) -> tuple[Steps, RunTime]:
        """The measured steps of a run, and its time. Raises NotFound."""
        steps = await self.steps_of(execution_id)
        return steps, await self._times.of(execution_id, steps.warm_up_s)

    async def _time(self, execution_id: str, selection: TimeSelection) -> tuple[Steps, int, int, int]:
        """The steps of a run; from when on its setup counts, and the load; the end. Raises NotFound, InvalidInput."""
        steps, time = await self.time_of(execution_id)
        refuse_unknown(selection.step, steps)
        start = time.measured if selection.since is None else min(max(selection.since, time.start), time.end)
        end = time.end if selection.until is None else max(min(selection.until, time.end), start)
        return steps, time.start if selection.since is None else start, start, end

    async def _response(
        self,
        execution_id: str,
        selection: TimeSelection,
        time: tuple[int, int],
        read: Callable[[], T],
        combine: Callable[[T], dict[str, Any]],
        width: int | None = None,
    ) -> dict[str, Any]:
        start, end = time
        async with self._turn:
            with uncollected():
                stored = [await self._store.run(read)]
                # Used up and freed in the thread: thousands of objects at once would hold the loop.
                parts = await asyncio.to_thread(lambda: combine(stored.pop()))
        edges = (selection.since, selection.until)
        exact = all(edge is None or edge == used for edge, used in zip(edges, time, strict=True))
        return {
            "execution_id": execution_id,
            "from": start,
            "to": end,
            "width": end - start if width is None else width,
            "step": selection.step,
            "latency": selection.latency,
            "outcome": selection.outcome,
            "exact": exact,
            **parts,
        }

    async def steps_of(self, execution_id: str) -> Steps:
        """The measured steps of a run. Raises NotFound."""
        known = self._steps.get(execution_id)
        if known is None:
            execution = await self._store.run(executions.get, execution_id)
            known = self._steps[execution_id] = await off_loop(steps_in, execution)
            if len(self._steps) > KEPT_STEPS:
                self._steps.popitem(last=False)
        return known


def steps_in(execution: Execution) -> Steps:
    """The measured steps of a stored run."""
    metrics = RunMetrics.of(RunSpec.parse(execution.spec))
    return Steps(metrics.step_names, metrics.groups, metrics.apart, metrics.parts, metrics.warm_up.length)


def refuse_unknown(step: int | None, steps: Steps) -> None:
    """Raises InvalidInput for a step that the run does not have."""
    if step is not None and not 0 <= step < len(steps.names):
        most = len(steps.names) - 1
        zh, en = f"没有序号为 {step} 的步骤（0 到 {most}）", f"there is no step {step} (0 to {most})"
        raise InvalidInput.at("step", zh, en)


def edges_of(grid: Grid, selection: TimeSelection, start: int, end: int) -> tuple[int, int]:
    """The time that points are made of: their own edges where one was asked for, the run's where none was."""
    return grid.start if selection.since is not None else start, grid.end if selection.until is not None else end


def index_of(step: int | None) -> int:
    """The index of the windows of a step, or of all requests."""
    return TOTAL if step is None else step


def parts_of(indices: Collection[int | None], steps: Steps) -> Parts:
    """What is to be read for some steps, None being all requests."""
    return Parts(None in indices, [index for index in indices if index is not None], steps.apart)
