"""Throughput limit of the target under arrivals, measured in the seconds in which it was overloaded.

A queue that is offered more than it serves grows, and what is served until it is empty again is the capacity. Close to
the capacity every percentile wanders far by itself; the distance to it says how large a move may be.
"""

from __future__ import annotations

import math

from perfsvc.load_control.adaptive.estimator import Reading

QUEUING, ALL_QUEUING = math.log(1.5), math.log(0.5)
"""Readings of a second in which requests queued all the time: of the metric, and of the fastest tenth."""
SHORTFALL, FEWEST_S = 1.0, 2
"""An overloaded queue falls behind by so many standard deviations (of a Poisson count), for so many seconds on end: a
target that stops for one second is no queue.
"""
CHANGED = 3.0
"""Standard errors between two measurements by which the target is not the same any more."""
SURE = 1.0
"""Standard errors of the rate to stay below it."""
FIRST_PUSH = 1.01
SMALLEST_GAP = 0.02
"""Share of the capacity: closer to it no distance is believed."""
M_M_1 = 4.0
"""A queue near its capacity forgets within this over capacity and squared gap (relaxation time of M/M/1)."""


class Capacity:
    """The limit, ``rate`` in iterations per second; None until the target has been overloaded once.

    ``measuring`` while the queue of an overload lasts.
    """

    def __init__(self) -> None:
        self._served, self._seconds = 0.0, 0
        self._episode: list[float] = []
        self._level = 0.0
        self.measuring = False
        self._raised, self._push = 1.0, FIRST_PUSH

    def overloaded(self, level: float, reading: Reading) -> bool:
        """Take in a second at a level. Return whether the level has just turned out to overload the target."""
        if reading.served is None or reading.fastest is None:
            return False
        if reading.value < QUEUING or reading.fastest < ALL_QUEUING:
            self._close_episode()
            return False
        if level != self._level and not self.measuring:
            self._episode = []
        self._level = level
        self._episode.append(reading.served)
        if self.measuring:
            return False
        seconds = len(self._episode)
        shortfall = level * seconds - sum(self._episode)
        self.measuring = seconds >= FEWEST_S and shortfall > SHORTFALL * math.sqrt(level * seconds)
        return self.measuring

    @property
    def rate(self) -> float | None:
        """What the target completes at most."""
        served, seconds = self._served, self._seconds
        if self.measuring:
            served, seconds = served + sum(self._episode), seconds + len(self._episode)
        return self._raised * served / seconds if seconds else None

    @property
    def safe(self) -> float:
        """The highest level that surely is no overload, by the statistical error of the measurement."""
        return math.inf if self.rate is None else self.rate * (1 - SURE / math.sqrt(max(self._served, self.rate)))

    def memory_s(self, level: float) -> float:
        """How long a queue at this level remembers, s; 0 while the capacity is unknown."""
        return 0.0 if self.rate is None else M_M_1 / (self.rate * self._gap(level) ** 2)

    def elasticity(self, level: float) -> float:
        """d log latency / d log load of a queue this close to its capacity; 0 while that is unknown."""
        gap = self._gap(level)
        return 0.0 if self.rate is None else (1 - gap) / gap

    def push(self) -> None:
        """A level at the limit is surely too low: the target can do more than was measured."""
        self._raised *= self._push
        self._push = self._push**2

    def forget(self) -> None:
        """The target may be another one now."""
        self._served, self._seconds = 0.0, 0
        self._raised, self._push = 1.0, FIRST_PUSH

    def _gap(self, level: float) -> float:
        """Distance of a level to the capacity, as a share of it."""
        return max(1 - level / (self.rate or math.inf), SMALLEST_GAP)

    def _close_episode(self) -> None:
        """Add the seconds of an overload to what is known; where they contradict it, they replace it."""
        if self.measuring:
            served, seconds = sum(self._episode), len(self._episode)
            if self._raised > 1 or self._contradicts(served, seconds):
                self.forget()
            self._served, self._seconds = self._served + served, self._seconds + seconds
        self._episode, self.measuring = [], False

    def _contradicts(self, served: float, seconds: int) -> bool:
        if not self._seconds:
            return False
        known = self._served / self._seconds
        error = known * math.sqrt(1 / max(served, 1.0) + 1 / max(self._served, 1.0))
        return abs(served / seconds - known) > CHANGED * error
