"""The readings at the present level, and how far off they surely are."""

from __future__ import annotations

import math
from collections import deque

WINDOW = 12
LATEST = 3
"""A change of the target itself shows in the latest few before it shows in all."""
DEAD_BAND = 0.04
SURE = 1.5
"""Standard errors beyond the dead band before an error counts."""
FIRST_SCATTER = 0.1
LARGEST_DISTANCE = 1.0
SHARE_OF_NEWEST = 0.1
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
            distance = min(abs(reading - self.mean), LARGEST_DISTANCE)
            self.scatter += SHARE_OF_NEWEST * (distance * DISTANCE_TO_DEVIATION - self.scatter)
        self._kept.append((reading, max(requests, 1)))

    def clear(self) -> None:
        """Another level."""
        self._kept.clear()

    @property
    def mean(self) -> float:
        """Of all readings kept, at least one."""
        return self._mean(len(self._kept))

    @property
    def variance(self) -> float:
        """Of the mean, by the noise."""
        return self.scatter**2 / len(self._kept)

    @property
    def error(self) -> float:
        """How far the level is off, in the mean; 0 while that may be noise, or too little to mend."""
        for count in (len(self._kept), min(LATEST, len(self._kept))):
            mean = self._mean(count)
            if abs(mean) > DEAD_BAND + SURE * self.scatter / math.sqrt(count):
                return mean
        return 0.0

    def _mean(self, count: int) -> float:
        latest = list(self._kept)[-count:]
        return sum(reading * weight for reading, weight in latest) / sum(weight for _, weight in latest)
