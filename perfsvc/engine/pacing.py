"""Planned load: pure functions of elapsed profile time, counted from the run's origin."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from collections.abc import Sequence
from itertools import accumulate
from itertools import chain
from itertools import count
from itertools import dropwhile
from itertools import islice
from itertools import takewhile
from typing import NamedTuple

from perfsvc.engine.share import Share
from perfsvc.model.load import Distribution
from perfsvc.model.load import Stage

ROUNDING = 1e-9
REMEMBERED = 16_384
"""Arrivals of the run that a node has passed: at 50,000 per second those of a third of a second."""

LAST_MOMENT_S = 1e-6
"""The plan is followed until so long before its end, where it is 0, however late the end is noticed."""


class Line(NamedTuple):
    """One stage as a straight line: from ``low`` at ``start`` to ``high`` at ``end`` (s), after ``area`` before it."""

    start: float
    end: float
    low: float
    high: float
    area: float

    def height(self, elapsed: float) -> float:
        """The load within the stage."""
        share = (elapsed - self.start) / (self.end - self.start)
        return self.low + (self.high - self.low) * share

    def area_until(self, elapsed: float) -> float:
        """The area under the profile from its beginning to a moment in this stage."""
        return self.area + (self.low + self.height(elapsed)) / 2 * (elapsed - self.start)

    def moment_of(self, area: float) -> float:
        """The time at which the area under the profile reaches ``area`` within this stage.

        Solves ``low·t + slope/2·t² = rest`` in the form that stays exact for a slope near zero.
        """
        rest = area - self.area
        slope = (self.high - self.low) / (self.end - self.start)
        root = math.sqrt(max(self.low * self.low + 2 * slope * rest, 0.0))
        return self.start + (2 * rest / (self.low + root) if self.low + root else 0.0)


class Profile:
    """A load over time: straight lines between the stages' targets, starting from 0; a stage of no duration is a jump.

    Before the start and after the end the load is 0. ``set_level`` puts a constant level in place of what is to come.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        ends = list(accumulate(stage.duration for stage in stages))
        self.duration = ends[-1]
        self._lines: list[Line] = []
        self._starts: list[float] = []
        level = 0.0
        for stage, end in zip(stages, ends, strict=True):
            if stage.duration:
                self._append(end - stage.duration, end, level, stage.target)
            level = stage.target

    def at(self, elapsed: float) -> float:
        """The load at a moment."""
        line = self._line(elapsed)
        return 0.0 if line is None else line.height(elapsed)

    def rising_to(self, elapsed: float) -> float:
        """The target of the current stage when it rises, else 0."""
        line = self._line(elapsed)
        return line.high if line is not None and line.high > line.low else 0.0

    def area(self, elapsed: float) -> float:
        """The load summed up over time until a moment: for a rate, how many arrivals are due."""
        if elapsed <= 0 or not self._lines:
            return 0.0
        line = self._lines[max(bisect_right(self._starts, elapsed) - 1, 0)]
        return line.area_until(min(elapsed, line.end))

    def moment_of(self, area: float) -> float:
        """The time at which ``area`` is reached; infinity when it never is."""
        for line in self._lines:
            if line.area_until(line.end) > area + ROUNDING:
                return max(line.moment_of(area), line.start)
        return math.inf

    def set_level(self, elapsed: float, level: float) -> None:
        """From now to the end the load is ``level``."""
        kept = [line for line in self._lines if line.start < elapsed]
        if kept and kept[-1].end > elapsed:
            last = kept.pop()
            kept.append(last._replace(end=elapsed, high=last.height(elapsed)))
        self._lines, self._starts = kept, [line.start for line in kept]
        if elapsed < self.duration:
            self._append(elapsed, self.duration, level, level)

    def _append(self, start: float, end: float, low: float, high: float) -> None:
        before = self._lines[-1] if self._lines else None
        self._lines.append(Line(start, end, low, high, before.area_until(before.end) if before else 0.0))
        self._starts.append(start)

    def _line(self, elapsed: float) -> Line | None:
        if not 0 <= elapsed < self.duration:
            return None
        return self._lines[bisect_right(self._starts, elapsed) - 1]


def users_at(profile: Profile, elapsed: float) -> int:
    """Virtual users wanted at a moment.

    The first user of a ramp starts at its beginning and the last before its end: a ramp to ``n`` users in ``t`` seconds
    starts one every ``t / n`` seconds.
    """
    height = profile.at(elapsed)
    rising = height + 1 if height < profile.rising_to(elapsed) else height
    return int(rising + ROUNDING)


