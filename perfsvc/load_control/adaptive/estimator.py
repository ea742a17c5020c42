"""The readings at the present level, and how far off they surely are."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Callable
from collections.abc import Sequence
from typing import NamedTuple

from perfsvc.metrics.histogram import Histogram

WINDOW = 20
LATEST = 3
"""A change of the target itself shows in the latest few before it shows in all."""
DEAD_BAND = 0.04
SURE = 2.0
"""Standard errors beyond the dead band before an error counts."""
OUTLIER, SCATTERED = 0.1, 3.0
"""A reading further from the median than the first and so many standard deviations is left out of the mean."""
FIRST_SCATTER = 0.1
SHARE_OF_NEWEST = 0.1
LARGEST = 4.0
"""Of the scatter: larger deviations are clipped, or one outlier would make everything look like noise."""
LEAST_SCATTER = 0.01
DISTANCE_TO_DEVIATION = math.sqrt(math.pi / 2)
"""The mean distance of normal values from their mean, times this, is their standard deviation."""


class Reading(NamedTuple):
    """One second: the logarithm of metric over target, the number of requests, their latencies where they are known."""

    value: float
    requests: int
    latency: Histogram | None = None
    fastest: float | None = None
    """The same of the fastest tenth of its requests, where the metric is a latency."""
    served: float | None = None
    """Iterations completed per second of running time, where the load is arrivals."""


Pool = Callable[[Sequence[Reading]], float]
"""One reading for several seconds together; at least one is given."""


def weighted_mean(readings: Sequence[Reading]) -> float:
    """Mean of the readings of several seconds, each weighted by its requests."""
    weights = [max(reading.requests, 1) for reading in readings]
    return sum(reading.value * weight for reading, weight in zip(readings, weights, strict=True)) / sum(weights)


class Estimator:
    """The last WINDOW readings of one level. ``pool`` makes one of several.

    ``scatter`` is the standard deviation of single readings at one level, learnt over all levels.
    """

    def __init__(self, pool: Pool = weighted_mean) -> None:
        self._pool = pool
        self._kept: deque[Reading] = deque(maxlen=WINDOW)
        self._mean = self._typical = 0.0
        self.scatter = FIRST_SCATTER

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, reading: Reading) -> None:
        """Count a second."""
        if self._kept:
            deviation = abs(reading.value - self._typical) * DISTANCE_TO_DEVIATION
            self.scatter += SHARE_OF_NEWEST * (min(deviation, LARGEST * self.scatter) - self.scatter)
            self.scatter = max(self.scatter, LEAST_SCATTER)
        self._kept.append(reading)
        self._weigh()

    def clear(self) -> None:
        """Another level."""
        self._kept.clear()

    @property
    def enough(self) -> bool:
        """Whether these can be judged: three readings, or two that agree."""
        if len(self._kept) != LATEST - 1:
            return len(self._kept) >= LATEST
        one, other = self._kept
        return abs(one.value - other.value) < self._reach

    @property
    def mean(self) -> float:
        """Mean of the kept readings without outliers: a target that pauses now and then is not slower."""
        return self._mean

    @property
    def variance(self) -> float:
        """Variance of the mean, from the noise."""
        return self.scatter**2 / len(self._kept)

    @property
    def error(self) -> float:
        """Deviation of the level from the target; 0 while it may be noise, or is too small to correct.

        What only just stands out of the noise is mostly noise, and is taken for less than it reads (shrinkage after
        James and Stein: by the square of noise over error).
        """
        latest = [reading.value for reading in self._kept][-LATEST:]
        for count, middle in ((len(self._kept), self.mean), (len(latest), statistics.median(latest))):
            noise = SURE * self.scatter / math.sqrt(count)
            if abs(middle) > DEAD_BAND + noise:
                return middle * (1 - (noise / middle) ** 2)
        return 0.0

    def _weigh(self) -> None:
        middle = statistics.median(reading.value for reading in self._kept)
        near = [reading for reading in self._kept if abs(reading.value - middle) <= self._reach]
        self._mean, self._typical = (self._pool(near), weighted_mean(near)) if near else (middle, middle)

    @property
    def _reach(self) -> float:
        return OUTLIER + SCATTERED * self.scatter
