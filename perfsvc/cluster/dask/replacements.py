"""Replacement of lost nodes while a run goes on."""

from __future__ import annotations

import asyncio
import logging

from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.agent_pool import AgentPool
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.load_shares import LoadShares
from perfsvc.cluster.dask.node_startup import NodeStartup
from perfsvc.cluster.dask.run_nodes import RunNode
from perfsvc.cluster.dask.run_nodes import RunNodes
from perfsvc.errors import PerfsvcError
from perfsvc.errors import Text
from perfsvc.model.node import NodeEventKind
from perfsvc.model.run import RunSpec

log = logging.getLogger(__name__)

RETRY_S = 2.0
"""After an agent could not be started or prepared, before the next attempt."""

JOINED = Text("接替空缺的节点", "it took a vacant slot")


class Replacements:
    """Fills vacant slots of a run, one at a time, with idle agents, or new ones where a replacement is awaited."""

    def __init__(
        self, spec: RunSpec, pool: AgentPool, nodes: RunNodes, shares: LoadShares, startup: NodeStartup
    ) -> None:
        self._spec = spec
        self._pool = pool
        self._nodes = nodes
        self._shares = shares
        self._startup = startup
        self._joining: asyncio.Task[None] | None = None

    def fill_vacancy(self) -> None:
        """Begin to fill a vacant slot, if there is one and an agent for it."""
        index = self._next_vacancy()
        if index is None or self._busy or self._nodes.time.paused:
            return
        agent = self._pool.idle(self._spec)
        if agent is not None:
            self._joining = asyncio.get_running_loop().create_task(self._join(agent, index))
        elif index in self._shares.awaited:
            self._joining = asyncio.get_running_loop().create_task(self._acquire(index))

    def close(self) -> None:
        """The run is over: no node joins any more."""
        if self._joining is not None:
            self._joining.cancel()

    @property
    def _busy(self) -> bool:
        return self._joining is not None and not self._joining.done()

    def _next_vacancy(self) -> int | None:
        """Give away the iterations of a lost node only once where they are limited: later nodes would have none."""
        limited = self._spec.load.iterations is not None
        return next((index for index in self._shares.vacant if index in self._shares.awaited or not limited), None)

    async def _acquire(self, index: int) -> None:
        """Have an agent started, where that is possible."""
        try:
            agents = await self._pool.acquire(self._spec, 1)
        except PerfsvcError:
            await asyncio.sleep(RETRY_S)
            return
        await self._join(agents[0], index)

    async def _join(self, agent: Agent, index: int) -> None:
        before = self._shares.vacant[index]
        node = self._nodes.add(agent, index, before.generation + 1)
        try:
            await self._startup.compile(node)
            await self._startup.copy_setup(node)
        except PerfsvcError as error:
            log.warning("run %s: %s could not join: %s", self._nodes.run, node.name, error)
            before.generation += 1
            if not node.over:
                self._nodes.lose(node, error.text)
            await asyncio.sleep(RETRY_S)
            return
        if self._nodes.stopping:
            self._nodes.send(node, messages.Stop(assignment=node.assignment))
        else:
            self._start(node, before)

    def _start(self, node: RunNode, before: RunNode) -> None:
        self._startup.start(node)
        kind: NodeEventKind = "returned" if node.agent is before.agent else "joined"
        self._nodes.report(kind, node.name, JOINED, {}, host=node.agent.hello.host)
        self._shares.occupy(node, JOINED)
