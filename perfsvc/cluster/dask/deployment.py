"""One run on many agents: compiled on all, started at one moment, ended together.

Every command that changes what nodes do carries the moment from which it holds, so that all nodes change together.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable

from perfsvc.clock import Clock
from perfsvc.clock import RunClock
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.agent_pool import AgentPool
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.load_shares import DRAINED
from perfsvc.cluster.dask.load_shares import LoadShares
from perfsvc.cluster.dask.node_startup import NodeStartup
from perfsvc.cluster.dask.replacements import Replacements
from perfsvc.cluster.dask.row_server import RowServer
from perfsvc.cluster.dask.run_nodes import RunNode
from perfsvc.cluster.dask.run_nodes import RunNodes
from perfsvc.cluster.dask.run_watch import RunWatch
from perfsvc.cluster.interface import RunListener
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.engine.compiled import CompiledRun
from perfsvc.engine.meetings import MeetingPlan
from perfsvc.engine.meetings import points_of
from perfsvc.engine.probe import check_open_files
from perfsvc.engine.probe import raise_open_files_limit
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.setup_teardown import setup_limit_s
from perfsvc.errors import RunError
from perfsvc.errors import Text
from perfsvc.model.node_timeouts import LATE
from perfsvc.model.run import RunSpec
from perfsvc.plugin.catalog import Catalog

log = logging.getLogger(__name__)

START_LEAD_S = 0.2
"""From the start command to the common start: long enough for the command to reach every node."""
LOCAL_START_LEAD_S = 0.05
"""The same where all nodes are on this machine."""
LEVEL_LEAD_S = 0.05
END_MARGIN_S = 60.0
"""Beyond the graceful stop and the teardown steps: closing sessions, the last snapshots."""
ABORT_LIMIT_S = 5.0
"""For the final report of a node after an abort."""

LEFT_ALONE = Text("节点失去控制端后自行停止", "it lost its controller and stopped")
ALL_LOST = Text("所有节点都已失联", "all nodes were lost")
ONLY_DRAINED = Text(
    "剩下的节点都在排空，不能接管负载", "the nodes that are left are being drained: none takes over the load"
)


class DaskDeployment:  # size: the commands of a run, one short method each; all share its nodes
    """A run on many agents. All methods belong to the controller's loop."""

    def __init__(
        self,
        pool: AgentPool,
        spec: RunSpec,
        catalog: Catalog,
        clock: Clock,
        listener: RunListener,
        allocator: RowAllocator | None = None,
    ) -> None:
        self.spec = spec
        self.run = spec.execution_id
        self._clock = RunClock(clock)
        self.nodes = RunNodes(self.run, pool, self._clock, listener, self._on_lost)
        self.shares = LoadShares(self.nodes, spec)
        self._pool = pool
        self._catalog = catalog
        self._listener = listener
        self._policy = TargetPolicy(pool.allow, pool.deny)
        self._rows = RowServer(allocator, self.nodes)
        self._startup = NodeStartup(spec, pool, self.nodes, self.shares, self._rows)
        self._replacements = Replacements(spec, pool, self.nodes, self.shares, self._startup)
        self._watch = RunWatch(spec, self.nodes, self.shares, self._replacements, self._end_if_empty)
        self._acquiring: asyncio.Task[list[Agent]] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._meetings = MeetingPlan([point.users for point in points_of([each.scene for each in spec.scenes])])
        self._profile_over = False
        self._fault: RunError | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._over = asyncio.Event()

    # The interface of a deployment.

    def compile(self) -> None:
        """Compile the run here first, before anything is stored of it. Raises InvalidInput, Conflict."""
        unused = random.Random(0)  # noqa: S311 - nothing is drawn from it
        self._compiled = CompiledRun(self.spec, self._catalog.protocol, Resolver(self._policy), self._clock, unused)
        self._pool.check(self.spec)

    async def prepare(self) -> None:
        """Acquire the agents, compile the run on each, run the setup steps on one. Raises Conflict, RunError."""
        await self._compiled.close(log.warning)
        self._pool.register(self)
        agents = await self._acquire()
        if self.nodes.stopping:
            self._end_if_empty()
            return
        self.shares.split([agent.name for agent in agents])
        self._watching = asyncio.get_running_loop().create_task(self._watch.watch())
        for index, agent in enumerate(agents):
            self.nodes.add(agent, index, iterations=self.shares.iterations(index))
        try:
            await self._prepare_nodes()
        except RunError:
            if self._fault is not None:
                raise self._fault from None
            if not self.nodes.stopping:  # a stopped run ends without an error
                raise

    async def _acquire(self) -> list[Agent]:
        """Acquire the agents; none where the run is stopped meanwhile."""
        count = self.spec.placement.count
        self._acquiring = asyncio.get_running_loop().create_task(self._pool.acquire(self.spec, count))
        try:
            await asyncio.wait([self._acquiring])
        finally:
            self._acquiring.cancel()
        return [] if self._acquiring.cancelled() else self._acquiring.result()

    async def _prepare_nodes(self) -> None:
        """Compile the run on all nodes, run the setup steps on the first. Raises RunError, also for a lost node."""
        await for_each(self.nodes.all, self._startup.compile)
        first, *others = self.nodes.all
        await self._startup.run_setup(first)
        await for_each(others, self._startup.copy_setup)
        for node in self.nodes.all:
            if node.over:
                raise node.over_error()
        self.shares.report_joined()

    def start(self) -> None:
        """Start the load on all nodes at one moment."""
        if self.nodes.stopping:
            return
        self.nodes.time.begin(lead_s=LOCAL_START_LEAD_S if self.spec.placement.mode == "central" else START_LEAD_S)
        for node in self.nodes.living():
            self._startup.start(node)

    def pause(self) -> None:
        """No new request starts; profile time stands still."""
        at_ns = self.nodes.time.pause()
        for node in self.nodes.running():
            self._startup.pause(node, at_ns)

    def resume(self) -> None:
        """Go on where ``pause`` left off."""
        at_ns = self.nodes.time.resume()
        for node in self.nodes.running():
            self.nodes.send(node, messages.Resume(assignment=node.assignment, at_ns=node.local_ns(at_ns)))

    def check_level(self, level: float) -> None:
        """Raises InvalidInput for more users than the processes of this machine can have connections."""
        if self.spec.placement.mode == "central" and not self.spec.load.open:
            check_open_files(math.ceil(level / self.spec.placement.count), raise_open_files_limit())

    def set_level(self, level: float) -> None:
        """Set the run's load to ``level`` on all nodes at one moment, 50 ms ahead."""
        at = self.nodes.next_moment(LEVEL_LEAD_S)
        self._startup.levels.append((at, level))
        for node in self.nodes.living():
            self.nodes.send(node, messages.SetLevel(assignment=node.assignment, level=level, at=at))

    def stop(self) -> None:
        """End the load gracefully on all nodes, within a limit of time."""
        self.nodes.stopping = True
        if self._acquiring is not None:
            self._acquiring.cancel()
        for node in self.nodes.living():
            self.nodes.send(node, messages.Stop(assignment=node.assignment))
        if self._deadline is None:
            limit = self.spec.graceful_stop_s + setup_limit_s(self.spec) + END_MARGIN_S
            self._deadline = asyncio.get_running_loop().call_later(limit, self._abort_all)
        self._end_if_empty()

    async def wait(self) -> None:
        """Wait until every node has sent its last snapshot or is lost. Raises the error that ended the run early."""
        await self._over.wait()
        if self._deadline is not None:
            self._deadline.cancel()
        if self._watching is not None:
            self._watching.cancel()
            self._replacements.close()
        for node in self.nodes.all:
            if not node.lost:
                self.nodes.release(node)
        self._rows.close()
        self._pool.unregister(self)
        if self._fault is not None:
            raise self._fault

    # Called by the agent pool.

    def on_report(self, report: messages.RunReport) -> None:
        """Handle a node's report. Snapshots of a lost node count too, however late they come."""
        node = self.nodes.find(report.assignment)
        if node is None:
            return
        if isinstance(report, messages.SnapshotReport):
            if report.snapshot.node == node.name:
                node.on_snapshot(report.snapshot)
                self._listener.on_snapshot(report.snapshot)
        elif not node.lost:
            self._handle(node, report)

    def on_agent_gone(self, agent: Agent, reason: Text) -> None:
        """Lose the nodes of an agent that is gone."""
        for node in self.nodes.all:
            if node.agent is agent and not node.over:
                self.nodes.lose(node, reason)

    def share_of(self, name: str) -> float | None:
        """A node's present share in percent; None for one that has left."""
        return self.shares.shares().get(name)

    # The life of nodes.

    def _handle(self, node: RunNode, report: messages.RunReport) -> None:
        match report:
            case messages.Compiled() | messages.Prepared() | messages.Refusal():
                node.on_reply(report)
            case messages.Ending():
                node.ending = not self._ends_by_draining(node)
                self._end_if_profile_over()
            case messages.UsersLeft():
                self._on_users_left(node)
            case messages.Came():
                self._on_came(node, report)
            case messages.Ended():
                self._on_ended(node, report)
            case _:
                self._rows.on_report(node, report)

    def _on_came(self, node: RunNode, report: messages.Came) -> None:
        """Let users of all nodes go on together once enough have come to a rendezvous."""
        released = self._meetings.came(report.point, node.assignment, report.count)
        for other in self.nodes.living():
            if count := released.get(other.assignment):
                letting = messages.LetGo(assignment=other.assignment, point=report.point, count=count)
                self.nodes.send(other, letting)

    def _ends_by_draining(self, node: RunNode) -> bool:
        """Whether a node ends only because it is drained, and the run goes on."""
        drained = not self.nodes.stopping and self.shares.is_drained(node)
        return drained and self.nodes.time.elapsed() < self.spec.load.duration

    def _on_users_left(self, node: RunNode) -> None:
        """A node that ends before the run runs no teardown steps."""
        node.users_left = True
        if self._ends_by_draining(node):
            self.nodes.send(node, messages.Teardown(assignment=node.assignment, here=False))
        else:
            self._begin_teardown()

    def _on_ended(self, node: RunNode, report: messages.Ended) -> None:
        node.mark_ended()
        if report.en:
            text = Text(f"节点 {node.name}：{report.zh}", f"node {node.name}: {report.en}")
            self._fail(RunError.of(report.code, text))
        elif node.running and self._ends_by_draining(node):
            self.nodes.release(node)
            self.shares.vacate(node, reason=DRAINED)
            node.ending = True
        elif node.running and not (self.nodes.stopping or node.ending):
            node.ended = False
            self.nodes.lose(node, LEFT_ALONE)
        self._check_end()

    def _on_lost(self, node: RunNode) -> None:
        self._meetings.node_lost(node.assignment)
        if node.running and not self.nodes.stopping:
            self._on_vacancy(node)
        self._check_end()

    def _on_vacancy(self, node: RunNode) -> None:
        """Apply the plan's policy to a loss; the load of a drained node is with the others already."""
        placement = self.spec.placement
        if placement.on_loss == "fail" and not self.shares.is_drained(node):
            zh = f"节点 {node.name} 失联，按策略结束"
            en = f"node {node.name} was lost, and the plan fails when a node is lost"
            self._fail(RunError(zh, en))
        elif placement.on_loss == "replace" and not self.shares.is_drained(node):
            self.shares.vacate(node, await_s=placement.replace_within_s)
        else:
            self.shares.vacate(node)

    def _fail(self, error: RunError) -> None:
        """End the run with an error; the first one counts."""
        self._fault = self._fault or error
        self.stop()

    # The end of the run.

    def _check_end(self) -> None:
        self._end_if_profile_over()
        self._begin_teardown()
        self._end_if_empty()

    def _end_if_profile_over(self) -> None:
        """The load profile is over when it is over on every node."""
        nodes = [node for node in self.nodes.all if node.running and not node.lost]
        if self.nodes.stopping or self._profile_over or not nodes:
            return
        if all(node.ending for node in nodes):
            self._profile_over = self.nodes.stopping = True
            self._listener.on_ending()
            self.stop()

    def _begin_teardown(self) -> None:
        """Run the teardown steps on the first node once all users of all nodes have left."""
        living = self.nodes.living()
        if not living or not all(node.users_left for node in living):
            return
        for number, node in enumerate(living):
            self.nodes.send(node, messages.Teardown(assignment=node.assignment, here=number == 0))

    def _end_if_empty(self) -> None:
        """Without living nodes the run is over; without one that may have load it has failed.

        Unless it was to stop or awaits a replacement.
        """
        if self.nodes.all and not (self.nodes.stopping or self.shares.awaited or self.shares.takers()):
            self._fail(RunError(*(ONLY_DRAINED if self.nodes.living() else ALL_LOST)))
        if self.nodes.stopping and not self.nodes.living():
            self._over.set()

    def _abort_all(self) -> None:
        for node in self.nodes.living():
            self.nodes.send(node, messages.Abort(assignment=node.assignment))
        self._deadline = asyncio.get_running_loop().call_later(ABORT_LIMIT_S, self._lose_all)

    def _lose_all(self) -> None:
        for node in self.nodes.living():
            self.nodes.lose(node, LATE)


async def for_each(nodes: Iterable[RunNode], step: Callable[[RunNode], Awaitable[None]]) -> None:
    """Do a step on all nodes at the same time. Raises the first error."""
    await asyncio.gather(*(step(node) for node in nodes))
