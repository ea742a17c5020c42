"""Engine processes as people see them, and what becomes of them while a run goes on."""

from __future__ import annotations

from typing import Literal

import msgspec

from perfsvc.errors import Text

NodeKind = Literal["server", "process", "agent"]
"""The service itself, a process that it started on its own machine, and an agent that joined."""
NodeState = Literal["ready", "busy", "draining", "lost"]
NodeEventKind = Literal["joined", "lost", "returned", "resplit", "replaced"]


class NodeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An engine process now.

    ``since`` is when it joined (Unix time). ``cpu`` is the process's share of one core in percent, ``memory`` its
    resident bytes, ``loop_lag_ms`` the worst lateness of its event loop lately. ``shares`` is its part, in percent, of
    the load of each run it works for, by execution id. A ``draining`` node gets no share of runs to come.
    ``unfit`` is why it takes part in no run: its versions are not the server's.
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
    unfit: Text | None = None


class NodeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a node's state in a run at ``moment`` (Unix time), and its reason.

    ``shares`` holds the new share of the load, in percent, of every node whose share changed by it, 0 for none, and
    ``elapsed`` the profile time (s) from which these hold, where it is known exactly. ``node`` is the one that caused
    it, empty where a ``resplit`` had no single cause, and ``host`` its machine, given once.
    """

    kind: NodeEventKind
    node: str
    moment: float
    reason: Text
    host: str = ""
    shares: dict[str, float] = {}
    elapsed: float | None = None