def arrival_areas(distribution: Distribution, seed: int, first: float = 0.0) -> Iterator[float]:
    """The area under the rate's profile at which each arrival is due, of those not before ``first``.

    Constant: 0, 1, 2 … Poisson: sums of exponential gaps of mean 1, so that arrivals are a Poisson process whose rate
    is the profile's (the time-change theorem; Çinlar, Introduction to Stochastic Processes, 1975, ch. 4).
    """
    if distribution == "constant":
        return count(float(math.ceil(first - ROUNDING)))
    rng = random.Random(f"{seed}/arrivals")  # noqa: S311 - repeatable on purpose
    areas = accumulate(rng.expovariate(1.0) for _ in count())
    return dropwhile(lambda area: area < first, areas) if first else areas


class Arrivals:
    """One node's arrivals: those of the run's that its share owns.

    All nodes draw the same sequence, so together they make exactly the plan's, whatever its distribution. ``first`` is
    the area at which this node's part begins, and with it the numbers that are dealt out. Where there are several
    nodes, the latest arrivals passed, own and others', are remembered: new shares may arrive late.
    """

    def __init__(
        self, profile: Profile, distribution: Distribution, seed: int, share: Share, first: float = 0.0
    ) -> None:
        self._profile = profile
        self._distribution: Distribution = distribution
        self._seed = seed
        self._share = share
        self._passed: deque[float] | None = deque(maxlen=REMEMBERED) if len(share.weights) > 1 else None
        self._areas = arrival_areas(distribution, seed, first)
        self._again: deque[float] = deque()
        self._splits: deque[tuple[float, Share]] = deque()
        self._skipped: list[float] = []
        self._number = -1
        self._area = self.due = math.inf
        if not share.empty:
            self._skips = share.skips()
            self._advance()

    def take(self) -> float:
        """The moment of the arrival that is due next, s; moves on to the one after it."""
        due = self.due
        if self._passed is not None:
            self._passed.extend(self._skipped)
            self._passed.append(self._area)
        self._advance()
        return due

    def replan(self) -> None:
        """Compute the next arrival again, after a change of the profile."""
        self.due = self._profile.moment_of(self._area)

    def resplit(self, area: float, share: Share) -> None:
        """Arrivals from ``area`` on are distributed again: the first of them is number 0 of the new share.

        A node that receives the change late has started a few arrivals by its old share.
        """
        if self._area < math.inf:
            self._put_back([*self._skipped, self._area])
        elif not self._splits:
            self._leap(area)
        self._splits.append((area, share))
        self._advance()

    def overdue(self, elapsed: float) -> int:
        """Number of arrivals of this node that are due and not taken; an estimate where they are random."""
        if self.due > elapsed:
            return 0
        due = max(int(self._profile.area(elapsed) - self._area + ROUNDING) + 1, 0)
        return self._share.of(self._number + due) - self._share.of(self._number)

    def _advance(self) -> None:
        if self._splits or self._again:
            self._walk()
            return
        skip = next(self._skips)
        self._skipped = list(islice(self._areas, skip)) if skip else []
        self._number += skip + 1
        self._area = next(self._areas)
        self.due = self._profile.moment_of(self._area)

    def _walk(self) -> None:
        """Go on one by one, while arrivals are distributed again. A node without a share stays where it is."""
        self._skipped = []
        while True:
            area = self._again.popleft() if self._again else next(self._areas)
            self._number += 1
            while self._splits and area >= self._splits[0][0] - ROUNDING:
                first, self._share = self._splits.popleft()
                self._number, self._skipped = self._passed_since(first), []
            if self._share.owns(self._number):
                self._set_next(area)
                return
            self._skipped.append(area)
            if self._share.empty and not self._splits:
                self._put_back([area])
                self._area = self.due = math.inf
                return

    def _leap(self, area: float) -> None:
        """Nothing was this node's: it goes on at ``area``, where that is to come, and need not walk there."""
        ahead = chain(self._again, self._areas)
        here = next(ahead)
        self._again = deque()
        if self._distribution == "constant":
            self._areas = arrival_areas("constant", self._seed, max(area, here))
        else:
            self._areas = dropwhile(lambda each: each < area - ROUNDING, chain((here,), ahead))

    def _passed_since(self, area: float) -> int:
        """Number of arrivals from ``area`` on that were passed before the change was known."""
        return sum(1 for _ in takewhile(lambda each: each >= area - ROUNDING, reversed(self._passed or ())))

    def _set_next(self, area: float) -> None:
        self._area = area
        self.due = self._profile.moment_of(area)
        if not (self._splits or self._again):
            self._skips = self._share.skips(self._number)

    def _put_back(self, areas: list[float]) -> None:
        self._again.extendleft(reversed(areas))
        self._number -= len(areas)
        self._skipped = []
