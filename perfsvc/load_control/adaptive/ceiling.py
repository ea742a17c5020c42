"""Memory of levels that were too high, so that the load approaches them slowly the next time."""

from __future__ import annotations

import math

CLOSE = math.log(1.03)
FIRST_PUSH = math.log(1.03)


class Ceiling:
    """The lowest level that was too much of late, as a limit to how far up a move may go.

    A move goes at most half the way to the ceiling, in logarithms. A level close to it that is still too low pushes it
    up, twice as far each time: the target may have recovered.
    """

    def __init__(self) -> None:
        self._at: float | None = None
        self._push = FIRST_PUSH

    @property
    def up(self) -> bool:
        """Whether there is one."""
        return self._at is not None

    def note_too_much(self, level: float) -> None:
        """This level was too much."""
        self._at = level if self._at is None else min(level, self._at)
        self._push = FIRST_PUSH

    def limit(self, level: float, move: float, least: float) -> float:
        """A move up from a level that is surely too low, shortened where the ceiling says so.

        ``least`` is the smallest move there is; all moves are logarithms.
        """
        if self._at is None:
            return move
        room = math.log(self._at / level)
        if room <= max(CLOSE, least):
            self._at = level * math.exp(2 * self._push)
            self._push *= 2
            room = math.log(self._at / level)
        return min(move, room / 2)
