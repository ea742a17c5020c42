"""The knee of a staircase: the last level up to which more load still pays.

Throughput follows the load in a straight line from nothing until something in the target is full, and then a flatter
one: the two asymptotes of Lazowska et al., Quantitative System Performance (1984), ch. 5. The knee is the level at
which two such lines, fitted to the throughput of successful requests, meet; it counts when the second is under a third
as steep as the first, by more than the scatter of the levels leaves open. Where throughput shows none, because an open
load stopped just short of the limit, latency may: the knee is then the last level of nearly the greatest power,
throughput over latency (Kleinrock, Power and Deterministic Rules of Thumb, 1979), if power falls to half of it by the
last step. A single level of low latency among levels that scatter is no knee.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

FEWEST = 3
FLAT = 1 / 3
POWER_LOST = 0.5
NEARLY = 0.8


class Point(NamedTuple):
    """One level's successful requests per second and mean latency in ms (None without replies)."""

    level: float
    goodput: float
    latency: float | None


def knee_of(points: Sequence[Point]) -> int | None:
    """The index of the knee among points of rising levels; None when load paid to the end, or under three points."""
    if len(points) < FEWEST:
        return None
    found = bend(points)
    return peak_of_power(points) if found is None else found


def bend(points: Sequence[Point]) -> int | None:
    """The load at which throughput stops growing in proportion; None when it grows to the end or there is no data."""
    fits = [hinge(points, points[index].level) for index in range(len(points) - 1)]
    index = min(range(len(fits)), key=lambda each: fits[each].residual)
    best = fits[index]
    return index if best.before > 0 and best.after < FLAT * best.before - best.error else None


class Hinge(NamedTuple):
    """Two lines that meet: the slope up to there, the slope from there on, and the sum of squares left over.

    ``error`` is the standard error of the second slope less a third of the first.
    """

    before: float
    after: float
    residual: float
    error: float


def hinge(points: Sequence[Point], corner: float) -> Hinge:
    """The best least-squares fit of a line from the origin to ``corner`` and another from there on."""
    rows = [(min(p.level, corner), max(p.level - corner, 0.0), p.goodput) for p in points]
    aa, bb = sum(a * a for a, _, _ in rows), sum(b * b for _, b, _ in rows)
    ab = sum(a * b for a, b, _ in rows)
    ay, by = sum(a * y for a, _, y in rows), sum(b * y for _, b, y in rows)
    determinant = aa * bb - ab * ab
    before = (ay * bb - by * ab) / determinant
    after = (by * aa - ay * ab) / determinant
    residual = sum((y - before * a - after * b) ** 2 for a, b, y in rows)
    variance = residual / (len(points) - 2) * (aa + 2 * FLAT * ab + FLAT**2 * bb) / determinant
    return Hinge(before, after, residual, math.sqrt(variance))


def peak_of_power(points: Sequence[Point]) -> int | None:
    """The last load of nearly the greatest ratio of throughput to latency, if the ratio is much lower at the end."""
    powers = [point.goodput / point.latency if point.latency else 0.0 for point in points]
    best = max(powers)
    if powers[-1] >= POWER_LOST * best:
        return None
    return max(index for index, power in enumerate(powers) if power >= NEARLY * best)
