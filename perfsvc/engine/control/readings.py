"""The readings at the present level, and how far off they surely are."""

from __future__ import annotations

import math
import statistics
from collections import deque

WINDOW = 12
LATEST = 3
"""A change of the target itself shows in the latest few before it shows in all."""
DEAD_BAND = 0.04
SURE = 1.5
"""Standard errors beyond the dead band before an error counts."""
OUTLIER, SCATTERED = 0.1, 3.0
"""A reading further from the median than the first and so many standard deviations is left out of the mean."""
FIRST_SCATTER = 0.1
SHARE_OF_NEWEST = 0.1
LARGEST = 4.0
"""Of the scatter: a deviation larger than this teaches no more, lest one hiccup make everything look like noise."""
LEAST_SCATTER = 0.01
DISTANCE_TO_DEVIATION = math.sqrt(math.pi / 2)
"""The mean distance of normal values from their mean, times this, is their standard deviation."""


class Readings:
    """The last WINDOW readings of one level, weighted by requests.

    ``scatter`` is the standard deviation of single readings at one level, learnt over all levels.
    """

    def __init__(self) -> None:
        self._kept: deque[tuple[float, int]] = deque(maxlen=WINDOW)
        self.scatter = FIRST_SCATTER

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, reading: float, requests: int) -> None:
        """Count a second."""
        if self._kept:
            deviation = abs(reading - self.mean) * DISTANCE_TO_DEVIATION
            self.scatter += SHARE_OF_NEWEST * (min(deviation, LARGEST * self.scatter) - self.scatter)
            self.scatter = max(self.scatter, LEAST_SCATTER)
        self._kept.append((reading, max(requests, 1)))

    def clear(self) -> None:
        """Another level."""
        self._kept.clear()

    @property
    def enough(self) -> bool:
        """Whether these can be judged: three readings, or two that agree."""
        if len(self._kept) != LATEST - 1:
            return len(self._kept) >= LATEST
        (one, _), (other, _) = self._kept
        return abs(one - other) < self._reach

    @property
    def mean(self) -> float:
        """Of all readings kept, at least one, without outliers: a target that pauses now and then is not slower."""
        middle = statistics.median(reading for reading, _ in self._kept)
        near = [(reading, weight) for reading, weight in self._kept if abs(reading - middle) <= self._reach]
        if not near:
            return middle
        return sum(reading * weight for reading, weight in near) / sum(weight for _, weight in near)

    @property
    def variance(self) -> float:
        """Of the mean, by the noise."""
        return self.scatter**2 / len(self._kept)

    @property
    def error(self) -> float:
        """How far the level is off; 0 while that may be noise, or too little to mend."""
        latest = [reading for reading, _ in self._kept][-LATEST:]
        for count, middle in ((len(self._kept), self.mean), (len(latest), statistics.median(latest))):
            if abs(middle) > DEAD_BAND + SURE * self.scatter / math.sqrt(count):
                return middle
        return 0.0

    @property
    def _reach(self) -> float:
        return OUTLIER + SCATTERED * self.scatter
