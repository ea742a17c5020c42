"""Points over a time of a run, each as wide as whole stored spans, and what the spans of a point have together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from itertools import count

from perfsvc.metrics.span import Span
from perfsvc.metrics.window_sum import TOTAL
from perfsvc.model.window import StepWindow
from perfsvc.store import window_blob
from perfsvc.store.rollup import LEVELS
from perfsvc.store.rollup import Parts
from perfsvc.store.rollup import Piece

WIDTHS = (1, 2, 10, 20, 60, 120, 600, 1200, 3600)
"""Seconds of a point: at most twice as many stored spans are read as there are points. Wider ones are whole hours."""


@dataclass(frozen=True)
class Grid:
    """Points of ``width`` s from ``start`` up to and without ``end``."""

    start: int
    end: int
    width: int

    @property
    def starts(self) -> range:
        return range(self.start, self.end, self.width)


def grid_of(start: int, end: int, points: int, widths: Sequence[int] = WIDTHS) -> Grid:
    """The finest grid with at most so many points, its edges on whole widths; beyond ``widths``, whole hours."""
    for width in chain(widths, count(2 * WIDTHS[-1], WIDTHS[-1])):
        grid = Grid(start - start % width, -(-end // width) * width, width)
        if len(grid.starts) <= points:
            return grid
    raise AssertionError("some width is wide enough")


def widest_in(grid: Grid) -> int:
    """The widest stored spans that points of a grid are made of."""
    return max(level for level in LEVELS if grid.width % level == 0)


def on_grid(pieces: list[Piece], grid: Grid) -> Iterator[list[Piece]]:
    """Yield the pieces of each point. They come in order, and are taken out of the list.

    So a reader that is done with a point frees it: to free all of them in one go would hold the event loop.
    """
    pieces.reverse()
    for start in grid.starts:
        bucket = []
        while pieces and pieces[-1].start < start + grid.width:
            bucket.append(pieces.pop())
        yield bucket


def joined_span(pieces: list[Piece]) -> Span:
    """Series of the whole run."""
    return reduce(Span.joined, (piece.span for piece in pieces)) if pieces else Span()


def windows_of(pieces: list[Piece], step: int) -> list[StepWindow]:
    """The windows of one step."""
    return windows_by_step(pieces, Parts(False, [step])).get(step, [])


def totals_of(pieces: list[Piece]) -> list[StepWindow]:
    """The windows of all requests."""
    return list(chain.from_iterable(piece.totals for piece in pieces))


def windows_by_step(pieces: list[Piece], parts: Parts) -> dict[int, list[StepWindow]]:
    """The wanted windows; those of all requests under ``TOTAL``."""
    by_step: dict[int, list[StepWindow]] = defaultdict(list)
    steps = frozenset(parts.steps)
    if parts.total:
        by_step[TOTAL] = totals_of(pieces)
    for blob in chain.from_iterable(piece.steps for piece in pieces) if steps else ():
        for window in window_blob.windows_of(blob, steps):
            by_step[window.step].append(window)
    return by_step
