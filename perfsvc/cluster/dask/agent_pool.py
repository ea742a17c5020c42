"""The agents that have joined, and which run has which of them. Dask is imported when the pool is opened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Protocol

from perfsvc.clock import NS_PER_S
from perfsvc.clock import Clock
from perfsvc.cluster.certificates import ensure_certificates
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.address import local_address
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.fork_server import ForkServer
from perfsvc.cluster.dask.processes import Processes
from perfsvc.errors import Conflict
from perfsvc.errors import RunError
from perfsvc.errors import Text
from perfsvc.model.node_timeouts import FRESH_S
from perfsvc.model.run import RunSpec
from perfsvc.plugin.catalog import Catalog

if TYPE_CHECKING:
    from perfsvc.cluster.dask.scheduler import AgentScheduler

LOOPBACK = "127.0.0.1:0"
JOIN_LIMIT_S = 60.0
IDLE_S = 300.0
"""Processes of this machine end after this time without a run."""

DISCONNECTED = Text("连接中断，进程已退出或网络不通", "its connection ended: the process exited or the network failed")


class RunController(Protocol):
    """A run that has agents, as the pool knows it."""

    @property
    def run(self) -> str:
        """The execution id."""
        ...

    def on_report(self, report: messages.RunReport) -> None:
        """An agent reports on its assignment in this run."""
        ...

    def on_agent_gone(self, agent: Agent, reason: Text) -> None:
        """The connection of an agent, of this run or another, ended."""
        ...

    def share_of(self, name: str) -> float | None:
        """The share of a node in percent; None for one that has left."""
        ...


class AgentPool:
    """All agents. ``drained`` are the names that get no load whenever they join; the rest as in ``DaskCluster``."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        certificates: Path,
        listen: str,
        allow: tuple[str, ...],
        deny: tuple[str, ...],
        drained: frozenset[str],
        fork_server: ForkServer | None = None,
    ) -> None:
        self.allow = allow
        self.deny = deny
        self.drained = set(drained)
        self.assignments: dict[Agent, str] = {}
        self.runs: dict[str, RunController] = {}
        self._catalog = catalog
        self._clock = clock
        self._certificates = certificates
        self._listen = listen
        self._scheduler: AgentScheduler | None = None
        self.processes = Processes(fork_server)
        self._opening = asyncio.Lock()
        self._acquiring = asyncio.Lock()
        self._idle_timer: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        self._leaving: set[Agent] = set()

    async def open(self) -> None:
        """Let agents join. Raises StartupError."""
        await self._opened()

    async def close(self) -> None:
        """End the processes of this machine; agents of other machines wait for another scheduler."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        await self.processes.close()
        if self._scheduler is not None:
            await self._scheduler.close()

    @property
    def agents(self) -> list[Agent]:
        """The agents that have joined, by name."""
        agents = self._scheduler.agents.values() if self._scheduler is not None else ()
        return sorted(agents, key=lambda agent: agent.name)

    def silent_s(self, agent: Agent) -> float:
        """Seconds since the last message of an agent."""
        return (self._clock.now_ns() - agent.last_message_ns) / NS_PER_S

    # Used by runs.

    def check(self, spec: RunSpec) -> None:
        """Raise Conflict when the agents of other machines that have joined are too few or unfit."""
        if spec.placement.mode == "distributed":
            self._choose(spec, spec.placement.count)

    async def acquire(self, spec: RunSpec, count: int) -> list[Agent]:
        """Acquire idle agents for a run. Raises Conflict, and RunError when processes do not come up."""
        async with self._acquiring:
            try:
                central = spec.placement.mode == "central"
                if central and self._scheduler is None:
                    await self.processes.start(max(count - len(self.processes.alive), 0))
                scheduler = await self._opened()
                if central:
                    await self._start_missing(spec, count)
                agents = self._choose(spec, count)
                for agent in agents:
                    self.assign(agent, spec.execution_id)
                await self._wait_until(lambda: all(agent.measured for agent in agents), scheduler)
                return agents
            finally:
                self._restart_idle_timer()

    def idle(self, spec: RunSpec) -> Agent | None:
        """An idle agent that is fit for a run; None while a run acquires agents, which counts on the idle ones."""
        return None if self._acquiring.locked() else next(iter(self._fit(spec)), None)

    def assign(self, agent: Agent, assignment: str) -> None:
        """Give an agent this one assignment; heartbeats renew its lease."""
        self.assignments[agent] = assignment

    def release(self, agent: Agent, assignment: str) -> None:
        """End an assignment: its agent is idle again, unless it has another one by now."""
        if self.assignments.get(agent) != assignment:
            return
        del self.assignments[agent]
        self._restart_idle_timer()

    def register(self, controller: RunController) -> None:
        """Pass reports of agents to a run from now on."""
        self.runs[controller.run] = controller

    def unregister(self, controller: RunController) -> None:
        """Forget a run that is over; agents acquired for it and never assigned a node are released."""
        self.runs.pop(controller.run, None)
        for agent in [agent for agent, assignment in self.assignments.items() if assignment == controller.run]:
            self.release(agent, controller.run)

    def send(self, agent: Agent, command: messages.AgentMessage) -> None:
        """Send a command to an agent."""
        if self._scheduler is not None:
            self._scheduler.send(agent, command)

    # Called by the scheduler.

    def on_report(self, agent: Agent, report: messages.Report) -> None:
        """Pass a report to its run; note an agent that joins."""
        if isinstance(report, messages.Hello):
            agent.draining = agent.name in self.drained
            if report.started_here:
                self.processes.joined(agent.name)
        if isinstance(report, messages.Hello | messages.Pong):
            return
        controller = self.runs.get(run_of(report.assignment))
        if controller is not None:
            controller.on_report(report)

    def on_agent_gone(self, agent: Agent) -> None:
        """Notify every run that the connection of an agent ended."""
        self.assignments.pop(agent, None)
        self._leaving.discard(agent)
        for controller in list(self.runs.values()):
            controller.on_agent_gone(agent, DISCONNECTED)

    def assignment_of(self, agent: Agent) -> str | None:
        """The assignment whose lease heartbeats renew."""
        return self.assignments.get(agent)

    # How.

    async def _opened(self) -> AgentScheduler:
        async with self._opening:
            if self._scheduler is None:
                from perfsvc.cluster.dask.scheduler import AgentScheduler

                certificates = ensure_certificates(self._certificates)
                scheduler = AgentScheduler(certificates.server, self._clock, self)
                await scheduler.open(self._listen or LOOPBACK)
                self.processes.join(local_address(self._listen or LOOPBACK, scheduler.port), certificates.agent)
                self._scheduler = scheduler
            return self._scheduler

    async def _start_missing(self, spec: RunSpec, count: int) -> None:
        """Start the missing processes of this machine, and wait until all have joined."""
        assert self._scheduler is not None  # noqa: S101 - acquire has opened it
        if self._ending is not None:  # until then its processes have the low numbers, and count against the limit
            await asyncio.wait([self._ending])
        ready = len(self._idle_agents(spec)) + len(self.processes.coming)
        missing = max(count - ready, 0)
        await self.processes.start(missing)
        await self._wait_until(lambda: len(self._idle_agents(spec)) >= ready + missing, self._scheduler)

    async def _wait_until(self, ready: Callable[[], bool], scheduler: AgentScheduler) -> None:
        """Wait for reports of agents. Raises RunError when that takes too long."""
        try:
            async with asyncio.timeout(JOIN_LIMIT_S):
                while not ready():
                    scheduler.changed.clear()
                    await scheduler.changed.wait()
        except TimeoutError:
            zh = f"执行进程没有在 {JOIN_LIMIT_S:g} 秒内就绪，已加入 {len(scheduler.agents)} 个"
            en = f"engine processes were not ready in {JOIN_LIMIT_S:g} s; joined: {len(scheduler.agents)}"
            raise RunError(zh, en) from None

    def _of_kind(self, spec: RunSpec) -> list[Agent]:
        """Agents of this machine, or of others, as the plan requires."""
        here = spec.placement.mode == "central"
        return [agent for agent in self.agents if agent.hello.started_here is here]

    def _idle_agents(self, spec: RunSpec) -> list[Agent]:
        """Agents that respond and have no assignment, fit or not."""
        return [
            agent
            for agent in self._of_kind(spec)
            if agent not in self.assignments
            and agent not in self._leaving
            and not agent.draining
            and self.silent_s(agent) < FRESH_S
        ]

    def _fit(self, spec: RunSpec) -> list[Agent]:
        return [agent for agent in self._idle_agents(spec) if unfitness(agent, spec, self._catalog) is None]

    def _choose(self, spec: RunSpec, count: int) -> list[Agent]:
        """Choose fit agents, those with a weight in the plan first. Raises Conflict with the figures."""
        fit = self._fit(spec)
        if len(fit) >= count:
            weighted = spec.placement.weights
            return sorted(sorted(fit, key=lambda agent: agent.name not in weighted)[:count], key=lambda a: a.name)
        joined = self._of_kind(spec)
        unfit = [text for agent in joined if (text := unfitness(agent, spec, self._catalog)) is not None]
        raise shortage(
            count, len(joined), len(fit), unfit, closed=spec.placement.mode != "central" and not self._listen
        )

    def _restart_idle_timer(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._idle_timer = asyncio.get_running_loop().call_later(IDLE_S, self._end_idle)

    def _end_idle(self) -> None:
        """End the processes of this machine that have had no run for IDLE_S, unless a run counts on them now."""
        if self._acquiring.locked():  # the timer starts again after acquiring
            return
        idle = [agent for agent in self.agents if agent.hello.started_here and agent not in self.assignments]
        self._leaving.update(idle)
        names = [agent.name for agent in idle]
        self._ending = asyncio.get_running_loop().create_task(self.processes.end(names))


def run_of(assignment: str) -> str:
    """The execution id in an assignment."""
    return assignment.partition("/")[0]


def node_of(assignment: str) -> str:
    """The node's name in an assignment; empty for an agent that is acquired and has no node yet."""
    return assignment.partition("/")[2]


