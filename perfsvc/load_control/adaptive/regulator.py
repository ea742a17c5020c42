"""The control law of adaptive load, on logarithms: from readings to moves.

A level is held until it has shown what it does, and then corrected by a share of the error over the learnt elasticity.
So a target that reacts late is waited for instead of being pushed further, and one that is not sure to be off is left
alone. There is no sum of errors that could wind up at a bound: the level itself is the integral. Far below the target
the moves are quick and large; far above it nothing is waited for.

Once arrivals have overloaded the target, its capacity is known. Then moves up go part of the way to it, and wait until
the queue has forgotten a few times, which takes the longer the closer they come.
"""

from __future__ import annotations

import math
from collections import deque

from perfsvc.load_control.adaptive.bracket import Bracket
from perfsvc.load_control.adaptive.capacity import Capacity
from perfsvc.load_control.adaptive.ceiling import Ceiling
from perfsvc.load_control.adaptive.elasticity import Elasticity
from perfsvc.load_control.adaptive.estimator import Estimator
from perfsvc.load_control.adaptive.estimator import Pool
from perfsvc.load_control.adaptive.estimator import Reading
from perfsvc.load_control.adaptive.estimator import weighted_mean
from perfsvc.load_control.adaptive.outage import OutageDetector
from perfsvc.load_control.controller import Scale

GAIN, BOLD_GAIN = 0.6, 0.9
LARGE = 0.15
"""An error or a move this large is no noise: it is mended nearly at once, and a swing when it is taken back."""
UP, BOLD_UP, DOWN = math.log(1.1), math.log(1.5), math.log(2)
"""The largest corrections; upwards by the size of the error."""

BELOW, FAR_BELOW = math.log(3 / 4), math.log(1 / 3)
"""So far below the target, with no ceiling in sight, there is time to hurry."""
HURRIED_UP, HURRIED_FAR_UP = math.log(1.5), math.log(2)

ALARM = math.log(2)
"""So far above the target for two seconds, and the load is cut at once. A single second may be a hiccup."""
SMALLEST_CUT, FIRST_CUT, LARGEST_CUT = math.log(1.2), math.log(1.5), math.log(3)
BELOW_GOOD = math.log(1.15)
"""After an alarm, so far below the last good level: what has piled up must drain."""
IMPROVING = 0.1
"""A reading that falls by this much a second needs no further cut."""

RETREAT = 0.85
"""Share of the measured capacity to go back to after an overload."""
RELIEF = 1.5
"""A queue that is long by chance drains this much faster at a level so much further from the capacity."""
APPROACH, SMALLEST_ROOM = 0.5, 0.01
"""Share of the distance to the capacity that one move up may take; the share of the level below which it is ignored."""
LATELY_S, NEARBY = 60, math.log(1.03)
"""Seconds of late at levels so close to each other that they are read together."""
FEWEST_S, MEMORIES = 3, 3.0
"""Seconds that must be read together before a move up, and how many times a queue has to have forgotten in them."""
OVERALL, WELL_BELOW = 0.1, 0.25
"""Together they say that a level is too high; that a level at the measured capacity is surely below the true one."""

QUICK_S, SETTLE_S, LONGEST_SETTLE_S = 1.0, 4.0, 20.0
SWING_S = 2.0
"""How much longer levels settle after a swing; every calm move takes half of that off again."""


