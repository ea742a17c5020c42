"""The cluster on Dask: agents of this machine and of others, and which run has which of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from perfsvc.clock import NS_PER_S
from perfsvc.clock import Clock
from perfsvc.cluster.certificates import ensure_certificates
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.address import local_address
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.deployment import DaskDeployment
from perfsvc.cluster.dask.processes import Processes
from perfsvc.cluster.dask.run_nodes import LOST_CONNECTION
from perfsvc.cluster.interface import OnEnding
from perfsvc.cluster.interface import OnNodeEvent
from perfsvc.cluster.interface import OnSnapshot
from perfsvc.cluster.interface import ignored
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.errors import Conflict
from perfsvc.errors import NotFound
from perfsvc.errors import RunError
from perfsvc.errors import Text
from perfsvc.model.liveness import FRESH_S
from perfsvc.model.liveness import UNREACHABLE_S
from perfsvc.model.node import NodeInfo
from perfsvc.model.node import NodeState
from perfsvc.model.run import RunSpec
from perfsvc.plugin.catalog import Catalog

if TYPE_CHECKING:
    from perfsvc.cluster.dask.scheduler import Hub

log = logging.getLogger(__name__)

HERE = "127.0.0.1:0"
JOIN_LIMIT_S = 60.0
IDLE_S = 300.0
"""Processes of this machine that nobody needs end after so long."""


class DaskCluster:
    """All agents. Dask is imported, and anything started, when ``open`` or the first run needs it.

    ``listen`` is where agents of other machines join (``host:port``, empty for nowhere), ``certificates`` the folder by
    which they and we know each other; ``allow`` and ``deny`` are the target policy that agents are to keep.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        certificates: Path,
        listen: str = "",
        allow: tuple[str, ...] = (),
        deny: tuple[str, ...] = (),
        drained: frozenset[str] = frozenset(),
    ) -> None:
        self.allow = allow
        self.deny = deny
        self._catalog = catalog
        self._clock = clock
        self._certificates = certificates
        self._listen = listen
        self._hub: Hub | None = None
        self._processes: Processes | None = None
        self._opening = asyncio.Lock()
        self._recruiting = asyncio.Lock()
        self._runs: dict[str, DaskDeployment] = {}
        self._drained = set(drained)
        self._stints: dict[Agent, str] = {}
        self._idle: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Let agents of other machines join, where that is set. Raises StartupError."""
        if self._listen:
            await self._opened()

    async def close(self) -> None:
        """End the processes that were started; agents of other machines wait for another scheduler."""
        if self._idle is not None:
            self._idle.cancel()
        if self._processes is not None:
            await self._processes.close()
        if self._hub is not None:
            await self._hub.close()

    def deploy(
        self,
        spec: RunSpec,
        on_snapshot: OnSnapshot,
        on_ending: OnEnding,
        on_event: OnNodeEvent = ignored,
        dealer: RowAllocator | None = None,
    ) -> DaskDeployment:
        """A run on many nodes."""
        return DaskDeployment(self, spec, self._catalog, self._clock, on_snapshot, on_ending, on_event, dealer)

    def nodes(self) -> list[NodeInfo]:
        """The agents that have joined, by name."""
        agents = self._hub.agents.values() if self._hub is not None else ()
        return [self._info(agent) for agent in sorted(agents, key=lambda agent: agent.name)]

    def drain(self, name: str, draining: bool) -> bool:
        """Give an agent no more load, or give it load again; answers whether one of its name gets none from now on.

        Raises NotFound.
        """
        agents = self._hub.agents.values() if self._hub is not None else ()
        agent = next((agent for agent in agents if agent.name == name), None)
        if agent is None:
            raise NotFound("节点不存在", "there is no such node")
        agent.draining = draining
        self._drained.discard(name)
        if draining and not agent.hello.started_here:  # those are made anew, under names that were used before
            self._drained.add(name)
        return name in self._drained

    # What runs ask for.

    def check(self, spec: RunSpec) -> None:
        """Raises Conflict when the agents of other machines that have joined are too few or unfit."""
        if spec.placement.mode == "distributed":
            self._fit(spec, spec.placement.count)

    async def recruit(self, spec: RunSpec, count: int) -> list[Agent]:
        """So many agents that are free. Raises Conflict, and RunError when processes do not come up."""
        async with self._recruiting:
            hub = await self._opened()
            if spec.placement.mode == "central":
                await self._start_missing(spec, count)
            agents = self._fit(spec, count)
            for agent in agents:
                self._stints[agent] = spec.execution_id
            await self._until(lambda: all(agent.measured for agent in agents), hub)
            return agents

    def spare(self, spec: RunSpec) -> Agent | None:
        """A free agent that is fit for a run."""
        free = self._free(spec)
        return free[0] if free else None

    def bind(self, agent: Agent, stint: str) -> None:
        """From now on an agent works on this, and beats renew its lease."""
        self._stints[agent] = stint

    def release(self, agent: Agent) -> None:
        """It is free again."""
        self._stints.pop(agent, None)
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._end_idle)

    def enrol(self, deployment: DaskDeployment) -> None:
        """What agents say of this run is told to it from now on."""
        self._runs[deployment.run] = deployment

    def dismiss(self, deployment: DaskDeployment) -> None:
        """It is over."""
        self._runs.pop(deployment.run, None)
        for agent in [agent for agent, stint in self._stints.items() if stint == deployment.run]:
            self.release(agent)

    def send(self, agent: Agent, order: messages.Message) -> None:
        """An order for an agent."""
        if self._hub is not None:
            self._hub.send(agent, order)

    # How.

    async def _opened(self) -> Hub:
        async with self._opening:
            if self._hub is None:
                from perfsvc.cluster.dask.scheduler import Hub

                certificates = ensure_certificates(self._certificates)
                hub = Hub(certificates.server, self._clock, self._hear, self._miss, self._stints_of)
                await hub.open(self._listen or HERE)
                self._processes = Processes(local_address(self._listen or HERE, hub.port), certificates.agent)
                self._hub = hub
            return self._hub

    async def _start_missing(self, spec: RunSpec, count: int) -> None:
        """Start as many processes as are missing, and wait until all are there."""
        assert self._hub is not None  # noqa: S101 - recruit has opened it
        assert self._processes is not None  # noqa: S101
        idle = len(self._idlers(spec))
        missing = max(count - idle, 0)
        await self._processes.start(missing)
        await self._until(lambda: len(self._idlers(spec)) >= idle + missing, self._hub)

    async def _until(self, ready: Callable[[], bool], hub: Hub) -> None:
        """Until agents have joined and answered. Raises RunError when that takes too long."""
        try:
            async with asyncio.timeout(JOIN_LIMIT_S):
                while not ready():
                    hub.changed.clear()
                    await hub.changed.wait()
        except TimeoutError:
            zh = f"执行进程没有在 {JOIN_LIMIT_S:g} 秒内就绪，已加入 {len(hub.agents)} 个"
            en = f"engine processes were not ready in {JOIN_LIMIT_S:g} s; {len(hub.agents)} have joined"
            raise RunError(zh, en) from None

    def _free(self, spec: RunSpec) -> list[Agent]:
        """Agents that a run may have: idle, and fit for it."""
        return [agent for agent in self._idlers(spec) if self._unfitness(agent, spec) is None]

    def _idlers(self, spec: RunSpec) -> list[Agent]:
        """Agents of the kind that a run is for, who are heard of and have nothing to do, by name."""
        return [agent for agent in self._of_kind(spec) if self._is_free(agent)]

    def _fit(self, spec: RunSpec, count: int) -> list[Agent]:
        """So many free agents; those that the plan gives a weight first. Raises Conflict with the figures."""
        free = self._free(spec)
        if len(free) >= count:
            weighted = spec.placement.weights
            return sorted(sorted(free, key=lambda agent: agent.name not in weighted)[:count], key=lambda a: a.name)
        joined = self._of_kind(spec)
        unfit = [text for agent in joined if (text := self._unfitness(agent, spec)) is not None]
        zh = f"需要 {count} 个节点，已加入 {len(joined)} 个，其中可用 {len(free)} 个"
        en = f"{count} nodes are needed; {len(joined)} have joined, {len(free)} of them can be used"
        if unfit:
            zh, en = f"{zh}；{'；'.join(t.zh for t in unfit)}", f"{en}; {'; '.join(t.en for t in unfit)}"
        if spec.placement.mode == "distributed" and not self._listen:
            zh = f"{zh}；未设置 PERFSVC_DASK_SCHEDULER，其他机器无法加入"
            en = f"{en}; no agent can join while PERFSVC_DASK_SCHEDULER is not set"
        raise Conflict(zh, en)

    def _of_kind(self, spec: RunSpec) -> list[Agent]:
        here = spec.placement.mode == "central"
        agents = self._hub.agents.values() if self._hub is not None else ()
        return sorted((agent for agent in agents if agent.hello.started_here is here), key=lambda agent: agent.name)

    def _is_free(self, agent: Agent) -> bool:
        fresh = self._silent_s(agent) < FRESH_S
        return agent not in self._stints and not agent.draining and fresh

    def _unfitness(self, agent: Agent, spec: RunSpec) -> Text | None:
        needed = protocols_of(spec)
        brought = {
            each["name"]: f"{each['distribution']} {each['version']}"
            for each in self._catalog.describe()
            if each["kind"] == "protocol" and each["name"] in needed
        }
        return agent.unfit(brought)

    def _hear(self, agent: Agent, word: messages.Word) -> None:
        if isinstance(word, messages.Hello):
            agent.draining = agent.name in self._drained
        if isinstance(word, messages.Hello | messages.Pong):
            return
        run, _, _ = word.run.partition("/")
        deployment = self._runs.get(run)
        if deployment is not None:
            deployment.hear(word.run, word)

    def _miss(self, agent: Agent) -> None:
        self._stints.pop(agent, None)
        for deployment in list(self._runs.values()):
            deployment.missed(agent, LOST_CONNECTION)

    def _stints_of(self, agent: Agent) -> tuple[str, ...]:
        stint = self._stints.get(agent)
        return () if stint is None else (stint,)

    def _end_idle(self) -> None:
        """End the processes of this machine that nobody has needed for a while."""
        if self._processes is None or self._hub is None:
            return
        idle = [agent.name for agent in self._hub.agents.values() if agent not in self._stints]
        self._ending = asyncio.get_running_loop().create_task(self._processes.end(idle))

    def _info(self, agent: Agent) -> NodeInfo:
        hello, pong = agent.hello, agent.pong
        return NodeInfo(
            name=agent.name,
            kind="agent",
            host=hello.host,
            pid=hello.pid,
            version=hello.version,
            state=self._state(agent),
            since=agent.since,
            cpu=pong.cpu,
            memory=pong.memory,
            loop_lag_ms=pong.loop_lag_ms,
            shares=self._shares(agent),
        )

    def _silent_s(self, agent: Agent) -> float:
        return (self._clock.now_ns() - agent.heard_ns) / NS_PER_S

    def _state(self, agent: Agent) -> NodeState:
        if self._silent_s(agent) > UNREACHABLE_S:
            return "lost"
        if agent.draining:
            return "draining"
        return "busy" if agent in self._stints else "ready"

    def _shares(self, agent: Agent) -> dict[str, float]:
        run, _, node = self._stints.get(agent, "").partition("/")
        deployment = self._runs.get(run)
        return {} if deployment is None else deployment.share_of(node)


def protocols_of(spec: RunSpec) -> set[str]:
    """The names of all protocols that a run's steps use."""
    steps = [step for weighted in spec.scenes for step in weighted.scene.walk()]
    return {step.protocol or spec.protocol for step in steps if step.type == "request"}
