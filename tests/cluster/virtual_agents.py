"""A run on agents that are no processes but engines on the virtual loop, with a target that is none."""

from __future__ import annotations

import asyncio
import platform
from collections import deque
from collections.abc import Awaitable
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from typing import cast

from perfsvc import __version__
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.agent_run import AgentRun
from perfsvc.cluster.dask.agents import DASK
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.deployment import DaskDeployment
from perfsvc.cluster.dask.messages import Hello
from perfsvc.cluster.dask.run_nodes import LOST_CONNECTION
from perfsvc.model.liveness import HEARTBEAT_S
from perfsvc.model.node import NodeEvent
from perfsvc.model.run import RunSpec
from perfsvc.model.window import Snapshot
from perfsvc.plugin.catalog import Catalog
from tests.engine.rig import STEP
from tests.support import fake_protocol
from tests.support import virtual_time
from tests.support.fake_protocol import Answer

WIRE_S = 0.001
LIMIT_S = 300
"""Of virtual time."""


def spec_of(*, nodes: int = 2, seconds: float = 5, users: int = 0, rate: int = 0, **more: Any) -> RunSpec:
    level = users or rate
    load: dict[str, Any] = {"stages": [{"duration": 0, "target": level}, {"duration": seconds, "target": level}]}
    if rate:
        load |= {"variable": "arrival_rate", "max_vus": 60}
    load |= more.pop("load", {})
    scene = {"name": "s", "steps": [STEP], **more.pop("scene", {})}
    placement = {"mode": "central", "count": nodes, **more.pop("placement", {})}
    base = {"execution_id": "run", "name": "x", "seed": 7, "protocol": "fake", "graceful_stop_s": 3}
    return RunSpec.parse({**base, "scenes": [{"scene": scene}], "load": load, "placement": placement, **more})


class Wire:
    """One direction of a stream: what is sent arrives a little later, in order."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._under_way: deque[bytes] = deque()

    def send(self, message: messages.Message) -> None:
        self._under_way.append(messages.encode(message))
        asyncio.get_running_loop().call_later(WIRE_S, lambda: self._take(self._under_way.popleft()))


class Hand:
    """An agent: what it hosts, and what keeps it from working. A ``hung`` one neither hears nor says anything."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage = stage
        hello = Hello(
            name=name, host="h", pid=1, version=__version__, python=platform.python_version(), dask=DASK, plugins={}
        )
        self.agent = Agent(f"tls://{name}:1", hello, stage.clock.now_ns(), 0.0)
        self.hosted: dict[str, AgentRun] = {}
        self.heard: list[messages.Message] = []
        self.hung = False
        self.mute: tuple[type[messages.Message], ...] = ()
        self.orders = Wire(self.take)
        self._words = Wire(lambda data: stage.hear(self, data))

    def take(self, data: bytes) -> None:
        order = messages.decode_order(data)
        if self.hung:
            return
        self.heard.append(order)
        if isinstance(order, messages.Deploy):
            run = order.run
            self.hosted[run] = AgentRun(
                order, lambda name: self.stage.protocol, self.stage.clock, self.tell, lambda: self._forget(run)
            )
        elif not isinstance(order, messages.Heartbeat) and order.run in self.hosted:
            self.hosted[order.run].obey(order)

    def tell(self, word: messages.Message) -> None:
        if not self.hung and not isinstance(word, self.mute):
            self._words.send(word)

    def beat(self) -> None:
        if not self.hung:
            self.agent.heard_ns = self.stage.clock.now_ns()
            for hosted in self.hosted.values():
                hosted.renew()

    def _forget(self, run: str) -> None:
        del self.hosted[run]


class Stage:
    """The staff of one run, and everything that the run told."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def __init__(self, spec: RunSpec, answer: Answer, agents: int) -> None:
        self.clock = virtual_time.current_clock()
        self.protocol = fake_protocol.answering(answer)
        self.hands = [Hand(self, f"n{number}") for number in range(1, agents + 1)]
        self.bound: dict[Agent, str] = {}
        self.snapshots: list[Snapshot] = []
        self.events: list[NodeEvent] = []
        catalog = cast("Catalog", SimpleNamespace(protocol=lambda name: self.protocol))
        self.run = DaskDeployment(
            self, spec, catalog, self.clock, self.snapshots.append, lambda: None, self.events.append
        )

    # What a run takes for its staff.

    def check(self, spec: RunSpec) -> None: ...

    async def recruit(self, spec: RunSpec, count: int) -> list[Agent]:
        return [hand.agent for hand in self.hands[:count]]

    def spare(self, spec: RunSpec) -> Agent | None:
        free = (each for each in self.hands if each.agent not in self.bound and not each.hung)
        return next((each.agent for each in free if not each.agent.draining), None)

    def bind(self, agent: Agent, stint: str) -> None:
        self.bound[agent] = stint

    def release(self, agent: Agent) -> None:
        self.bound.pop(agent, None)

    def enrol(self, deployment: DaskDeployment) -> None: ...

    def dismiss(self, deployment: DaskDeployment) -> None: ...

    def send(self, agent: Agent, order: messages.Message) -> None:
        next(hand for hand in self.hands if hand.agent is agent).orders.send(order)

    # What happens.

    def hear(self, hand: Hand, data: bytes) -> None:
        hand.agent.heard_ns = self.clock.now_ns()
        word = messages.decode_word(data)
        self.run.hear(cast("Any", word).run, word)

    async def beat(self) -> None:
        while True:
            for hand in self.hands:
                hand.beat()
            await asyncio.sleep(HEARTBEAT_S)

    def lose(self, hand: Hand) -> None:
        """Its process is gone."""
        hand.hung = True
        for hosted in hand.hosted.values():
            hosted.abort()
        self.run.missed(hand.agent, LOST_CONNECTION)

    async def begin(self) -> None:
        self.run.compile()
        await self.run.prepare()
        self.run.start()

    @property
    def iterations(self) -> int:
        return sum(told.iterations for told in self.snapshots)

    def kinds(self) -> list[tuple[str, str]]:
        return [(event.kind, event.node) for event in self.events if event.kind != "joined"]

    def begun_after(self, second: float) -> list[float]:
        """When requests began, in s since the origin, later than ``second``."""
        origin = self.run.time.origin_ns / 1e9 - 1
        times = sorted(moment - origin for made in self.protocol.made for moment, _, _ in made.log)
        return [moment for moment in times if moment > second]


def act(
    spec: RunSpec, play: Callable[[Stage], Awaitable[None]], *, answer: Answer | None = None, agents: int = 0
) -> Stage:
    """A run from start to end; ``play`` says what happens when it has begun."""

    async def main() -> Stage:
        stage = Stage(spec, answer or Answer(), agents or spec.placement.count)
        beating = asyncio.create_task(stage.beat())
        async with asyncio.timeout(LIMIT_S):
            await stage.begin()
            await play(stage)
        beating.cancel()
        return stage

    return virtual_time.run(main())
