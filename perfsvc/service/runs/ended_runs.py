"""Ended runs, read from their rolled-up spans: few rows, however long a run was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from perfsvc.analysis.live_frames import HISTORY_POINTS
from perfsvc.analysis.live_frames import MetricFigures
from perfsvc.clock import NS_PER_MS
from perfsvc.event_loop import off_loop
from perfsvc.metrics.figures import WHOLE_RUN_NS
from perfsvc.metrics.figures import Figures
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import figures_of
from perfsvc.metrics.figures import per_second
from perfsvc.metrics.figures import percent
from perfsvc.metrics.span import second_of
from perfsvc.metrics.step_series import MAX_STEPS
from perfsvc.metrics.totals import RunTotals
from perfsvc.metrics.window_sum import HistogramName
from perfsvc.metrics.window_sum import sum_of
from perfsvc.service.runs.run_windows import Grid
from perfsvc.service.runs.run_windows import RunWindows
from perfsvc.service.runs.run_windows import Steps
from perfsvc.service.runs.run_windows import grid_of
from perfsvc.service.runs.run_windows import on_grid
from perfsvc.service.runs.run_windows import whole_of
from perfsvc.service.runs.run_windows import windows_by_step
from perfsvc.service.runs.run_windows import windows_of
from perfsvc.store import distributions
from perfsvc.store.database import Store
from perfsvc.store.rollup import LEVELS
from perfsvc.store.rollup import Parts
from perfsvc.store.rollup import Piece

T = TypeVar("T")

LOAD = Parts(True, ())
"""The load alone."""
SHOWN_OF_A_POINT: tuple[HistogramName, ...] = ("latency", "from_plan")
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
        last = await self._made(execution_id, end - 1, end, LOAD, lambda pieces: seconds_of(pieces, steps, end - 1, 1))

        def made(pieces: list[Piece]) -> MetricFigures:
            load = load_of(pieces, steps)
            counted = everything_of([*before, *pieces], steps, load) if time_range is None else load
            figures = Figures(**figures_of(load, whole_of(pieces).load.span_ns, WHOLE_RUN_NS))
            return MetricFigures(last[-1] if last else None, figures, counted.requests, counted.errors)

        return await self._made(execution_id, since, end, everything(steps), made)

    async def read(self, execution_id: str) -> EndedRun:
        """The whole run. Raises NotFound."""
        steps, (start, measured, end) = await self._windows.time_of(execution_id)
        before = await self._before(execution_id, steps, start, measured)

        def summed(pieces: list[Piece]) -> tuple[RunTotals, float]:
            return everything_of([*before, *pieces], steps, load_of(pieces, steps)), whole_of(pieces).elapsed

        totals, elapsed = await self._made(execution_id, measured, end, everything(steps), summed)
        history = await self._on_grid(execution_id, grid_of(start, end, HISTORY_POINTS), LOAD, steps, seconds_of)
        grid = grid_of(start, end, STEP_POINTS)
        curves = await self._on_grid(execution_id, grid, first_steps(steps), steps, steps_block)
        return EndedRun(totals, elapsed, history, curves)

    async def _before(self, execution_id: str, steps: Steps, start: int, measured: int) -> list[Piece]:
        """Setup and teardown during the warm-up: they count in full."""
        return await self._store.run(
            distributions.pieces_between, execution_id, start, measured, Parts(False, steps.once)
        )

    async def _on_grid(
        self,
        execution_id: str,
        grid: Grid,
        parts: Parts,
        steps: Steps,
        make: Callable[[list[Piece], Steps, int, int], T],
    ) -> T:
        widest = max(level for level in LEVELS if grid.width % level == 0)

        def made(pieces: list[Piece]) -> T:
            return make(pieces, steps, grid.start, grid.width)

        return await self._made(execution_id, grid.start, grid.end, parts, made, widest)

    async def _made(
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


def everything(steps: Steps) -> Parts:
    """The load, and the steps of setup and teardown."""
    return Parts(True, steps.once)


def first_steps(steps: Steps) -> Parts:
    """The steps that the first frame of a feed has."""
    return Parts(False, range(min(len(steps.names), MAX_STEPS)))


def load_of(pieces: list[Piece], steps: Steps) -> RunTotals:
    """All requests of the load."""
    return sum_of(windows_of(pieces, None, steps))


def everything_of(pieces: list[Piece], steps: Steps, load: RunTotals) -> RunTotals:
    """The load with setup and teardown."""
    once = [window for step in sorted(steps.once) for window in windows_of(pieces, step, steps)]
    if not once:
        return load
    both = RunTotals()
    both.add_run_totals(load)
    both.add_run_totals(sum_of(once))
    return both


def seconds_of(pieces: list[Piece], steps: Steps, start: int, width: int) -> list[Second]:
    """The points of a grid that have anything, from ``start`` on."""
    return [
        second_of(at, width, whole_of(bucket), sum_of(windows_of(bucket, None, steps), SHOWN_OF_A_POINT))
        for at, bucket in buckets_of(pieces, start, width)
        if bucket
    ]


def steps_block(pieces: list[Piece], steps: Steps, start: int, width: int) -> dict[str, Any]:
    """The curves of the first steps, as the first frame of a feed has them."""
    buckets = [(at, bucket) for at, bucket in buckets_of(pieces, start, width) if bucket]
    spans = [whole_of(bucket).load.span_ns for _, bucket in buckets]
    parts = first_steps(steps)
    found = [windows_by_step(bucket, parts, steps.apart) for _, bucket in buckets]
    return {
        "width": width,
        "timestamps": [at for at, _ in buckets],
        "steps": [
            {"index": step, **curves_of([sum_of(windows.get(step, []), ("latency",)) for windows in found], spans)}
            for step in parts.steps
        ],
    }


def curves_of(sums: list[RunTotals], spans: list[int]) -> dict[str, list[float | None]]:
    """A step over time."""
    p95 = [totals.latency.percentile_ns(95) for totals in sums]
    return {
        "rps": [per_second(totals.requests, span_ns) for totals, span_ns in zip(sums, spans, strict=True)],
        "p95": [None if value is None else round(value / NS_PER_MS, 3) for value in p95],
        "error_rate": [
            round(percent(totals.errors, totals.requests), 3) if totals.requests else None for totals in sums
        ],
    }


def buckets_of(pieces: list[Piece], start: int, width: int) -> list[tuple[int, list[Piece]]]:
    """The pieces of each point, with its first second."""
    if not pieces:
        return []
    grid = Grid(start, pieces[-1].start + 1, width)
    return list(zip(grid.starts, on_grid(pieces, grid), strict=True))
