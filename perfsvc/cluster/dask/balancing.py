"""Weights of the slots of a run: those of the plan, and their adjustment to the health of nodes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from perfsvc.errors import Conflict
from perfsvc.model.placement import Placement
from perfsvc.model.window import NodeHealth

ROUND = 1_000
"""Fractional weights are rounded to parts of this."""
EVEN = 100
"""The first weight of every slot where weights follow health."""
LARGEST_STEP = 0.1
"""The part of a node's weight that one re-split may take from it."""
SMALLEST_WEIGHT = 10
MAX_LAG_MS = 20.0
MAX_CPU = 85.0
"""Percent of one core. A node above one of these limits gives load away."""
RECEIVES_BELOW = 0.7
"""A node with a lower utilisation may receive load."""


def integer_weights(weights: Sequence[float]) -> tuple[int, ...]:
    """Whole numbers in the same proportion, to within a part in a thousand; only 0 becomes 0."""
    if all(float(weight).is_integer() for weight in weights) and sum(weights) <= ROUND:
        return tuple(int(weight) for weight in weights)
    total = sum(weights)
    return tuple(max(round(weight * ROUND / total), 1) if weight else 0 for weight in weights)


def first_weights(placement: Placement, names: Sequence[str]) -> tuple[int, ...]:
    """The weights of the nodes with these names. Raises Conflict when the plan weights a node that is absent."""
    if placement.strategy != "weight":
        return (EVEN if placement.strategy == "dynamic" else 1,) * len(names)
    absent = ", ".join(sorted(placement.weights.keys() - set(names)))
    if absent:
        present = ", ".join(names)
        raise Conflict(
            f"node_distribution 中的节点 {absent} 不在可用节点中（{present}）",
            f"node_distribution names {absent}, the available nodes are: {present}",
        )
    return integer_weights([placement.weights.get(name, 1.0) for name in names])


def utilisation(health: NodeHealth) -> float:
    """Utilisation of a node relative to its limits: 1 at the nearer one."""
    return max(health.loop_lag_ms / MAX_LAG_MS, health.process_cpu / MAX_CPU)


def rebalanced(weights: Sequence[int], utilisations: Sequence[float | None]) -> tuple[int, ...]:
    """Weights after one step: nodes above a limit give up to a tenth of their weight to nodes with capacity.

    The weight of an absent node (utilisation None) stays. The sum stays; without givers or receivers all weights do.
    """
    slots = range(len(weights))
    receivers = [at for at in slots if (used := utilisations[at]) is not None and used < RECEIVES_BELOW and weights[at]]
    steps_down = [
        max(min(int(weights[at] * LARGEST_STEP), weights[at] - SMALLEST_WEIGHT), 0)
        if receivers and (used := utilisations[at]) is not None and used > 1
        else 0
        for at in slots
    ]
    received = dict.fromkeys(slots, 0)
    for number in range(sum(steps_down)):
        received[receivers[number % len(receivers)]] += 1
    return tuple(weights[at] - steps_down[at] + received[at] for at in slots)
