"""The planned load over the whole run, as points between which it goes in straight lines."""

from __future__ import annotations

from typing import Any

from perfsvc.model.load import Adaptive
from perfsvc.model.load import ErrorSearch
from perfsvc.model.load import Load


def curve_of(load: Load) -> list[dict[str, float]]:
    """Time in s of profile time and level; a jump is two points of one time."""
    points: list[tuple[float, float]] = [(0.0, 0.0)]
    moment = 0.0
    for stage in load.stages:
        moment += stage.duration
        if (moment, stage.target) != points[-1]:
            points.append((moment, stage.target))
    return [{"t": round(t, 3), "level": level} for t, level in without_middles(points)]


def without_middles(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points without those on a level line between two others, and without jumps within one moment."""
    points_kept: list[tuple[float, float]] = []
    for point in points:
        while len(points_kept) >= 2 and needless(points_kept[-2], points_kept[-1], point):
            points_kept.pop()
        points_kept.append(point)
    return points_kept


def needless(before: tuple[float, float], middle: tuple[float, float], after: tuple[float, float]) -> bool:
    """Whether the curve is the same without its middle point."""
    return before[0] == middle[0] == after[0] or before[1] == middle[1] == after[1]


def planned_block(load: Load) -> dict[str, Any]:
    """The curve with its length and the levels between which it moves.

    The length is the longest one under a search or an adaptive load, and None where iterations decide the end.
    """
    control = load.control
    moves = isinstance(control, ErrorSearch | Adaptive)
    targets = [stage.target for stage in load.stages]
    return {
        "duration": load.length,
        "points": curve_of(load),
        "min": control.low if isinstance(control, ErrorSearch | Adaptive) else min(targets),
        "max": load.peak,
        "moves": moves,
        "iterations": None if load.iterations is None else load.iterations.count,
        "iterations_scope": None if load.iterations is None else load.iterations.scope,
    }
