"""A run on agents that are engines on the virtual loop instead of processes, with a fake target."""

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
from perfsvc.cluster.dask.agent_pool import DISCONNECTED
from perfsvc.cluster.dask.agent_pool import AgentPool
from perfsvc.cluster.dask.agent_pool import RunController
from perfsvc.cluster.dask.agent_run import AgentRun
from perfsvc.cluster.dask.agents import DASK
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.deployment import DaskDeployment
from perfsvc.cluster.dask.messages import Hello
from perfsvc.errors import Conflict
from perfsvc.model.node_timeouts import HEARTBEAT_S
from perfsvc.model.run import RunSpec
from perfsvc.plugin.catalog import Catalog
from perfsvc.plugin.protocol import Protocol
from tests.engine.rig import STEP
from tests.support import fake_protocol
from tests.support import virtual_time
from tests.support.fake_protocol import Answer
from tests.support.run_recorder import RunRecorder

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

    def send(self, message: messages.AgentMessage) -> None:
        self._under_way.append(messages.encode(message))
        asyncio.get_running_loop().call_later(WIRE_S, lambda: self._take(self._under_way.popleft()))


async def at_once(work: Callable[[], Any]) -> Any:
    """Work on the loop: the time of a virtual one would pass while a thread works."""
    return work()


class VirtualAgent:
    """An agent and its runs. A ``hung`` one neither receives nor sends; reports of ``mute`` types are lost.

    The process of one that is ``gone`` has ended.
    """

    def __init__(self, virtual: VirtualRun, name: str) -> None:
        self._virtual = virtual
        hello = Hello(
            name=name, host="h", pid=1, version=__version__, python=platform.python_version(), dask=DASK, plugins={}
        )
        self.handle = Agent(f"tls://{name}:1", hello, virtual.clock.now_ns(), 0.0)
        self.runs: dict[str, AgentRun] = {}
        self.hung = self.gone = False
        self.mute: tuple[type[messages.AgentMessage], ...] = ()
        self.commands = Wire(self.take)
        self._reports = Wire(lambda data: virtual.on_message(self, data))

    def take(self, data: bytes) -> None:
        command = messages.decode_command(data)
        if self.hung:
            return
        if isinstance(command, messages.Deploy):
            assignment = command.assignment
            self.runs[assignment] = AgentRun(
                command, self._protocol_class, self._virtual.clock, self.send, lambda: self._forget(assignment), at_once
            )
        elif isinstance(command, messages.LifecycleCommand | messages.LoadCommand) and command.assignment in self.runs:
            self.runs[command.assignment].handle(command)

    def send(self, report: messages.AgentMessage) -> None:
        if not self.hung and not isinstance(report, self.mute):
            self._reports.send(report)

    def heartbeat(self) -> None:
        if not self.hung:
            self.handle.last_message_ns = self._virtual.clock.now_ns()
            for run in self.runs.values():
                run.renew_lease()

    def _protocol_class(self, name: str) -> type[Protocol]:
        return self._virtual.protocol

    def _forget(self, assignment: str) -> None:
        del self.runs[assignment]


class VirtualRun:
    """A run on virtual agents: their pool, and everything that the run reported."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def __init__(self, spec: RunSpec, answer: Answer, agents: int) -> None:
        self.clock = virtual_time.current_clock()
        self.protocol = fake_protocol.answering(answer)
        self.agents = [VirtualAgent(self, f"n{number}") for number in range(1, agents + 1)]
        self.bound: dict[Agent, str] = {}
        self.recorder = RunRecorder()
        self.snapshots, self.events = self.recorder.snapshots, self.recorder.events
        catalog = cast("Catalog", SimpleNamespace(protocol=lambda name: self.protocol))
        self.run = DaskDeployment(cast("AgentPool", self), spec, catalog, self.clock, self.recorder)

    # The agent pool.

    def check(self, spec: RunSpec) -> None: ...

    async def acquire(self, spec: RunSpec, count: int) -> list[Agent]:
        free = self._free()
        if len(free) < count:
            raise Conflict("空闲节点不足", "too few agents are free")
        return [agent.handle for agent in free[:count]]

    def idle(self, spec: RunSpec) -> Agent | None:
        return next((agent.handle for agent in self._free() if not agent.hung), None)

    def _free(self) -> list[VirtualAgent]:
        there = [each for each in self.agents if not (each.gone or each.handle.draining)]
        return [each for each in there if each.handle not in self.bound]

    def assign(self, agent: Agent, assignment: str) -> None:
        self.bound[agent] = assignment

    def release(self, agent: Agent, assignment: str) -> None:
        if self.bound.get(agent) == assignment:
            del self.bound[agent]

    def register(self, controller: RunController) -> None: ...

    def unregister(self, controller: RunController) -> None: ...

    def send(self, agent: Agent, command: messages.AgentMessage) -> None:
        next(each for each in self.agents if each.handle is agent).commands.send(command)

    # What happens.

    def on_message(self, agent: VirtualAgent, data: bytes) -> None:
        agent.handle.last_message_ns = self.clock.now_ns()
        self.run.on_report(cast("messages.RunReport", messages.decode_report(data)))

    async def send_heartbeats(self) -> None:
        while True:
            for agent in self.agents:
                agent.heartbeat()
            await asyncio.sleep(HEARTBEAT_S)

    def lose(self, agent: VirtualAgent) -> None:
        """Its process is gone."""
        agent.hung = agent.gone = True
        for run in agent.runs.values():
            run.abort()
        self.run.on_agent_gone(agent.handle, DISCONNECTED)

    async def begin(self) -> None:
        self.run.compile()
        await self.run.prepare()
        self.run.start()

    @property
    def iterations(self) -> int:
        return sum(snapshot.iterations for snapshot in self.snapshots)

    def kinds(self) -> list[tuple[str, str]]:
        return [(event.kind, event.node) for event in self.events if event.kind != "joined"]

    def begun_after(self, second: float) -> list[float]:
        """When requests began, in s since the origin, later than ``second``."""
        origin = self.run.nodes.time.origin_ns / 1e9 - 1
        times = sorted(moment - origin for made in self.protocol.made for moment, _, _ in made.log)
        return [moment for moment in times if moment > second]


def act(
    spec: RunSpec, play: Callable[[VirtualRun], Awaitable[None]], *, answer: Answer | None = None, agents: int = 0
) -> VirtualRun:
    """A run from start to end; ``play`` says what happens when it has begun."""

    async def main() -> VirtualRun:
        virtual = VirtualRun(spec, answer or Answer(), agents or spec.placement.count)
        beating = asyncio.create_task(virtual.send_heartbeats())
        async with asyncio.timeout(LIMIT_S):
            await virtual.begin()
            await play(virtual)
        beating.cancel()
        return virtual

    return virtual_time.run(main())
