"""Two neighbouring levels of which one is too low and the other too high."""

from __future__ import annotations

from typing import NamedTuple

from perfsvc.load_control.controller import Scale

CHANGED = 0.1
"""A level that is off by so much more or less than it was (a logarithm): the target is not what it was either."""
REMEMBERED_S = 60
LONGEST_REMEMBERED_S = 600


class Side(NamedTuple):
    """A level, how far off it was (a logarithm), and until when that is believed."""

    level: float
    error: float
    until: int


class Bracket:
    """The latest level that proved too low, and the latest too high; for a while.

    Where the metric jumps between three users and four, neither is right. Without this memory the load would go to and
    fro; with it, the closer one is kept. The other is tried again after a while, each time after twice as long.
    """

    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self._low: Side | None = None
        self._high: Side | None = None
        self._remembered_s = REMEMBERED_S

    def choose(self, level: float, error: float, wish: float, now: int) -> float:
        """Return the next level at ``now``, s, after one that proved wrong; ``wish`` is proposed by the regulator."""
        known = self._low if error < 0 else self._high
        if known is not None and known.level == level and abs(known.error - error) > CHANGED:
            self.forget()
        here, there = Side(level, error, now + self._remembered_s), self._high if error < 0 else self._low
        if error < 0:
            self._low = here
        else:
            self._high = here
        if there is None or not self._neighbours(level, there.level) or not reaches(level, wish, there.level):
            return wish
        if abs(there.error) < abs(error):
            return there.level
        if now <= there.until:
            return level
        self._remembered_s = min(2 * self._remembered_s, LONGEST_REMEMBERED_S)
        return there.level

    def forget(self) -> None:
        """All may be different now."""
        self._low = self._high = None
        self._remembered_s = REMEMBERED_S

    def _neighbours(self, one: float, other: float) -> bool:
        lower, upper = sorted((one, other))
        return lower < upper <= self._scale.above(lower)


def reaches(start: float, end: float, point: float) -> bool:
    """Whether the way from start to end leads over a point."""
    return min(start, end) <= point <= max(start, end)
