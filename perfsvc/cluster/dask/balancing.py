"""How the load is split among the places of a run: weights, and how they follow the nodes' health. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from perfsvc.errors import Conflict
from perfsvc.model.placement import Placement
from perfsvc.model.window import NodeHealth

ROUND = 1_000
"""Weights that are no whole numbers are rounded to parts of this."""
EVEN = 100
"""The weight that everyone begins with where weights follow health."""
LARGEST_STEP = 0.1
"""Of a node's own weight, taken from it in one re-split."""
SMALLEST_WEIGHT = 10
STRAINED_LAG_MS = 20.0
STRAINED_CPU = 85.0
"""Percent of one core. A node above one of these limits gives load away; one well below both may take some."""
CALM = 0.7


def whole_weights(weights: Sequence[float]) -> tuple[int, ...]:
    """Weights as whole numbers in the same proportion, to within a part in a thousand; none becomes 0 by it."""
    if all(float(weight).is_integer() for weight in weights) and sum(weights) <= ROUND:
        return tuple(int(weight) for weight in weights)
    total = sum(weights)
    return tuple(max(round(weight * ROUND / total), 1) if weight else 0 for weight in weights)


def first_weights(placement: Placement, names: Sequence[str]) -> tuple[int, ...]:
    """The weights of the nodes of these names. Raises Conflict where one that has a weight is not among them."""
    if placement.strategy != "weight":
        return (EVEN if placement.strategy == "dynamic" else 1,) * len(names)
    absent = ", ".join(sorted(placement.weights.keys() - set(names)))
    if absent:
        there = ", ".join(names)
        raise Conflict(
            f"node_distribution 中的节点 {absent} 不在可用节点中（{there}）",
            f"node_distribution names {absent}, the nodes there are: {there}",
        )
    return whole_weights([placement.weights.get(name, 1.0) for name in names])


def strain(health: NodeHealth) -> float:
    """How near a node is to its limits: 1 is at one of them."""
    return max(health.loop_lag_ms / STRAINED_LAG_MS, health.process_cpu / STRAINED_CPU)


def rebalanced(weights: Sequence[int], strains: Sequence[float | None]) -> tuple[int, ...]:
    """Weights after one step: strained nodes give a part of theirs, at most a tenth, to calm ones.

    ``strains`` is None for a node that is not there: its weight stays. The sum stays the same, and where nobody is
    strained or nobody calm, so does everything.
    """
    places = range(len(weights))
    calm = [at for at in places if (seen := strains[at]) is not None and seen < CALM and weights[at]]
    given = [
        max(min(int(weights[at] * LARGEST_STEP), weights[at] - SMALLEST_WEIGHT), 0)
        if calm and (seen := strains[at]) is not None and seen > 1
        else 0
        for at in places
    ]
    taken = dict.fromkeys(places, 0)
    for number in range(sum(given)):
        taken[calm[number % len(calm)]] += 1
    return tuple(weights[at] - given[at] + taken[at] for at in places)
