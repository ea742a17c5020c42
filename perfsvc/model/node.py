"""Engine processes as people see them, and what becomes of them while a run goes on."""

from __future__ import annotations

from typing import Literal

import msgspec

from perfsvc.errors import Text

NodeKind = Literal["server", "agent"]
NodeState = Literal["ready", "busy", "draining", "lost"]
NodeEventKind = Literal["joined", "lost", "returned", "resplit", "replaced"]


class NodeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An engine process now.

    ``since`` is when it joined (Unix time). ``cpu`` is the process's share of one core in percent, ``memory`` its
    resident bytes, ``loop_lag_ms`` the worst lateness of its event loop lately. ``shares`` is its part, in percent, of
    the load of each run it works for, by execution id. A ``draining`` node gets no share of runs to come.
    """

    name: str
    kind: NodeKind
    host: str
    pid: int
    version: str
    state: NodeState
    since: float
    cpu: float = 0.0
    memory: int = 0
    loop_lag_ms: float = 0.0
    shares: dict[str, float] = {}


class NodeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a node in a run at ``moment`` (Unix time), and why.

    ``shares`` holds the new share of the load, in percent, of every node whose share changed by it; 0 is none. A node
    that is ``lost`` has none from then on, whether that is said or not. ``node`` is the one that caused it; empty where
    a ``resplit`` had no single cause.
    """

    kind: NodeEventKind
    node: str
    moment: float
    reason: Text
    shares: dict[str, float] = {}
