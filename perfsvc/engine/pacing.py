"""How many virtual users there should be: pure functions of elapsed time, counted from the run's origin."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from perfsvc.model.load import Load
from perfsvc.model.load import Stage


def target_at(stages: Sequence[Stage], elapsed: float) -> float:
    """The profile's height ``elapsed`` seconds after its start: straight lines between the stages' targets, from 0.

    Before the start it is 0, after the end the last target. A stage of no duration is a jump.
    """
    height = 0.0
    for stage, end in zip(stages, accumulate(stage.duration for stage in stages), strict=True):
        if elapsed < end:
            share = 1 - (end - elapsed) / stage.duration
            return height + (stage.target - height) * max(share, 0.0)
        height = stage.target
    return height


def users_at(load: Load, elapsed: float) -> int:
    """Virtual users wanted ``elapsed`` seconds after the start; 0 from the end on.

    The first user of a ramp starts at its beginning and the last at its end, so a ramp to ``n`` users in ``t`` seconds
    starts one every ``t / n`` seconds.
    """
    if not 0 <= elapsed < load.duration:
        return 0
    height = target_at(load.stages, elapsed)
    rising = height + 1 if height < _ceiling(load.stages, elapsed) else height
    return int(rising + 1e-9)


def share_of(total: int, index: int, count: int) -> int:
    """Node ``index``'s part of ``total`` among ``count`` nodes: equal to within one, adding up exactly."""
    return total * (index + 1) // count - total * index // count


def _ceiling(stages: Sequence[Stage], elapsed: float) -> float:
    """What the stage under way is heading for when it rises, else 0."""
    height = 0.0
    for stage, end in zip(stages, accumulate(stage.duration for stage in stages), strict=True):
        if elapsed < end:
            return stage.target if stage.target > height else 0.0
        height = stage.target
    return 0.0
