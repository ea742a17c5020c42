"""Any time of a run, read from as few stored spans as there can be: wide ones in the middle, seconds at the edges."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from perfsvc.metrics.step_summary import StepSummary
from perfsvc.store import windows
from perfsvc.store.rollup import LEVELS
from perfsvc.store.rollup import Parts
from perfsvc.store.rollup import Piece
from perfsvc.store.rollup import read
from perfsvc.store.window_keys import PERIODS


class Stretch(NamedTuple):
    """Spans of one width from ``start`` up to and without ``end``."""

    width: int
    start: int
    end: int


class Summaries(NamedTuple):
    """Steps in figures, from ``start`` up to and without ``end``, by the start of the span and the step."""

    start: int
    end: int
    of: dict[tuple[int, int], StepSummary]


NO_WINDOWS = Parts(False, ())
NO_SUMMARIES = Summaries(0, 0, {})


def extent(execution_id: str) -> tuple[int, int] | None:
    """The first second of a run, and the one after the last; None where nothing is stored."""
    span = windows.span(execution_id)
    return None if span is None else (span[0], span[1] + 1)


def pieces_between(execution_id: str, start: int, end: int, parts: Parts, widest: int = LEVELS[-1]) -> list[Piece]:
    """What is stored of ``start`` up to and without ``end``, in order, in spans of at most ``widest`` s."""
    done = {width: rolled_up(execution_id, width) for width in LEVELS if 1 < width <= widest}
    return [
        piece
        for stretch in cover(start, end, done)
        for piece in read(execution_id, stretch.width, stretch.start, stretch.end, parts)
    ]


def summaries_between(execution_id: str, start: int, end: int, width: int, steps: Collection[int]) -> Summaries:
    """Steps in figures in stored spans of ``width`` s: as far as there are such spans, and they have figures."""
    if width == 1 or width not in PERIODS or not steps:
        return NO_SUMMARIES
    first, last = rolled_up(execution_id, width)
    start, end = max(start, first), min(end, last)
    summaries = windows.summaries_of(execution_id, PERIODS[width], start, end, steps) if start < end else None
    return Summaries(start, end, summaries) if summaries is not None else NO_SUMMARIES


def pieces_beside(
    execution_id: str, start: int, end: int, parts: Parts, widest: int, figures: Summaries
) -> list[Piece]:
    """As ``pieces_between``, but without the windows where there are figures."""
    if figures is NO_SUMMARIES:
        return pieces_between(execution_id, start, end, parts, widest)
    stretches = (
        (start, figures.start, parts),
        (figures.start, figures.end, NO_WINDOWS),
        (figures.end, end, parts),
    )
    return [
        piece for first, last, some in stretches for piece in pieces_between(execution_id, first, last, some, widest)
    ]


def rolled_up(execution_id: str, width: int) -> tuple[int, int]:
    """From when to when a run has been rolled up to spans of a width."""
    span = windows.span(execution_id, PERIODS[width])
    return (0, 0) if span is None else (span[0], span[1] + width)


def cover(start: int, end: int, done: dict[int, tuple[int, int]]) -> list[Stretch]:
    """The stretches that make up a time exactly, the widest spans first where ``done`` says that they are there."""
    for width in sorted(done, reverse=True):
        first, last = done[width]
        inner = max(-(-start // width) * width, first)
        outer = min(end // width * width, last)
        if inner < outer:
            return [*cover(start, inner, done), Stretch(width, inner, outer), *cover(outer, end, done)]
    return [Stretch(1, start, end)] if start < end else []