class Regulator:
    """Readings in, second by second; levels out. A target that responds in ``reaction_s`` settles so much later."""

    def __init__(self, reaction_s: float, scale: Scale, pool: Pool = weighted_mean) -> None:
        self.estimator = Estimator(pool)
        self.response = Elasticity()
        self._scale = scale
        self._ceiling = Ceiling()
        self._bracket = Bracket(scale)
        self._outage = OutageDetector(reaction_s)
        self._capacity = Capacity()
        self._pool = pool
        self._lately: deque[tuple[float, Reading]] = deque(maxlen=LATELY_S)
        self._quick_s = QUICK_S + reaction_s
        self._least_settle_s = self._settle_s = SETTLE_S + reaction_s
        self._good: float | None = None
        self._before: tuple[float, float] | None = None
        self._previous: float | None = None
        self._last_move = 0.0
        self._to_learn = self._cutting = self._after_cut = False
        self._now = 0

    def next_level(self, level: float, age: float, reading: Reading | None) -> float:
        """The level for the next second, from what this one showed; mostly the same.

        ``age`` is how long the level had been held when this second began; ``reading`` None without samples.
        """
        self._now += 1
        move = self._move(level, age, reading)
        new = self._scale.fit(level * math.exp(move)) if move else level
        if new != level:
            self._note_move(math.log(new / level))
        return new

    def interrupted(self, *, by_hand: bool) -> None:
        """Start over after a change of the level from outside, or after a pause."""
        self.estimator.clear()
        self._outage.forget()
        self._before = self._previous = None
        self._last_move = 0.0
        self._to_learn = False
        if by_hand:
            self._bracket.forget()

    def _move(self, level: float, age: float, reading: Reading | None) -> float:
        """Change of the level's logarithm; 0 to stay."""
        if reading is None:
            return self._cut(level, LARGEST_CUT) if self._outage.lasts() else 0.0
        self._outage.broken(reading.requests)
        value, previous = reading.value, self._previous
        self._previous = value
        if self._capacity.overloaded(level, reading):
            return self._retreat(level)
        if age >= self._quick_s and not self._capacity.measuring:
            self._lately.append((level, reading))
        if self._cutting and previous is not None and value < previous - ALARM:
            self._note_delay(age)
        if self._alarmed(value, previous, age):
            return self._relieve(level, value)
        if age < (self._quick_s if self._hurries(value) else self._settle_s):
            self.estimator.clear()
            return 0.0
        self.estimator.add(reading)
        return self._correction(level)

    def _note_move(self, move: float) -> None:
        swing = move * self._last_move < 0 and min(abs(move), abs(self._last_move)) > LARGE and not self._after_cut
        self._settle(self._settle_s + (SWING_S if swing else -SWING_S / 2))
        self._after_cut = self._cutting
        self._last_move, self._to_learn = move, True
        self.estimator.clear()

    def _hurries(self, reading: float) -> bool:
        return reading < BELOW and not self._ceiling.up

    def _correction(self, level: float) -> float:
        """The move that the readings of this level call for."""
        hurries = self._hurries(self.estimator.mean)
        if not hurries and not self.estimator.enough:
            return 0.0
        self._cutting = False
        error = self.estimator.mean if hurries else self.estimator.error
        if error <= 0:
            self._good = level
        if not error:
            return self._slow_correction(level)
        self._learn(error)
        wish = self._hurried(error) if hurries else self._careful(error)
        move = max(wish, -DOWN) if wish < 0 else self._upwards(level, error, wish)
        move = self._within_capacity(level, error, move)
        return move if hurries else self._beside(level, error, move)

    def _beside(self, level: float, error: float, move: float) -> float:
        """The move, unless the level it leads to proved further off than this one."""
        wish = self._scale.fit(level * math.exp(move))
        return math.log(self._bracket.choose(level, error, wish, self._now) / level)

    def _hurried(self, error: float) -> float:
        most = HURRIED_FAR_UP if error < FAR_BELOW else HURRIED_UP
        return min(-error * BOLD_GAIN / self.response.elasticity, most)

    def _careful(self, error: float) -> float:
        gain = BOLD_GAIN if abs(error) > LARGE else GAIN
        return min(-error * gain / max(self.response.elasticity, 1.0), BOLD_UP if error < BELOW else UP)

    def _overall(self, level: float) -> float:
        """The reading of all recent seconds at about this level together, of which short windows miss the long queues.

        It is -inf while there are too few: the closer to the capacity, the more are needed.
        """
        near = [reading for at, reading in self._lately if abs(math.log(at / level)) < NEARBY]
        enough = len(near) >= max(FEWEST_S, min(MEMORIES * self._capacity.memory_s(level), LATELY_S))
        return self._pool(near) if enough else -math.inf

    def _slow_correction(self, level: float) -> float:
        """The move down that a level calls for which only a long time shows to be too high."""
        overall, slope = self._overall(level), self._capacity.elasticity(level)
        return -overall * GAIN / slope if slope and overall > OVERALL else 0.0

    def _within_capacity(self, level: float, error: float, move: float) -> float:
        """A move shortened by how close the level is to the capacity, where that is known."""
        slope = self._capacity.elasticity(level)
        if not slope:
            return move
        overall = self._overall(level)
        if move < 0:
            return max(move, -max(error, overall) * GAIN / slope)
        error = max(error, overall)
        if error >= 0 or overall == -math.inf:
            return 0.0
        if overall < -WELL_BELOW and self._capacity.safe - level <= SMALLEST_ROOM * level:
            self._capacity.push()
        room = max(self._capacity.safe - level, 0.0)
        return min(move, math.log1p(APPROACH * room / level), -error / slope)

    def _upwards(self, level: float, error: float, wish: float) -> float:
        """A move up that the ceiling allows; at least to the next level, if that is closer to the target or untried."""
        least = math.log(self._scale.above(level) / level)
        move = self._ceiling.limit(level, wish, least)
        closer = abs(error + self.response.elasticity * least) < abs(error)
        return max(move, least) if closer or not self.response.learnt else move

    def _alarmed(self, reading: float, previous: float | None, age: float) -> bool:
        """Whether to cut: not while an earlier move down may still work, or does."""
        if previous is None or min(reading, previous) < ALARM + 2 * self.estimator.scatter:
            return False
        return self._last_move >= 0 or (age >= self._settle_s and reading > previous - IMPROVING)

    def _cut(self, level: float, reading: float) -> float:
        """Down by what the reading says; at first only to below the last good level, or a little if it was this one."""
        self._ceiling.note_too_much(level)
        cut = min(max(reading / max(self.response.elasticity, 1.0), SMALLEST_CUT), LARGEST_CUT)
        if not self._cutting and self._good is not None:
            cut = min(cut, math.log(level / self._good) + BELOW_GOOD if self._good < level else FIRST_CUT)
        self._cutting, self._before = True, None
        return -cut

    def _retreat(self, level: float) -> float:
        """Down to where what has piled up drains in a few seconds."""
        rate = self._capacity.rate or level
        self._ceiling.note_too_much(level)
        self._cutting, self._before = True, None
        return min(math.log(RETREAT * rate / level), -SMALLEST_CUT)

    def _relieve(self, level: float, reading: float) -> float:
        """Cut after an alarm: below a known capacity only as far as lets a chance queue drain."""
        rate = self._capacity.rate
        if rate is None or level >= self._capacity.safe:
            return self._cut(level, reading)
        self._cutting, self._before = True, None
        return math.log(max(rate - RELIEF * (rate - level), RETREAT * level) / level)

    def _learn(self, error: float) -> None:
        variance = self.estimator.variance
        if self._before is not None and self._to_learn:
            before, variance_before = self._before
            self.response.learn(self._last_move, error - before, variance + variance_before)
        self._before, self._to_learn = (error, variance), False

    def _note_delay(self, age: float) -> None:
        """A cut has shown its effect only now: levels need that long to settle."""
        self._settle(max(age + 1.0, self._settle_s))

    def _settle(self, seconds: float) -> None:
        self._settle_s = min(max(seconds, self._least_settle_s), LONGEST_SETTLE_S + self._least_settle_s)
