"""A cluster whose nodes say what a test lets them say."""

from __future__ import annotations

import asyncio
from typing import Any

from perfsvc.cluster.interface import RunListener
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.errors import Text
from perfsvc.metrics.histogram import Histogram
from perfsvc.model.node import NodeEvent
from perfsvc.model.node import NodeEventKind
from perfsvc.model.node import NodeInfo
from perfsvc.model.run import RunSpec
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow

T0 = 1_700_000_000
REASON = Text("原因", "a reason")


class ManyNodes:
    """The cluster and its one deployment, of nodes with equal shares. ``levels`` are the loads that were set."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.levels: list[float] = []
        self._seq = dict.fromkeys(names, 0)
        self._ended = asyncio.Event()

    def deploy(
        self,
        spec: RunSpec,
        listener: RunListener,
        allocator: RowAllocator | None = None,
    ) -> ManyNodes:
        self.spec, self._listener = spec, listener
        for name in self.names:
            self.event("joined", name, T0 - 1, shares={name: 100 / len(self.names)}, host=f"host-{name}")
        return self

    def tell(self, node: str, second: int, requests: int = 10, **fields: Any) -> None:
        """A node reports its second number ``second``, with some requests of 1 ms."""
        self._seq[node] = self._seq.get(node, 0) + 1
        latency = Histogram.of_ns([1_000_000] * requests).pack()
        usual = {
            "seq": self._seq[node],
            "second": T0 + second - 1,
            "elapsed": float(second),
            "span_ns": 10**9,
            "vus": 2,
            "planned_vus": 2,
            "windows": [StepWindow(step=0, requests=requests, latency=latency)],
        }
        self._listener.on_snapshot(Snapshot(node=node, **{**usual, **fields}))

    def event(self, kind: NodeEventKind, node: str, moment: float, **fields: Any) -> None:
        """Something becomes of a node."""
        self._listener.on_node_event(NodeEvent(kind=kind, node=node, moment=moment, reason=REASON, **fields))

    def over(self) -> None:
        """Every node has sent its last snapshot."""
        self._listener.on_ending()
        self._ended.set()

    def compile(self) -> None: ...

    async def prepare(self) -> None: ...

    def start(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def stop(self) -> None:
        self._ended.set()

    def check_level(self, level: float) -> None: ...

    def set_level(self, level: float) -> None:
        self.levels.append(level)

    async def wait(self) -> None:
        await self._ended.wait()

    def nodes(self) -> list[NodeInfo]:
        return []

    def drain(self, name: str, draining: bool) -> bool:
        return False
