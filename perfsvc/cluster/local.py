"""The engine in the server's own process and loop: ``control_mode`` ``single``."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Callable
from collections.abc import Sequence
from weakref import WeakSet

from perfsvc import __version__
from perfsvc.clock import Clock
from perfsvc.clock import RunClock
from perfsvc.cluster.interface import RunListener
from perfsvc.cluster.process_stats import ProcessStats
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.engine.engine import Callbacks
from perfsvc.engine.engine import Engine
from perfsvc.engine.engine import Node
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.row_supply import RowReceiver
from perfsvc.errors import Conflict
from perfsvc.errors import NotFound
from perfsvc.errors import Text
from perfsvc.model.data import Grant
from perfsvc.model.node import NodeEvent
from perfsvc.model.node import NodeInfo
from perfsvc.model.run import RunSpec
from perfsvc.plugin.protocol import Protocol

NODE = "local"
HOST = platform.node()
WHOLE = 100.0
ITSELF = Text("由服务自身执行", "the service itself runs it")


class DirectSupply:
    """Rows from an allocator on the same loop."""

    def __init__(self, allocator: RowAllocator, node: str = NODE) -> None:
        self._allocator = allocator
        self._node = node
        self._receiver: RowReceiver | None = None
        self._requests: set[asyncio.Task[None]] = set()

    def connect(self, receiver: RowReceiver) -> None:
        """Send grants that come later to ``receiver``."""
        self._receiver = receiver

    @property
    def columns(self) -> Sequence[str]:
        """The columns of every row."""
        return self._allocator.columns

    def request(self, count: int) -> Grant | None:
        """Return a grant at once where rows are at hand; else it comes later."""
        grant = self._allocator.request_nowait(self._node, count)
        if grant is not None:
            return grant
        task = asyncio.get_running_loop().create_task(self._request(count))
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)
        return None

    def claim(self, lease: int, upto: int, spent: int) -> bool:
        """Confirmed at once."""
        return self._allocator.claim(self._node, lease, upto, spent)

    def release(self, spent: int, upto: int | None = None) -> None:
        """Done at once."""
        self._allocator.release(self._node, spent, upto)

    async def _request(self, count: int) -> None:
        grant = await self._allocator.request(self._node, count)
        if self._receiver is not None:
            self._receiver.on_grant(grant)


class LocalCluster:
    """Runs every engine on the loop it is called on."""

    def __init__(self, protocol_class: Callable[[str], type[Protocol]], clock: Clock, policy: TargetPolicy) -> None:
        self._protocol_class = protocol_class
        self._clock = clock
        self._policy = policy
        self._since = clock.wall()
        self._stats = ProcessStats()
        self._engines: WeakSet[Engine] = WeakSet()

    def deploy(self, spec: RunSpec, listener: RunListener, allocator: RowAllocator | None = None) -> Engine:
        """One engine, here. An engine is a deployment of one node."""
        clock, shares = RunClock(self._clock), {NODE: WHOLE}
        joined = NodeEvent(kind="joined", node=NODE, moment=clock.wall(), reason=ITSELF, host=HOST, shares=shares)
        listener.on_node_event(joined)
        engine = Engine(
            spec,
            Node(self._protocol_class, clock, self._policy, NODE),
            Callbacks(listener.on_snapshot, listener.on_ending),
            DirectSupply(allocator) if allocator is not None else None,
        )
        self._engines.add(engine)
        return engine

    def nodes(self) -> list[NodeInfo]:
        """This process."""
        sample = self._stats.read()
        shares = {engine.spec.execution_id: WHOLE for engine in self._engines if engine.at_work}
        return [
            NodeInfo(
                name=NODE,
                kind="server",
                host=HOST,
                pid=os.getpid(),
                version=__version__,
                state="busy" if shares else "ready",
                since=self._since,
                cpu=sample.cpu,
                memory=sample.memory,
                loop_lag_ms=sample.loop_lag_ms,
                shares=shares,
            )
        ]

    def drain(self, name: str, draining: bool) -> bool:
        """Raise Conflict, since there is no other process, or NotFound for any other name."""
        if name != NODE:
            raise NotFound("节点不存在", "there is no such node")
        raise Conflict("不能排空服务自身的节点", "the server's own node cannot be drained")
