"""The search for the breaking point: the highest load whose error rate stays at or under a threshold."""

from __future__ import annotations

from collections import deque
from typing import Any

from perfsvc.load_control.controller import Fitness
from perfsvc.load_control.controller import Scale
from perfsvc.load_control.controller import Watch
from perfsvc.load_control.controller import start_of
from perfsvc.load_control.error_rate.bisection import NextLevel
from perfsvc.load_control.error_rate.bisection import Phase
from perfsvc.load_control.error_rate.bisection import SearchStrategy
from perfsvc.load_control.error_rate.level_trial import Trial
from perfsvc.metrics.figures import Second
from perfsvc.model.load import ErrorSearch
from perfsvc.model.load import Variable

MOST_ROWS = 1_000
"""The oldest give way: a search in tiny steps does not fill the memory."""


class ErrorRateController:
    """Holds one level after the other, as the strategy says, and keeps the evidence.

    A level during which the run was paused is measured again. One set by hand is measured next, in place of the one
    under way, and the search goes on from its verdict; one outside the bounds is brought back to the nearer of them.
    """

    def __init__(self, spec: ErrorSearch, variable: Variable) -> None:
        self.finished = False
        self._spec = spec
        self._scale = Scale.between(variable, spec.low, spec.high)
        self._strategy = SearchStrategy(spec, self._scale)
        self._next = self._strategy.first
        self._level = self._next.level
        self._watch = Watch()
        self._trial: Trial | None = None
        self._evidence: deque[dict[str, Any]] = deque(maxlen=MOST_ROWS)

    def observe(self, second: Second) -> float | None:
        """Count a second for the level under way; the next level when it has its verdict."""
        if self.finished:
            return None
        fitness = self._watch.look(second)
        if fitness is Fitness.PAUSED:
            self._trial = None
        if not second.span_ns:
            return None
        if self._trial is None:
            self._trial = self._begin(start_of(second))
        verdict = self._trial.observe(second, fit=fitness is not Fitness.STUMBLED)
        if verdict is not None:
            self._evidence.append(self._trial.row(verdict.value))
            self._follow(self._strategy.after(self._next, verdict), second.elapsed)
        return self._changed_level()

    def changed_by_hand(self, level: float) -> None:
        """Measure this level next."""
        self._level = level
        self._next = NextLevel(self._scale.fit(level), Phase.RAISE if self._strategy.ceiling is None else Phase.BISECT)
        self._trial = None

    def result(self) -> dict[str, Any] | None:
        """The breaking point between ``low`` (good) and ``high`` (not), as far as it is known."""
        best, ceiling = self._strategy.best, self._strategy.ceiling
        return {
            "mode": "error_rate",
            "variable": self._scale.variable,
            "value": best,
            "low": best,
            "high": best if ceiling is None else ceiling,
            "threshold": self._spec.threshold,
            "evidence": [*self._evidence, *self._under_way()],
            "recovered": self._strategy.recovered,
            "at_least": self._strategy.at_least,
            "complete": self._strategy.complete,
        }

    def _begin(self, began: float) -> Trial:
        return Trial(self._spec, self._next, began, rate=self._scale.variable == "arrival_rate")

    def _follow(self, move: NextLevel | None, elapsed: float) -> None:
        if move is None:
            self.finished = True
            self._trial = None
        else:
            self._next = move
            self._trial = self._begin(elapsed)

    def _changed_level(self) -> float | None:
        if self._next.level == self._level:
            return None
        self._level = self._next.level
        return self._level

    def _under_way(self) -> list[dict[str, Any]]:
        trial = self._trial
        return [trial.row("unfinished")] if trial is not None and trial.stats.seconds else []
