"""Steps over time: from their stored figures where a point is one stored span, else from merged histograms."""

from __future__ import annotations

from typing import NamedTuple

from perfsvc.analysis.step_columns import StepColumns
from perfsvc.analysis.window_views import Chosen
from perfsvc.analysis.window_views import step_point
from perfsvc.analysis.window_views import summary_point
from perfsvc.analysis.window_views import times_of
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
    if any(times_of(summary, chosen) is None for summary in summaries.of.values()):
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
    columns = {index: StepColumns() for index in indices_of(parts)}
    summaries = stored.summaries.of
    for at, bucket in zip(grid.starts, on_grid(stored.pieces, grid), strict=True):
        span = joined_span(bucket)
        spans.append(span)
        by_step = windows_by_step(bucket, parts)
        for index, of_step in columns.items():
            summary = summaries.pop((at, index), None)
            if summary is None:
                of_step.add(step_point(by_step.get(index, []), span, chosen))
            else:
                of_step.add(summary_point(summary, span, chosen))
    return spans, columns
