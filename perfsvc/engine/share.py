"""A node's part of a run, computed from the weights of all nodes, with the same result on each of them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from itertools import cycle
from itertools import pairwise
from typing import NamedTuple

from perfsvc.model.load import MAX_VUS


@lru_cache(maxsize=64)
def pattern_of(weights: tuple[int, ...]) -> tuple[int, ...]:
    """The owners of one round of numbers, each as often as its weight and as evenly spread as possible.

    Webster's method: the k-th number (from 0) of a node of weight w comes at (k + 1/2) / w of the round.
    """
    divisor = math.gcd(*weights)
    if any(weight < 0 for weight in weights):
        raise ValueError(f"weights must not be negative: {weights}")
    positions = [
        ((2 * number + 1) * divisor / weight, index)
        for index, weight in enumerate(weights)
        for number in range(weight // max(divisor, 1))
    ]
    return tuple(index for _, index in sorted(positions))


def holders(weights: tuple[int, ...], total: int) -> tuple[int, ...]:
    """The weights of the nodes that own any of the first ``total`` numbers; 0 for the others."""
    held = set(pattern_of(weights)[:total])
    return tuple(weight if index in held else 0 for index, weight in enumerate(weights))


class Share:
    """The part of node ``index`` among nodes of these ``weights``, which are whole numbers.

    Users and arrivals are numbered from 0, and each number has exactly one owner: the pattern of owners repeats after
    as many numbers as the weights add up to. So shares add up exactly at every total, and a growing total takes
    nothing away from any node.
    """

    __slots__ = ("_period", "_positions", "index", "weights")

    def __init__(self, index: int = 0, weights: tuple[int, ...] = (1,)) -> None:
        self.index = index
        self.weights = weights
        owners = pattern_of(weights)
        self._period = len(owners) or 1
        self._positions = [position for position, owner in enumerate(owners) if owner == index]

    def __repr__(self) -> str:
        return f"Share({self.index}, {self.weights})"

    def of(self, total: int) -> int:
        """Number of the first ``total`` that belong to this node."""
        rounds, rest = divmod(total, self._period)
        return rounds * len(self._positions) + bisect_left(self._positions, rest)

    def owns(self, number: int) -> bool:
        """Whether a number is this node's."""
        position = number % self._period
        at = bisect_left(self._positions, position)
        return at < len(self._positions) and self._positions[at] == position

    @property
    def empty(self) -> bool:
        """Whether nothing is this node's."""
        return not self._positions

    @property
    def fraction(self) -> float:
        """The part of the whole, 0 to 1."""
        return len(self._positions) / self._period

    def skips(self, after: int = -1) -> Iterator[int]:
        """Count of other nodes' numbers before each of this node's own, from the one that follows ``after`` on.

        Only where the share is not empty.
        """
        position = (after + 1) % self._period
        own = self._positions
        at = bisect_left(own, position)
        turned = [*own[at:], *(each + self._period for each in own[:at])]
        first = turned[0] - position
        gaps = [later - earlier - 1 for earlier, later in pairwise([*turned, turned[0] + self._period])]
        return chain((first,), cycle(gaps))


class StartTime(NamedTuple):
    """The start of a run: a reading of this node's steady clock, ns, and Unix time, s."""

    clock_ns: int
    wall: float


class Slot(NamedTuple):
    """A node's slot in a run. ``since`` is the profile time, s, from which it takes part, ``levels`` the changes of
    load until then: profile time and level of each.

    A node that replaces a lost one takes over its slot, as its next ``generation``.
    """

    share: Share = Share()
    generation: int = 0
    since: float = 0.0
    levels: tuple[tuple[float, float], ...] = ()

    def user_number(self, number: int) -> int:
        """The number in the whole run of this node's ``number``-th user, both counted from 1."""
        before = number - 1 + self.generation * MAX_VUS
        return self.share.index + 1 + before * len(self.share.weights)


WHOLE = Slot()
"""The slot of a node that runs alone."""
