"""The nodes of a run after its events: host, share of the load, and whether they still carry it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class NodeState:
    """A node of a run. ``share`` is in percent of the load, now or when the node was lost or left.

    ``was_lost`` stays when the node is back.
    """

    host: str = ""
    share: float = 0.0
    state: Literal["running", "lost", "left"] = "running"
    was_lost: bool = False
