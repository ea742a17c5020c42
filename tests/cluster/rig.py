"""A cluster of real processes on this machine, a run on it, and everything the run reported."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from perfsvc.clock import SystemClock
from perfsvc.cluster.dask.cluster import DaskCluster
from perfsvc.cluster.dask.deployment import DaskDeployment
from perfsvc.cluster.interface import RunListener
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.model.node import NodeEvent
from perfsvc.model.node import NodeInfo
from perfsvc.model.run import RunSpec
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.plugin.catalog import Catalog
from perfsvc.plugin.datasource import Feed
from perfsvc.service.runs.run import Output
from perfsvc.service.runs.run import Run

CATALOG = Catalog.load()
CLOCK = SystemClock()
LIMIT_S = 90.0


def spec_of(url: str, *, nodes: int = 2, rate: float = 0, users: int = 0, seconds: float = 3, **more: Any) -> RunSpec:
    """One GET step at a constant rate, or by a constant number of users."""
    level = rate or users
    load: dict[str, Any] = {"stages": [{"duration": 0, "target": level}, {"duration": seconds, "target": level}]}
    if rate:
        load |= {"variable": "arrival_rate", "max_vus": 300}
    load |= more.pop("load", {})
    scene = {"name": "s", "steps": [{"name": "get", "request": {"url": "/"}}], **more.pop("scene", {})}
    placement = {"mode": "central", "count": nodes, **more.pop("placement", {})}
    return RunSpec.parse(
        {
            "execution_id": f"run-{os.urandom(4).hex()}",
            "name": "x",
            "seed": 7,
            "scenes": [{"scene": scene}],
            "load": load,
            "target": {"base_url": url},
            "placement": placement,
            "graceful_stop_s": 3,
            **more,
        }
    )


@asynccontextmanager
async def central(folder: Path, catalog: Catalog = CATALOG) -> AsyncIterator[DaskCluster]:
    """A cluster of this machine."""
    cluster = DaskCluster(catalog, CLOCK, certificates=folder / "certs")
    try:
        yield cluster
    finally:
        await cluster.close()


class Watcher(Output):
    """Everything that a run reported."""

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.states: list[RunState] = []
        self.more = asyncio.Event()

    def add(self, snapshot: Snapshot, seconds: Any) -> None:
        self.snapshots.append(snapshot)
        self.more.set()

    def state_changed(self, state: RunState, moment: datetime) -> None:
        self.states.append(state)
        self.more.set()

    def event_added(self, event: dict[str, Any]) -> None:
        self.more.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                self.more.clear()
                await self.more.wait()


class LiveRun:
    """A run on a cluster of real processes."""

    def __init__(self, cluster: DaskCluster, spec: RunSpec, feed: Feed | None = None) -> None:
        async def opened() -> Feed:
            assert feed is not None
            return feed

        self.cluster = cluster
        self.watcher = Watcher()
        self.events: list[NodeEvent] = []
        self.run = Run(spec, RecordingCluster(cluster, self.events), CLOCK, [self.watcher], open_feed=opened)

    async def start(self) -> None:
        self.run.compile()
        await self.run.start()

    async def run_to_end(self) -> dict[str, Any]:
        await self.start()
        return await self.run.wait()

    async def seconds(self, count: int) -> None:
        """Wait until every node has reported ``count`` seconds."""
        names = {event.node for event in self.events if event.kind == "joined"}
        await self.watcher.until(
            lambda: all(sum(each.node == name for each in self.watcher.snapshots) >= count for name in names)
        )

    def signal(self, node: str, number: signal.Signals) -> None:
        """Send the process of a node a signal; one that came later under the name of an agent is called ``name~2``."""
        agent = node.partition("~")[0]
        os.kill(next(info.pid for info in self.cluster.nodes() if info.name == agent), number)

    def event(self, kind: str) -> NodeEvent:
        return next(event for event in self.events if event.kind == kind)

    async def until(self, kind: str) -> NodeEvent:
        await self.count(kind, 1)
        return self.event(kind)

    async def count(self, kind: str, times: int) -> None:
        """Wait until an event has happened ``times`` times."""
        await self.watcher.until(lambda: sum(event.kind == kind for event in self.events) >= times)


class RecordingCluster:
    """A cluster that keeps a record of node events."""

    def __init__(self, cluster: DaskCluster, events: list[NodeEvent]) -> None:
        self._cluster = cluster
        self._events = events

    def deploy(self, spec: RunSpec, listener: RunListener, allocator: RowAllocator | None = None) -> DaskDeployment:
        return self._cluster.deploy(spec, RecordingListener(listener, self._events), allocator)

    def nodes(self) -> list[NodeInfo]:
        return self._cluster.nodes()

    def drain(self, name: str, draining: bool) -> bool:
        return self._cluster.drain(name, draining)


class RecordingListener:
    """Passes everything on to a run, and records node events."""

    def __init__(self, run: RunListener, events: list[NodeEvent]) -> None:
        self.on_snapshot = run.on_snapshot
        self.on_ending = run.on_ending
        self._run = run
        self._events = events

    def on_node_event(self, event: NodeEvent) -> None:
        self._events.append(event)
        self._run.on_node_event(event)