def shortage(needed: int, joined: int, fit: int, unfit: list[Text], *, closed: bool) -> Conflict:
    """The error for too few agents, with the reason of each unfit one; ``closed``: none can join."""
    zh = f"需要 {needed} 个节点，已加入 {joined} 个，其中可用 {fit} 个"
    en = f"too few nodes: {needed} needed, {joined} joined, {fit} usable"
    if unfit:
        zh, en = f"{zh}；{'；'.join(t.zh for t in unfit)}", f"{en}; {'; '.join(t.en for t in unfit)}"
    if closed:
        zh = f"{zh}；未设置 PERFSVC_DASK_SCHEDULER，其他机器无法加入"
        en = f"{en}; no agent can join while PERFSVC_DASK_SCHEDULER is not set"
    return Conflict(zh, en)


def unfitness(agent: Agent, spec: RunSpec, catalog: Catalog) -> Text | None:
    """Why an agent cannot run a spec, or None."""
    needed = protocols_of(spec)
    return agent.unfit({name: version for name, version in catalog.protocol_versions().items() if name in needed})


def protocols_of(spec: RunSpec) -> set[str]:
    """The names of all protocols that a run's steps use."""
    steps = [step for weighted in spec.scenes for step in weighted.scene.walk()]
    return {step.protocol or spec.protocol for step in steps if step.type == "request"}
