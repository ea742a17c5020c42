"""Ended runs, read from their rolled-up spans: few rows, however long a run was."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from perfsvc.analysis.live_frames import HISTORY_POINTS
from perfsvc.analysis.live_frames import MetricFigures
from perfsvc.analysis.window_views import Chosen
from perfsvc.event_loop import off_loop
from perfsvc.metrics.figures import WHOLE_RUN_NS
from perfsvc.metrics.figures import Figures
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import figures_of
from perfsvc.metrics.span import second_of
from perfsvc.metrics.step_series import MAX_STEPS
from perfsvc.metrics.totals import RunTotals
from perfsvc.metrics.window_sum import HistogramName
from perfsvc.metrics.window_sum import sum_of
from perfsvc.service.runs.grid import Grid
from perfsvc.service.runs.grid import grid_of
from perfsvc.service.runs.grid import joined_span
from perfsvc.service.runs.grid import on_grid
from perfsvc.service.runs.grid import totals_of
from perfsvc.service.runs.grid import widest_in
from perfsvc.service.runs.grid import windows_of
from perfsvc.service.runs.run_windows import RunWindows
from perfsvc.service.runs.run_windows import Steps
from perfsvc.service.runs.step_points import StoredPoints
from perfsvc.service.runs.step_points import points_of
from perfsvc.service.runs.step_points import read_points
from perfsvc.store import distributions
from perfsvc.store.database import Store
from perfsvc.store.rollup import LEVELS
from perfsvc.store.rollup import Parts
from perfsvc.store.rollup import Piece

T = TypeVar("T")

ALL_REQUESTS = Chosen("service", "all")
SHOWN_OF_A_POINT: tuple[HistogramName, ...] = ("latency", "from_plan")
CURVES = ("rps", "p95", "error_rate")
STEP_POINTS = 120
"""Points of the steps' curves: each point of a step is a percentile of its own."""


class EndedRun(NamedTuple):
    """What the live feed of an ended run needs of its measurement. ``everything`` is with setup and teardown."""

    everything: RunTotals
    elapsed: float
    history: list[Second]
    steps: dict[str, Any]


class EndedRuns:
    """Reads ended runs."""

    def __init__(self, store: Store, windows: RunWindows) -> None:
        self._store = store
        self._windows = windows

    async def figures(self, execution_id: str, time_range: int | None) -> MetricFigures:
        """The figures of a run's last ``time_range`` seconds, or of all of it. Raises NotFound."""
        steps, (start, measured, end) = await self._windows.time_of(execution_id)
        since = measured if time_range is None else max(start, end - time_range)
        before = await self._before(execution_id, steps, start, measured)
        last = await self._history(execution_id, steps, Grid(end - 1, end, 1))

        def combine(pieces: list[Piece]) -> MetricFigures:
            of_load = load_of(pieces)
            counted = everything_of([*before, *pieces], steps, of_load) if time_range is None else of_load
            figures = Figures(**figures_of(of_load, joined_span(pieces).load.span_ns, WHOLE_RUN_NS))
            return MetricFigures(last[-1] if last else None, figures, counted.requests, counted.errors)

        return await self._from_pieces(execution_id, since, end, everything(steps), combine)

    async def read(self, execution_id: str) -> EndedRun:
        """The whole run. Raises NotFound."""
        steps, (start, measured, end) = await self._windows.time_of(execution_id)
        before = await self._before(execution_id, steps, start, measured)

        def combine(pieces: list[Piece]) -> tuple[RunTotals, float]:
            return everything_of([*before, *pieces], steps, load_of(pieces)), joined_span(pieces).elapsed

        totals, elapsed = await self._from_pieces(execution_id, measured, end, everything(steps), combine)
        history = await self._history(execution_id, steps, grid_of(start, end, HISTORY_POINTS))
        curves = await self._curves(execution_id, steps, grid_of(start, end, STEP_POINTS, LEVELS))
        return EndedRun(totals, elapsed, history, curves)

    async def _before(self, execution_id: str, steps: Steps, start: int, measured: int) -> list[Piece]:
        """Setup and teardown during the warm-up: they count in full."""
        return await self._store.run(
            distributions.pieces_between, execution_id, start, measured, Parts(False, steps.once)
        )

    async def _history(self, execution_id: str, steps: Steps, grid: Grid) -> list[Second]:
        combine = partial(seconds_of, grid=grid)
        return await self._from_pieces(execution_id, grid.start, grid.end, load(steps), combine, widest_in(grid))

    async def _curves(self, execution_id: str, steps: Steps, grid: Grid) -> dict[str, Any]:
        parts = first_steps(steps)
        stored = await self._store.run(read_points, execution_id, grid, parts, ALL_REQUESTS)
        return await off_loop(steps_block, stored, grid, parts)

    async def _from_pieces(
        self,
        execution_id: str,
        start: int,
        end: int,
        parts: Parts,
        make: Callable[[list[Piece]], T],
        widest: int = LEVELS[-1],
    ) -> T:
        pieces = await self._store.run(distributions.pieces_between, execution_id, start, end, parts, widest)
        return await off_loop(make, pieces)


def load(steps: Steps) -> Parts:
    """The load alone."""
    return Parts(True, (), steps.apart)


def everything(steps: Steps) -> Parts:
    """The load, and the steps of setup and teardown."""
    return Parts(True, steps.once, steps.apart)


def first_steps(steps: Steps) -> Parts:
    """The steps that the first frame of a feed has."""
    return Parts(False, range(min(len(steps.names), MAX_STEPS)))


def load_of(pieces: list[Piece]) -> RunTotals:
    """All requests of the load."""
    return sum_of(totals_of(pieces))


def everything_of(pieces: list[Piece], steps: Steps, of_load: RunTotals) -> RunTotals:
    """The load with setup and teardown."""
    once = [window for step in sorted(steps.once) for window in windows_of(pieces, step)]
    if not once:
        return of_load
    both = RunTotals()
    both.add_run_totals(of_load)
    both.add_run_totals(sum_of(once))
    return both


def seconds_of(pieces: list[Piece], grid: Grid) -> list[Second]:
    """The points of a grid that have anything."""
    return [
        second_of(at, grid.width, joined_span(bucket), sum_of(totals_of(bucket), SHOWN_OF_A_POINT))
        for at, bucket in zip(grid.starts, on_grid(pieces, grid), strict=True)
        if bucket
    ]


def steps_block(stored: StoredPoints, grid: Grid, parts: Parts) -> dict[str, Any]:
    """The curves of the first steps, as the first frame of a feed has them: at the points that have anything."""
    spans, columns = points_of(stored, grid, parts, ALL_REQUESTS)
    measured = [number for number, span in enumerate(spans) if span.load.seconds]
    return {
        "width": grid.width,
        "timestamps": [grid.starts[number] for number in measured],
        "steps": [
            {"index": step, **{name: [figures[name][number] for number in measured] for name in CURVES}}
            for step, figures in ((step, of_step.figures) for step, of_step in columns.items())
        ],
    }
