"""The control law of adaptive load, on logarithms: from readings to moves.

A level is held until it has shown what it does, and then corrected by a share of the error over the learnt elasticity.
So a target that reacts late is waited for instead of being pushed further, and one that is not sure to be off is left
alone. There is no sum of errors that could wind up at a bound: the level itself is the integral.
"""

from __future__ import annotations

import math

from perfsvc.engine.control.fence import Fence
from perfsvc.engine.control.readings import Readings
from perfsvc.engine.control.response import Response

GAIN, BOLD_GAIN = 0.6, 0.9
LARGE = 0.15
"""An error or a move this large is no noise: it is mended nearly at once, and a swing when taken back."""
FAR_BELOW = math.log(3 / 4)
"""Under half the target, with no fence in sight, there is time to hurry."""
HURRIED_UP = math.log(1.5)
UP = math.log(1.25)
DOWN = math.log(2)
ALARM = math.log(2)
"""Above twice the target for two seconds, or above four times it for one, nothing is waited for."""
LOUD_ALARM = math.log(4)
SMALLEST_CUT, LARGEST_CUT = math.log(1.2), math.log(3)
BELOW_GOOD = math.log(1.15)
"""After an alarm, so far below the last good level: what piled up must drain."""
IMPROVING = 0.1

QUICK_S = 1.0
SETTLE_S, LONGEST_SETTLE_S = 4.0, 15.0
FLIP_S = 2.0
"""A level settles for SETTLE_S, and for so much longer with every move that takes the one before it back."""
SILENT_S = 4
"""After so many seconds without a reply, where there were some before, the target counts as far too slow."""


class Regulator:
    """One second after the other in, moves out. All times are profile time in s; levels are positive."""

    def __init__(self) -> None:
        self.readings = Readings()
        self.response = Response()
        self._fence = Fence()
        self._settle_s = SETTLE_S
        self._last_move = 0.0
        self._before: tuple[float, float] | None = None
        self._previous: float | None = None
        self._good: float | None = None
        self._cutting = self._after_cut = False
        self._silent = 0

    def move(self, level: float, age: float, reading: float | None, requests: int) -> float:
        """By how much the level's logarithm should change; 0 to stay.

        ``age`` is how long the level had been held when this second began; ``reading`` None without samples.
        """
        if reading is None:
            return self._silence(level)
        previous, self._previous = self._previous, reading
        self._silent = 0
        if self._cutting and previous is not None and reading < previous - ALARM:
            self._learn_delay(age)
        if self._alarmed(reading, previous, age):
            return self._cut(level, reading)
        hurried = reading < FAR_BELOW and not self._fence.up
        if age < (QUICK_S if hurried else self._settle_s):
            self.readings.clear()
            return 0.0
        self.readings.add(reading, requests)
        return self._correction(level)

    def moved(self, move: float) -> None:
        """The level was changed by this much, which may be less than asked for."""
        swing = move * self._last_move < 0 and min(abs(move), abs(self._last_move)) > LARGE and not self._after_cut
        self._settle_s = min(max(self._settle_s + (FLIP_S if swing else -FLIP_S / 2), SETTLE_S), LONGEST_SETTLE_S)
        self._after_cut = self._cutting
        self._last_move = move
        self.readings.clear()

    def forget(self) -> None:
        """Somebody else changed the level, or time stood still: what is known of this level starts afresh."""
        self.readings.clear()
        self._before = self._previous = self._good = None
        self._fence = Fence()
        self._last_move, self._silent, self._cutting = 0.0, 0, False

    def _silence(self, level: float) -> float:
        self._silent += 1
        if self._silent < SILENT_S or self._previous is None:
            return 0.0
        self._silent = 0
        return self._cut(level, LARGEST_CUT)

    def _alarmed(self, reading: float, previous: float | None, age: float) -> bool:
        steady = reading if previous is None else min(reading, previous)
        if reading < LOUD_ALARM and steady < ALARM:
            return False
        if not self._cutting:
            return True
        getting_better = previous is not None and reading < previous - IMPROVING
        return age >= self._settle_s and not getting_better

    def _cut(self, level: float, reading: float) -> float:
        """Straight down: to below the last good level if that helps for the first time, else by what the reading says.
        """
        by_reading = min(max(reading / max(self.response.elasticity, 1.0), SMALLEST_CUT), LARGEST_CUT)
        self._fence.note_too_much(level)
        self._before = None
        if self._cutting or self._good is None or self._good >= level:
            cut = by_reading
        else:
            cut = min(by_reading, math.log(level / self._good) + BELOW_GOOD)
        self._cutting = True
        return -cut

    def _learn_delay(self, age: float) -> None:
        self._settle_s = min(max(age + 1.0, self._settle_s), LONGEST_SETTLE_S)

    def _correction(self, level: float) -> float:
        hurried = self.readings.mean < FAR_BELOW and not self._fence.up
        if len(self.readings) < (1 if hurried else 2):
            return 0.0
        error = self.readings.mean if hurried else self.readings.error
        if error <= 0 and not hurried:
            self._good = level
        self._cutting = False
        if not error:
            return 0.0
        self._learn(error)
        gain = BOLD_GAIN if abs(error) > LARGE else GAIN
        wish = -error * gain / (self.response.elasticity if hurried else max(self.response.elasticity, 1.0))
        if wish < 0:
            return max(wish, -DOWN)
        return self._fence.limit(level, min(wish, HURRIED_UP if hurried else UP))

    def _learn(self, reading: float) -> None:
        if self._before is not None and self._last_move:
            before, variance = self._before
            self.response.learn(self._last_move, reading - before, variance + self.readings.variance)
        self._before = (reading, self.readings.variance)
