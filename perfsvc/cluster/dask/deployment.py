"""One run on many agents: gets them ready, starts them at one moment, and keeps its load whole while nodes come and go.

Everything that changes what nodes do carries the moment from which it holds, so that all of them change together.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable

from perfsvc.clock import Clock
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.agent_pool import AgentPool
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.load_shares import LoadShares
from perfsvc.cluster.dask.row_server import RowServer
from perfsvc.cluster.dask.run_nodes import LOST_BY_ITSELF
from perfsvc.cluster.dask.run_nodes import Member
from perfsvc.cluster.dask.run_nodes import refusal
from perfsvc.cluster.interface import OnEnding
from perfsvc.cluster.interface import OnNodeEvent
from perfsvc.cluster.interface import OnSnapshot
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.engine.compiled import CompiledRun
from perfsvc.engine.profile_clock import ProfileClock
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.setup_teardown import setup_limit_s
from perfsvc.errors import RunError
from perfsvc.errors import Text
from perfsvc.model.liveness import LATE
from perfsvc.model.node import NodeEvent
from perfsvc.model.node import NodeEventKind
from perfsvc.model.run import RunSpec
from perfsvc.plugin.catalog import Catalog

log = logging.getLogger(__name__)

START_LEAD_S = 0.2
"""From the order to start to the common origin: long enough for the order to be everywhere."""
LEVEL_LEAD_S = 0.05
COMPILE_LIMIT_S = 30.0
PREPARE_MARGIN_S = 30.0
END_MARGIN_S = 60.0
"""Beyond the graceful stop and the steps after the load: closing sessions, the last words."""
LAST_WORDS_S = 5.0
"""After an abort a node gets so long to say that it has ended."""


Step = Callable[[Member], Awaitable[None]]


class DaskDeployment:
    """A run on many agents. All methods belong to the controller's loop."""

    def __init__(
        self,
        staff: AgentPool,
        spec: RunSpec,
        catalog: Catalog,
        clock: Clock,
        on_snapshot: OnSnapshot,
        on_ending: OnEnding,
        on_event: OnNodeEvent,
        dealer: RowAllocator | None = None,
    ) -> None:
        self.spec = spec
        self.run = spec.execution_id
        self.staff = staff
        self.time = ProfileClock(clock)
        self.members: list[Member] = []
        self.variables: dict[str, object] = {}
        self.levels: list[tuple[float, float]] = []
        self.stopping = False
        self._catalog = catalog
        self._clock = clock
        self._on_snapshot = on_snapshot
        self._on_ending = on_ending
        self._on_event = on_event
        self._dealing = RowServer(dealer, self.send, self.living)
        self._told_ending = False
        self._fault: RunError | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._names: set[str] = set()
        self._at = 0.0
        self._over = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self.places: LoadShares

    # What a run asks of its deployment.

    def compile(self) -> None:
        """Check the run here, so that its faults are told before anything is kept. Raises InvalidInput, Conflict."""
        policy = TargetPolicy(self.staff.allow, self.staff.deny)
        numbers = random.Random(0)  # noqa: S311 - nothing is drawn from it
        self._checked = CompiledRun(self.spec, self._catalog.protocol, Resolver(policy), self._clock, numbers)
        self.staff.check(self.spec)

    async def prepare(self) -> None:
        """Gather the agents, get the run ready on each, run the setup steps on one. Raises Conflict, RunError."""
        await self._checked.close(log.warning)
        placement = self.spec.placement
        self.staff.enrol(self)
        agents = await self.staff.recruit(self.spec, placement.count)
        if self.stopping:
            self.look_for_the_end()
            return
        self.places = LoadShares(self, [agent.name for agent in agents])
        self._watch = asyncio.get_running_loop().create_task(self.places.keep_whole())
        for index, agent in enumerate(agents):
            self.add(agent, index, iterations=self.places.iterations(index))
        await self._all(self.members, self.get_ready)
        await self.get_prepared(self.members[0], None)
        await self._all(self.members[1:], lambda member: self.get_prepared(member, self.variables))
        self.places.tell_joined()

    def start(self) -> None:
        """Begin the load on all nodes at one moment."""
        if self.stopping:
            return
        self.time.begin(lead_s=START_LEAD_S)
        for member in self.living():
            self.start_member(member)

    def pause(self) -> None:
        """No new request starts; profile time stands still."""
        moment = self.time.pause()
        for member in self.running():
            self._pause_member(member, moment)

    def resume(self) -> None:
        """Go on where ``pause`` left off."""
        moment = self.time.resume()
        for member in self.running():
            self.send(member, messages.Resume(run=member.stint, at_ns=moment + member.agent.ahead_ns))

    def set_level(self, level: float) -> None:
        """From now on the run's load is ``level``; all nodes take it up at one moment, 50 ms later."""
        at = self.moment(LEVEL_LEAD_S)
        self.levels.append((at, level))
        for member in self.living():
            self.send(member, messages.SetLevel(run=member.stint, level=level, at=at))

    def stop(self) -> None:
        """End the load gracefully on all nodes, for which they have a limit of time."""
        self.stopping = True
        for member in self.living():
            self.send(member, messages.Stop(run=member.stint))
        if self._deadline is None:
            limit = self.spec.graceful_stop_s + setup_limit_s(self.spec) + END_MARGIN_S
            self._deadline = asyncio.get_running_loop().call_later(limit, self._abort_all)
        self.look_for_the_end()

    async def wait(self) -> None:
        """Until every node has told its last second, or is lost. Raises what ended the run before its time."""
        await self._over.wait()
        if self._deadline is not None:
            self._deadline.cancel()
        if self._watch is not None:
            self._watch.cancel()
            self.places.close()
        for member in self.members:
            if not member.lost:
                self.staff.release(member.agent)
        self._dealing.close()
        self.staff.dismiss(self)
        if self._fault is not None:
            raise self._fault

    # What becomes of nodes.

    def add(self, agent: Agent, index: int, generation: int = 0, iterations: int = 0) -> Member:
        """An agent takes a place, under a name of its own."""
        number = 2
        node = agent.name
        while node in self._names:
            node, number = f"{agent.name}~{number}", number + 1
        self._names.add(node)
        member = Member(self.run, node, agent, index, generation, iterations)
        self.members.append(member)
        self.staff.bind(agent, member.stint)
        return member

    async def get_ready(self, member: Member) -> None:
        """Have a node compile the run. Raises RunError."""
        since = self.time.elapsed()
        order = messages.Deploy(
            run=member.stint,
            spec=self.spec.model_dump_json(by_alias=True).encode(),
            node=member.node,
            index=member.index,
            weights=self.places.weights_without(member) if since else self.places.weights(),
            generation=member.generation,
            since=since,
            levels=tuple(self.levels),
            allow=self.staff.allow,
            deny=self.staff.deny,
            columns=self._dealing.columns,
        )
        await self._asked(member, order, COMPILE_LIMIT_S)

    async def get_prepared(self, member: Member, variables: dict[str, object] | None) -> None:
        """Have a node run the setup steps, or take over what they gave. Raises RunError."""
        order = messages.Prepare(run=member.stint, variables=variables)
        word = await self._asked(member, order, setup_limit_s(self.spec) + PREPARE_MARGIN_S)
        if variables is None and isinstance(word, messages.Prepared):
            self.variables = word.variables

    def start_member(self, member: Member) -> None:
        """A node begins at the run's origin, or joins in; where the run is paused, it is too."""
        member.running = True
        at_ns = self.time.origin_ns + member.agent.ahead_ns
        self.send(
            member, messages.Start(run=member.stint, at_ns=at_ns, wall=self.time.wall, paused_ns=self.time.paused_ns)
        )
        if self.time.paused_at_ns:
            self._pause_member(member, self.time.paused_at_ns)

    def _pause_member(self, member: Member, moment: int) -> None:
        self.send(member, messages.Pause(run=member.stint, at_ns=moment + member.agent.ahead_ns))

    def hear(self, stint: str, word: messages.Word) -> None:
        """A node said something. What one measured before it was lost counts also when it comes late."""
        member = next((each for each in self.members if each.stint == stint), None)
        if member is None:
            return
        if isinstance(word, messages.SnapshotReport):
            if word.snapshot.node == member.node:
                member.note(word.snapshot)
                self._on_snapshot(word.snapshot)
        elif not member.lost:
            self._heard(member, word)

    def _heard(self, member: Member, word: messages.Word) -> None:
        match word:
            case messages.Compiled() | messages.Prepared() | messages.Refused():
                member.answered(word)
            case messages.Ending():
                member.ending = not self._drains(member)
                self._look_for_the_ending()
            case messages.Left():
                self._left(member)
            case messages.Ended():
                self._ended(member, Text(word.zh, word.en))
            case _:
                self._dealing.hear(member, word)

    def _left(self, member: Member) -> None:
        """Its users have left. The steps after the load are not for one that goes before its time."""
        member.left = True
        if self._drains(member):
            self.send(member, messages.Teardown(run=member.stint, here=False))
        else:
            self._look_for_the_last_to_leave()

    def _drains(self, member: Member) -> bool:
        """Whether a node is through only because it was drained: the run goes on."""
        return not self.stopping and self.places.drained(member) and self.time.elapsed() < self.spec.load.duration

    def missed(self, agent: Agent, reason: Text) -> None:
        """An agent has gone, or says nothing any more."""
        for member in self.members:
            if member.agent is agent and not member.over:
                self.lose(member, reason)

    def lose(self, member: Member, reason: Text) -> None:
        """A node is lost: the run goes on without it, as its plan says, or ends."""
        member.lose()
        self.send(member, messages.Abort(run=member.stint))
        self.staff.release(member.agent)
        log.warning("run %s lost node %s: %s", self.run, member.node, reason.en)
        if member.running:
            self.tell("lost", member.node, reason, {member.node: 0.0})
            if not self.stopping:
                self.places.lost(member)
        self._look_for_the_ending()
        self._look_for_the_last_to_leave()
        self.look_for_the_end()

    def fail(self, reason: Text) -> None:
        """The run cannot go on."""
        self._fault = self._fault or RunError(*reason)
        self.stop()

    def tell(
        self,
        kind: NodeEventKind,
        node: str,
        reason: Text,
        shares: dict[str, float],
        elapsed: float | None = None,
        host: str = "",
    ) -> None:
        """Tell the run what became of a node."""
        moment = self._clock.wall()
        self._on_event(
            NodeEvent(kind=kind, node=node, moment=moment, reason=reason, host=host, shares=shares, elapsed=elapsed)
        )

    def living(self) -> list[Member]:
        """The nodes that are not lost and have not ended."""
        return [member for member in self.members if not member.over]

    def running(self) -> list[Member]:
        """Those whose load has begun, or is about to."""
        return [member for member in self.living() if member.running]

    def share_of(self, node: str) -> dict[str, float]:
        """A node's present share, in percent, under the run's id; nothing for one that is not in it any more."""
        shares = self.places.shares() if self.members else {}
        return {self.run: shares[node]} if node in shares else {}

    def send(self, member: Member, order: messages.Message) -> None:
        self.staff.send(member.agent, order)

    def now_ns(self) -> int:
        """The controller's clock."""
        return self._clock.now_ns()

    def moment(self, lead_s: float) -> float:
        """A profile time that is still to come on all nodes, and later than any that was agreed on before."""
        self._at = max(self.time.elapsed() + lead_s, self._at)
        return self._at

    async def _asked(self, member: Member, order: messages.Message, limit_s: float) -> messages.Word:
        answer = asyncio.ensure_future(member.answer(limit_s))
        await asyncio.sleep(0)  # from now on it listens
        self.send(member, order)
        word = await answer
        if isinstance(word, messages.Refused):
            raise refusal(member, word)
        return word

    @staticmethod
    async def _all(members: Iterable[Member], step: Step) -> None:
        await asyncio.gather(*(step(member) for member in members))

    # The end.

    def _ended(self, member: Member, fault: Text) -> None:
        member.ended = True
        if fault.en:
            self.fail(Text(f"节点 {member.node}：{fault.zh}", f"node {member.node}: {fault.en}"))
        elif member.running and self._drains(member):
            self.staff.release(member.agent)
            self.places.left(member)
            member.ending = True
        elif member.running and not (self.stopping or member.ending):
            member.ended = False
            self.lose(member, LOST_BY_ITSELF)
        self._look_for_the_ending()
        self._look_for_the_last_to_leave()
        self.look_for_the_end()

    def _look_for_the_ending(self) -> None:
        """The profile is over when it is on every node."""
        through = [member for member in self.members if member.running and not member.lost]
        if self.stopping or self._told_ending or not through:
            return
        if all(member.ending for member in through):
            self._told_ending = self.stopping = True
            self._on_ending()
            self.stop()

    def _look_for_the_last_to_leave(self) -> None:
        """When all users of all nodes have left, one of the nodes runs the steps after the load."""
        living = self.living()
        if not living or not all(member.left for member in living):
            return
        for number, member in enumerate(living):
            self.send(member, messages.Teardown(run=member.stint, here=number == 0))

    def look_for_the_end(self) -> None:
        """When no node is left, the run is over, or lost unless somebody is waited for."""
        if self.living():
            return
        if self.members and not self.stopping and not self.places.awaited:
            zh, en = "所有节点都已丢失", "all nodes were lost"
            self.fail(Text(zh, en))
        if self.stopping:
            self._over.set()

    def _abort_all(self) -> None:
        for member in self.living():
            self.send(member, messages.Abort(run=member.stint))
        self._deadline = asyncio.get_running_loop().call_later(LAST_WORDS_S, self._give_up)

    def _give_up(self) -> None:
        for member in self.living():
            self.lose(member, LATE)
