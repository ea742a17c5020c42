"""Engine processes: current state, recent history, and draining."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from typing import Any
from typing import NamedTuple
from typing import Protocol

import msgspec

from perfsvc.clock import Clock
from perfsvc.clock import iso_z
from perfsvc.clock import utc_now
from perfsvc.errors import NotFound
from perfsvc.model.node import NodeInfo

INTERVAL_S = 2.0
KEPT = 300
"""Readings per node: ten minutes."""
FORGOTTEN_AFTER = 300
"""Number of readings for which a lost node is still listed."""


StoreDrained = Callable[[str, bool], Awaitable[None]]
"""Stores whether a node of this name is drained, for later processes."""


class NodeSource(Protocol):
    """The nodes of a cluster."""

    def nodes(self) -> list[NodeInfo]: ...

    def drain(self, name: str, draining: bool) -> bool:
        """Drain or undrain a node. Return whether nodes of this name are drained. Raises NotFound, Conflict."""
        ...


class Reading(NamedTuple):
    """A node at a moment (ISO 8601), in the units of NodeInfo."""

    time: str
    cpu: float
    memory: int
    loop_lag: float


class WatchedNode:
    """A node with its latest readings."""

    def __init__(self, info: NodeInfo) -> None:
        self.info = info
        self.history: deque[Reading] = deque(maxlen=KEPT)
        self.misses = 0

    def record(self, info: NodeInfo, time: str) -> None:
        """Record a reading."""
        if (info.pid, info.since) != (self.info.pid, self.info.since):
            self.history.clear()  # another process took the name
        self.info, self.misses = info, 0
        self.history.append(Reading(time, round(info.cpu, 1), info.memory, round(info.loop_lag_ms, 3)))

    def record_missing(self) -> None:
        """Record that the node is missing."""
        self.info, self.misses = msgspec.structs.replace(self.info, state="lost", shares={}), self.misses + 1


class NodeWatch:
    """Reads the nodes every two seconds while open, and on request. Memory is bounded."""

    def __init__(self, source: NodeSource, clock: Clock, store_drained: StoreDrained) -> None:
        self._source = source
        self._clock = clock
        self._store_drained = store_drained
        self._nodes: dict[str, WatchedNode] = {}
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Start reading periodically."""
        self._read()
        self._timer = asyncio.get_running_loop().call_later(INTERVAL_S, self.open)

    def close(self) -> None:
        """Stop reading."""
        if self._timer is not None:
            self._timer.cancel()

    def all(self) -> list[dict[str, Any]]:
        """Return the current nodes: this server, then its agents by name."""
        current = self._current()
        missing = [watched.info for name, watched in self._nodes.items() if name not in current and watched.misses]
        ordered = sorted([*current.values(), *missing], key=lambda node: (node.kind != "server", node.name))
        return [node_document(node) for node in ordered]

    def one(self, name: str) -> dict[str, Any]:
        """Return a node with its history, oldest reading first. Raises NotFound."""
        watched = self._nodes.get(name)
        info = self._current().get(name) or (None if watched is None else watched.info)
        if info is None:
            raise NotFound("节点不存在", "there is no such node")
        return {**node_document(info), "history": [each._asdict() for each in watched.history] if watched else []}

    async def drain(self, name: str, draining: bool) -> dict[str, Any]:
        """Drain a node, so that later runs skip it, or undrain it. Raises NotFound, Conflict, StoreUnavailable."""
        await self._store_drained(name, self._source.drain(name, draining))
        return self.one(name)

    def _current(self) -> dict[str, NodeInfo]:
        return {node.name: node for node in self._source.nodes()}

    def _read(self) -> None:
        current, time = self._current(), iso_z(utc_now(self._clock))
        for name, node in current.items():
            self._nodes.setdefault(name, WatchedNode(node)).record(node, time)
        for name in self._nodes.keys() - current.keys():
            self._nodes[name].record_missing()
            if self._nodes[name].misses > FORGOTTEN_AFTER:
                del self._nodes[name]


def node_document(node: NodeInfo) -> dict[str, Any]:
    """Return a node as the API shows it; ``running`` holds its share of each run in percent."""
    return {
        "name": node.name,
        "kind": node.kind,
        "host": node.host,
        "pid": node.pid,
        "version": node.version,
        "state": node.state,
        "since": iso_z(datetime.fromtimestamp(node.since, UTC)),
        "cpu": round(node.cpu, 1),
        "memory": node.memory,
        "loop_lag": round(node.loop_lag_ms, 3),
        "running": [
            {"execution_id": execution, "share": round(share, 3)} for execution, share in sorted(node.shares.items())
        ],
        "unfit": node.unfit and node.unfit._asdict(),
    }
