"""Next level of the search for the highest good level: decisions only, no time and no samples.

The load is raised from the first level until one is not good; the gap between the last good level and the first that
is not is bisected; then both are tried again, and one that does not hold sends the search on. After every level that
is not good the load goes well down until the target has recovered, so that no level is blamed for what the one before
left behind.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from perfsvc.load_control.controller import Scale
from perfsvc.model.load import ErrorSearch

GROWTH = 1.5
WELL_BELOW = 0.5
"""Of the highest good level: where the target is given time to recover."""
LAST_REST = 2
"""How many level times longer a target that has not recovered there is waited for at the lowest level."""
MOST_CONTRADICTIONS = 8
"""So many verdicts that did not hold when tried again, and the search gives up."""
WIDEST_DOUBT = 0.1
"""Of a level whose verdict did not hold: how far around it the others are forgotten at most."""


class Phase(StrEnum):
    """Purpose of a level. ``RECHECK`` is the ceiling tried again: it falls only if it is clearly good now."""

    RAISE = "raise"
    BISECT = "bisect"
    CONFIRM = "confirm"
    RECHECK = "recheck"
    RECOVER = "recover"


class Verdict(StrEnum):
    """Verdict of a level. At a saturated one the generator did not offer what was planned; at an empty one nothing
    was answered: neither says anything about the target's errors."""

    GOOD = "good"
    BAD = "bad"
    SATURATED = "saturated"
    EMPTY = "empty"


class NextLevel(NamedTuple):
    """A level to hold, what for, and for how many level times longer than one."""

    level: float
    phase: Phase
    longer: int = 0


class SearchStrategy:
    """The state of a search: what levels were good and which were not, and how often the result was confirmed.

    ``complete`` once the interval is as narrow as asked for and confirmed. ``recovered`` is None while no level was
    left for not being good.
    """

    def __init__(self, spec: ErrorSearch, scale: Scale) -> None:
        self.first = NextLevel(scale.fit(spec.low if spec.first is None else spec.first), Phase.RAISE)
        self.recovered: bool | None = None
        self.complete = False
        self._spec = spec
        self._scale = scale
        self._goods: list[float] = []
        self._failures: dict[float, Verdict] = {}
        self._confirmed = 0
        self._ceiling_confirmed = False
        self._contradictions = 0

    @property
    def best(self) -> float | None:
        """The highest good level."""
        return max(self._goods, default=None)

    @property
    def ceiling(self) -> float | None:
        """The lowest level that is not good."""
        return min(self._failures, default=None)

    @property
    def at_least(self) -> bool:
        """Whether the target might take more than the best level: the next higher one was not seen to be bad."""
        ceiling = self.ceiling
        return self.best is not None and (ceiling is None or self._failures[ceiling] is not Verdict.BAD)

    def after(self, move: NextLevel, verdict: Verdict) -> NextLevel | None:
        """Return the level that follows a verdict; None at the end."""
        if move.phase is Phase.RECOVER:
            return self._after_rest(move, verdict)
        if verdict is Verdict.GOOD:
            self._note_good(move)
            return self._onward()
        hopeless = move.level <= self._scale.low and move.level in self._failures
        self._note_failure(move, verdict)
        return self._end() if hopeless else NextLevel(self._well_below(), Phase.RECOVER)

    def _note_good(self, move: NextLevel) -> None:
        """A good level: no failure at or below it stands."""
        refuted = move.level in self._failures
        self._confirmed = self._confirmed + 1 if move.phase is Phase.CONFIRM else 0
        limit = move.level * (1 + self._doubt()) if refuted else move.level
        self._failures = {level: seen for level, seen in self._failures.items() if level > limit}
        self._goods = [*(level for level in self._goods if level != move.level), move.level]
        self._ceiling_confirmed = self._ceiling_confirmed and not refuted

    def _note_failure(self, move: NextLevel, verdict: Verdict) -> None:
        """A level that is not good: nothing at or above it is."""
        refuted = move.level in self._goods
        self._ceiling_confirmed = move.phase is Phase.RECHECK
        self._confirmed = self._confirmed if self._ceiling_confirmed else 0
        limit = move.level * (1 - self._doubt()) if refuted else move.level
        self._goods = [level for level in self._goods if level < move.level and level <= limit]
        self._failures[move.level] = verdict

    def _doubt(self) -> float:
        """Range around a reversed verdict in which other verdicts are dropped too, as a share of the level.

        Twice as far each time, since single trials prove less and less trustworthy.
        """
        self._contradictions += 1
        return min(self._spec.precision / 100 * 2.0 ** (self._contradictions - 1), WIDEST_DOUBT)

    def _after_rest(self, move: NextLevel, verdict: Verdict) -> NextLevel | None:
        self.recovered = verdict is Verdict.GOOD
        if self.recovered:
            return self._onward()
        if move.level > self._scale.low:
            return NextLevel(self._scale.low, Phase.RECOVER, longer=LAST_REST)
        return self._end() if self.ceiling == self._scale.low else None

    def _onward(self) -> NextLevel | None:
        best, ceiling = self.best, self.ceiling
        if self._contradictions >= MOST_CONTRADICTIONS:
            return None
        if best is None:
            return NextLevel(self._scale.low, Phase.BISECT)
        if ceiling is None:
            return self._raised(best) if best < self._scale.high else self._confirm(best, ceiling)
        if self._scale.apart(best, ceiling, self._spec.precision):
            return NextLevel(self._scale.fit((best + ceiling) / 2), Phase.BISECT)
        return self._confirm(best, ceiling)

    def _raised(self, best: float) -> NextLevel:
        wish = best * GROWTH if self._spec.step is None else best + self._spec.step
        return NextLevel(max(self._scale.fit(wish), self._scale.above(best)), Phase.RAISE)

    def _confirm(self, best: float, ceiling: float | None) -> NextLevel | None:
        if self._confirmed < self._spec.confirmations:
            return NextLevel(best, Phase.CONFIRM)
        if self._spec.confirmations and ceiling is not None and not self._ceiling_confirmed:
            return NextLevel(ceiling, Phase.RECHECK, longer=self._spec.confirmations)
        return self._end()

    def _end(self) -> NextLevel | None:
        """No more moves: everything is known, the best level and its ceiling, or that even the lowest is too much."""
        self.complete = True
        return None

    def _well_below(self) -> float:
        best = self.best
        return self._scale.low if best is None else self._scale.fit(best * WELL_BELOW)
