"""The cluster on Dask: agents of this machine and of others."""

from __future__ import annotations

from pathlib import Path

from perfsvc.clock import Clock
from perfsvc.cluster.dask.agent_pool import AgentPool
from perfsvc.cluster.dask.agent_pool import node_of
from perfsvc.cluster.dask.agent_pool import run_of
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.deployment import DaskDeployment
from perfsvc.cluster.dask.fork_server import ForkServer
from perfsvc.cluster.interface import RunListener
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.errors import NotFound
from perfsvc.model.node import NodeInfo
from perfsvc.model.node import NodeState
from perfsvc.model.node_timeouts import UNREACHABLE_S
from perfsvc.model.run import RunSpec
from perfsvc.plugin.catalog import Catalog


class DaskCluster:
    """Runs engines on agents. Dask is imported, and anything started, by ``open`` or the first run that needs it.

    ``listen`` is where agents of other machines join (``host:port``, empty for nowhere), ``certificates`` the folder of
    the certificates for both sides; ``allow`` and ``deny`` are the target policy for agents, ``drained`` the names of
    agents that get no load, ``fork_server`` one that has been started early.
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
        fork_server: ForkServer | None = None,
    ) -> None:
        self.pool = AgentPool(catalog, clock, certificates, listen, allow, deny, drained, fork_server)
        self._catalog = catalog
        self._clock = clock
        self._listen = listen

    async def open(self) -> None:
        """Let agents of other machines join, where an address is set. Raises StartupError."""
        if self._listen:
            await self.pool.open()

    async def prepare(self, count: int) -> None:
        """Start processes of this machine, so that they are ready when a run needs them.

        Raises RunError, StartupError.
        """
        await self.pool.processes.start(count)
        await self.pool.open()

    async def close(self) -> None:
        """End the processes of this machine; agents of other machines wait for another scheduler."""
        await self.pool.close()

    def deploy(self, spec: RunSpec, listener: RunListener, allocator: RowAllocator | None = None) -> DaskDeployment:
        """A run on many agents."""
        return DaskDeployment(self.pool, spec, self._catalog, self._clock, listener, allocator)

    def nodes(self) -> list[NodeInfo]:
        """The agents that have joined, by name."""
        return [self._info(agent) for agent in self.pool.agents]

    def drain(self, name: str, draining: bool) -> bool:
        """Drain an agent, or give it load again; return whether its name stays drained when it joins again.

        Raises NotFound.
        """
        agent = next((agent for agent in self.pool.agents if agent.name == name), None)
        if agent is None:
            raise NotFound("节点不存在", "there is no such node")
        agent.draining = draining
        self.pool.drained.discard(name)
        if draining and not agent.hello.started_here:  # processes of this machine reuse names
            self.pool.drained.add(name)
        return name in self.pool.drained

    def _info(self, agent: Agent) -> NodeInfo:
        hello, pong = agent.hello, agent.pong
        return NodeInfo(
            name=agent.name,
            kind="process" if hello.started_here else "agent",
            host=hello.host,
            pid=hello.pid,
            version=hello.version,
            state=self._state(agent),
            since=agent.since,
            cpu=pong.cpu,
            memory=pong.memory,
            loop_lag_ms=pong.loop_lag_ms,
            shares=self._shares(agent),
            unfit=agent.unfit({}),
        )

    def _state(self, agent: Agent) -> NodeState:
        if self.pool.silent_s(agent) > UNREACHABLE_S:
            return "lost"
        if agent.draining:
            return "draining"
        return "busy" if agent in self.pool.assignments else "ready"

    def _shares(self, agent: Agent) -> dict[str, float]:
        assignment = self.pool.assignments.get(agent, "")
        run = run_of(assignment)
        controller = self.pool.runs.get(run)
        share = controller.share_of(node_of(assignment)) if controller is not None else None
        return {} if share is None else {run: share}
