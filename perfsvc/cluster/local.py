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
from perfsvc.cluster.interface import OnEnding
from perfsvc.cluster.interface import OnNodeEvent
from perfsvc.cluster.interface import OnSnapshot
from perfsvc.cluster.interface import ignored
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
    """An engine's way to a dealer on the same loop."""

    def __init__(self, dealer: RowAllocator, node: str = NODE) -> None:
        self._receiver: RowReceiver | None = None
        self._dealer = dealer
        self._node = node
        self._asked: set[asyncio.Task[None]] = set()

    @property
    def columns(self) -> Sequence[str]:
        """The names every row has."""
        return self._dealer.columns

    def connect(self, receiver: RowReceiver) -> None:
        """Send grants that come later to ``receiver``."""
        self._receiver = receiver

    def request(self, count: int) -> Grant | None:
        """Return the grant where the dealer has rows at hand; else it follows."""
        grant = self._dealer.grant_at_once(self._node, count)
        if grant is not None:
            return grant
        task = asyncio.get_running_loop().create_task(self._deliver(count))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)
        return None

    def claim(self, lease: int, upto: int, spent: int) -> bool:
        """Noted at once."""
        return self._dealer.claimed(self._node, lease, upto, spent)

    def release(self, spent: int, upto: int | None = None) -> None:
        """Noted at once."""
        self._dealer.given_back(self._node, spent, upto)

    async def _deliver(self, count: int) -> None:
        grant = await self._dealer.grant(self._node, count)
        if self._receiver is not None:
            self._receiver.on_grant(grant)


class LocalCluster:
    """Runs every engine on the loop it is called on."""

    def __init__(self, protocol_class: Callable[[str], type[Protocol]], clock: Clock, policy: TargetPolicy) -> None:
        self._protocol_class = protocol_class
        self._clock = clock
        self._policy = policy
        self._since = clock.wall()
        self._vitals = ProcessStats()
        self._engines: WeakSet[Engine] = WeakSet()

    def deploy(
        self,
        spec: RunSpec,
        on_snapshot: OnSnapshot,
        on_ending: OnEnding,
        on_event: OnNodeEvent = ignored,
        dealer: RowAllocator | None = None,
    ) -> Engine:
        """One engine, here. An engine is a deployment of one node."""
        shares = {NODE: WHOLE}
        on_event(
            NodeEvent(kind="joined", node=NODE, moment=self._clock.wall(), reason=ITSELF, host=HOST, shares=shares)
        )
        supply = DirectSupply(dealer) if dealer is not None else None
        engine = Engine(
            spec,
            Node(self._protocol_class, self._clock, self._policy, NODE),
            Callbacks(on_snapshot, on_ending),
            supply,
        )
        self._engines.add(engine)
        return engine

    def nodes(self) -> list[NodeInfo]:
        """This process."""
        vital = self._vitals.read()
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
                cpu=vital.cpu,
                memory=vital.memory,
                loop_lag_ms=vital.loop_lag_ms,
                shares=shares,
            )
        ]

    def drain(self, name: str, draining: bool) -> bool:
        """Raises Conflict: there is no other process; NotFound for any other name."""
        if name != NODE:
            raise NotFound("节点不存在", "there is no such node")
        raise Conflict("不能排空服务自身的节点", "the server's own node cannot be drained")
