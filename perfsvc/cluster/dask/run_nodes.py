"""The node table of one run: which agents take part, commands to them, and what becomes of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from perfsvc.clock import Clock
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.agent_pool import AgentPool
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.messages import RunReport
from perfsvc.cluster.interface import RunListener
from perfsvc.engine.profile_clock import ProfileClock
from perfsvc.errors import RunError
from perfsvc.errors import Text
from perfsvc.model.node import NodeEvent
from perfsvc.model.node import NodeEventKind
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import Snapshot

log = logging.getLogger(__name__)


class RunNode:
    """An agent in one slot of a run, under a name that is unique over the whole run.

    ``assignment`` identifies it in messages. Where the number of iterations is limited, ``iterations`` are those given
    to it and ``done`` those it has reported.
    """

    def __init__(self, run: str, name: str, agent: Agent, index: int, generation: int = 0, iterations: int = 0) -> None:
        self.assignment = f"{run}/{name}"
        self.name = name
        self.agent = agent
        self.index = index
        self.generation = generation
        self.iterations = iterations
        self.done = 0
        self.running = self.ending = self.users_left = self.ended = self.lost = False
        self.health = NodeHealth()
        self._reply: asyncio.Future[RunReport] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.ended or self.lost

    def local_ns(self, at_ns: int) -> int:
        """A reading of the controller's clock, on the agent's clock."""
        return at_ns + self.agent.ahead_ns

    async def reply(self, limit_s: float) -> RunReport:
        """Wait for the reply to the next command. Raises RunError when the node is lost or ends, or the time is up."""
        self._reply = asyncio.get_running_loop().create_future()
        if self.over:
            raise self.over_error()
        try:
            return await asyncio.wait_for(self._reply, limit_s)
        except TimeoutError:
            zh = f"节点 {self.name} 在 {limit_s:g} 秒内没有应答"
            en = f"node {self.name} did not answer within {limit_s:g} s"
            raise RunError(zh, en) from None

    def on_reply(self, report: RunReport) -> None:
        """Complete ``reply``; ignored when nothing waits for it."""
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(report)

    def mark_lost(self) -> None:
        """Record the loss; a pending ``reply`` fails."""
        self.lost = True
        self._fail_reply()

    def mark_ended(self) -> None:
        """Record the end; a pending ``reply`` fails: a node that has ended ignores commands."""
        self.ended = True
        self._fail_reply()

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Record the progress and health of a second."""
        self.done += snapshot.iterations
        self.health = snapshot.health

    def over_error(self) -> RunError:
        """The error of a command to a node that is over."""
        if self.lost:
            return RunError(f"节点 {self.name} 已失联", f"node {self.name} was lost")
        return RunError(f"节点 {self.name} 已结束", f"node {self.name} has ended")

    def _fail_reply(self) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(self.over_error())


class RunNodes:
    """All nodes that a run has or had, and the time they share. ``on_lost`` is called after each loss."""

    def __init__(
        self,
        run: str,
        pool: AgentPool,
        clock: Clock,
        listener: RunListener,
        on_lost: Callable[[RunNode], None],
    ) -> None:
        self.run = run
        self.all: list[RunNode] = []
        self.time = ProfileClock(clock)
        self.stopping = False
        self._pool = pool
        self._clock = clock
        self._listener = listener
        self._on_lost = on_lost
        self._names: set[str] = set()
        self._agreed = 0.0

    def add(self, agent: Agent, index: int, generation: int = 0, iterations: int = 0) -> RunNode:
        """Give an agent a slot of the run; a name that was used before gets a number."""
        number, name = 2, agent.name
        while name in self._names:
            name, number = f"{agent.name}~{number}", number + 1
        self._names.add(name)
        node = RunNode(self.run, name, agent, index, generation, iterations)
        self.all.append(node)
        self._pool.assign(agent, node.assignment)
        return node

    def find(self, assignment: str) -> RunNode | None:
        """The node with this assignment."""
        return next((node for node in self.all if node.assignment == assignment), None)

    def living(self) -> list[RunNode]:
        """Nodes that are neither lost nor ended."""
        return [node for node in self.all if not node.over]

    def running(self) -> list[RunNode]:
        """Living nodes whose load has begun or is about to."""
        return [node for node in self.living() if node.running]

    def send(self, node: RunNode, command: messages.AgentMessage) -> None:
        """Send a command; one to an agent that is gone is dropped."""
        self._pool.send(node.agent, command)

    async def ask(self, node: RunNode, command: messages.AgentMessage, limit_s: float) -> RunReport:
        """Send a command and return the reply. Raises RunError when it is a refusal or does not come."""
        waiting = asyncio.ensure_future(node.reply(limit_s))
        await asyncio.sleep(0)  # let it start to wait before the reply can come
        self.send(node, command)
        report = await waiting
        if isinstance(report, messages.Refusal):
            raise refusal_error(node.name, report)
        return report

    def lose(self, node: RunNode, reason: Text) -> None:
        """Take a node out of the run and report its loss."""
        node.mark_lost()
        self.send(node, messages.Abort(assignment=node.assignment))
        self._pool.release(node.agent, node.assignment)
        log.warning("run %s lost node %s: %s", self.run, node.name, reason.en)
        if node.running:
            self.report("lost", node.name, reason, {node.name: 0.0})
        self._on_lost(node)

    def release(self, node: RunNode) -> None:
        """Return the agent of a node that has ended to the pool."""
        self._pool.release(node.agent, node.assignment)

    def report(
        self,
        kind: NodeEventKind,
        name: str,
        reason: Text,
        shares: dict[str, float],
        elapsed: float | None = None,
        host: str = "",
    ) -> None:
        """Report an event of a node to the run."""
        moment = self._clock.wall()
        self._listener.on_node_event(
            NodeEvent(kind=kind, node=name, moment=moment, reason=reason, host=host, shares=shares, elapsed=elapsed)
        )

    def now_ns(self) -> int:
        """The controller's clock."""
        return self._clock.now_ns()

    def next_moment(self, lead_s: float) -> float:
        """A profile time that is still ahead on all nodes and not before any that was agreed on earlier, s."""
        self._agreed = max(self.time.elapsed() + lead_s, self._agreed)
        return self._agreed


def refusal_error(name: str, report: messages.Refusal) -> RunError:
    """The error of a node that cannot start the run, of the kind that it had there."""
    if report.code in ("", RunError.code):
        return RunError(f"节点 {name} 拒绝执行：{report.zh}", f"node {name} refuses: {report.en}")
    return RunError.of(report.code, Text(f"节点 {name}：{report.zh}", f"node {name}: {report.en}"))
