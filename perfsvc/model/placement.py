"""On which processes a run is carried out, and how its load is split among them. No I/O."""

from __future__ import annotations

import os
from typing import Literal

from pydantic import Field

from perfsvc.model.base import Spec

ControlMode = Literal["single", "central", "distributed"]
Strategy = Literal["round_robin", "weight", "dynamic"]
OnNodeLoss = Literal["fail", "rebalance", "replace"]


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Placement(Spec):
    """``count`` processes: this one (single), ones of this machine (central), or agents that joined (distributed).

    ``weights`` are by node name, for the strategy ``weight``. Where a lost node is to be replaced, that may take
    ``replace_within_s``; then the others take over its load.
    """

    mode: ControlMode = "single"
    count: int = 1
    strategy: Strategy = "round_robin"
    weights: dict[str, float] = Field(default_factory=dict)
    on_loss: OnNodeLoss = "rebalance"
    replace_within_s: float = 30.0
