"""Steps over time: from their stored figures where a point is one stored span, else from merged histograms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from perfsvc.analysis.step_columns import StepColumns
from perfsvc.analysis.step_points import Stored
from perfsvc.analysis.step_points import selected_times
from perfsvc.analysis.step_points import step_points
from perfsvc.analysis.window_views import Chosen
from perfsvc.metrics.span import Span
from perfsvc.metrics.window_sum import TOTAL
from perfsvc.service.runs.grid import Grid
from perfsvc.service.runs.grid import joined_span
from perfsvc.service.runs.grid import on_grid
from perfsvc.service.runs.grid import widest_in
from perfsvc.service.runs.grid import windows_by_step
from perfsvc.store import distributions
from perfsvc.store.distributions import NO_SUMMARIES
from perfsvc.store.distributions import Summaries
from perfsvc.store.rollup import Parts
from perfsvc.store.rollup import Piece

AT_ONCE = 200
"""Points that are made at once: more take no less time each, and hold the interpreter for longer."""


class StoredPoints(NamedTuple):
    """What is stored of the points of a grid."""

    pieces: list[Piece]
    summaries: Summaries


def read_points(
    execution_id: str, grid: Grid, parts: Parts, chosen: Chosen, edges: tuple[int, int] | None = None
) -> StoredPoints:
    """Read what the points of a grid are made of; ``edges`` cut the first and the last of them."""
    start, end = edges or (grid.start, grid.end)
    whole = -(-start // grid.width) * grid.width
    summaries = distributions.summaries_between(execution_id, whole, grid.end, grid.width, indices_of(parts))
    if any(selected_times(summary, chosen) is None for summary in summaries.of.values()):
        summaries = NO_SUMMARIES
    return StoredPoints(
        distributions.pieces_beside(execution_id, start, end, parts, widest_in(grid), summaries), summaries
    )


def indices_of(parts: Parts) -> list[int]:
    """The steps that are read, all requests together as ``TOTAL``."""
    return [*([TOTAL] if parts.total else []), *parts.steps]


def points_of(
    stored: StoredPoints, grid: Grid, parts: Parts, chosen: Chosen
) -> tuple[list[Span], dict[int, StepColumns]]:
    """The span of each point, and each step over time; all requests are under ``TOTAL``. What was stored is used up."""
    spans: list[Span] = []
    columns = Columns(indices_of(parts), chosen)
    summaries = stored.summaries.of
    for at, bucket in zip(grid.starts, on_grid(stored.pieces, grid), strict=True):
        span = joined_span(bucket)
        spans.append(span)
        by_step = windows_by_step(bucket, parts)
        for index in columns.of:
            summary = summaries.pop((at, index), None)
            columns.add(index, Stored(by_step.get(index, []) if summary is None else summary, span))
    columns.finish()
    return spans, columns.of


class Columns:
    """Steps over time, made of some of their points at once: ``add`` in order of time, then ``finish``."""

    def __init__(self, indices: Iterable[int], chosen: Chosen) -> None:
        self.of = {index: StepColumns() for index in indices}
        self._chosen = chosen
        self._waiting: list[tuple[int, Stored]] = []

    def add(self, index: int, stored: Stored) -> None:
        """Take the next point of a step."""
        self._waiting.append((index, stored))
        if len(self._waiting) >= AT_ONCE:
            self.finish()

    def finish(self) -> None:
        """Make the points that were taken."""
        points = step_points([stored for _, stored in self._waiting], self._chosen)
        for (index, _), point in zip(self._waiting, points, strict=True):
            self.of[index].add(point)
        self._waiting.clear()
