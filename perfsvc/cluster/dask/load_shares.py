"""The places of a run among which its load is split: who has which, and what happens when one becomes vacant."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from perfsvc.clock import NS_PER_S
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.balancing import first_weights
from perfsvc.cluster.dask.balancing import rebalanced
from perfsvc.cluster.dask.balancing import strain
from perfsvc.cluster.dask.run_nodes import Member
from perfsvc.engine.share import Share
from perfsvc.engine.share import holders
from perfsvc.errors import PerfsvcError
from perfsvc.errors import Text
from perfsvc.model.liveness import LATE
from perfsvc.model.liveness import LATE_S
from perfsvc.model.liveness import SILENT
from perfsvc.model.liveness import SILENT_S
from perfsvc.model.liveness import STALL_S
from perfsvc.model.liveness import WATCH_S

if TYPE_CHECKING:
    from perfsvc.cluster.dask.agents import Agent
    from perfsvc.cluster.dask.deployment import DaskDeployment

log = logging.getLogger(__name__)

RESPLIT_LEAD_S = 0.3
DYNAMIC_S = 5.0
"""Between two re-splits by health."""
AGAIN_S = 2.0
"""After an agent could not be made ready, before the next is tried."""

JOINED = Text("按计划分配", "its share of the plan")
TAKEN_OVER = Text("其余节点接管负载", "the other nodes take over its load")
CAME_IN = Text("接替空缺的位置", "it took a vacant place")
BY_HEALTH = Text("按节点健康状况调整", "by the nodes' health")
DRAINED = Text("节点正在排空", "the node is being drained")
UNDRAINED = Text("节点恢复接收负载", "the node takes load again")


class LoadShares:
    """The places of one run, their weights and their vacancies. ``until`` is how long a vacancy may wait to be filled,
    by place; after that the other nodes have its load.
    """

    def __init__(self, deployment: DaskDeployment, names: Sequence[str]) -> None:
        self._deployment = deployment
        self._placement = deployment.spec.placement
        self._base = list(first_weights(self._placement, names))
        self._vacant: dict[int, Member] = {}
        self._waiting: dict[int, float] = {}
        self._drained: set[int] = set()
        self._told: dict[str, float] = {}
        self._joining: asyncio.Task[None] | None = None
        self._health_due = self._now() + DYNAMIC_S
        self._looked_ns = self._listening_ns = 0

    def weights(self) -> tuple[int, ...]:
        """The weights now: 0 where nobody is, unless somebody is waited for, and where a node is being drained."""
        gone = {index for index in self._vacant if index not in self._waiting} | self._drained
        return tuple(0 if index in gone else weight for index, weight in enumerate(self._base))

    def weights_without(self, member: Member) -> tuple[int, ...]:
        """The weights before a node that comes in has its share."""
        return tuple(0 if index == member.index else weight for index, weight in enumerate(self.weights()))

    def iterations(self, index: int) -> int:
        """How many iterations are a place's to do, where their number is limited for the whole run."""
        limit = self._deployment.spec.load.iterations
        if limit is None or limit.scope != "shared":
            return 0
        return Share(index, self._doers(self.weights())).of(limit.count)

    def _doers(self, weights: tuple[int, ...]) -> tuple[int, ...]:
        """The weights by which iterations are dealt out: of those only who will have users to do them."""
        load = self._deployment.spec.load
        return weights if load.open else holders(weights, int(load.peak))

    def tell_joined(self) -> None:
        """Tell the run who has which share, before the start."""
        self._told = self.shares()
        for member in self._deployment.members:
            share = {member.node: self._told[member.node]}
            self._deployment.tell("joined", member.node, JOINED, share, host=member.agent.hello.host)

    def lost(self, member: Member) -> None:
        """A place has become vacant: what that means is the plan's to say."""
        self._vacant[member.index] = member
        if self.drained(member):
            self._take_over(member)
        elif self._placement.on_loss == "fail":
            zh, en = (
                f"节点 {member.node} 丢失，按策略结束",
                f"node {member.node} was lost, and the plan says to fail then",
            )
            self._deployment.fail(Text(zh, en))
        elif self._placement.on_loss == "replace":
            self._waiting[member.index] = self._now() + self._placement.replace_within_s
        else:
            self._take_over(member)

    def drained(self, member: Member) -> bool:
        """Whether a node has no load because it is to go."""
        return member.index in self._drained

    def left(self, member: Member) -> None:
        """A drained node is through with what it had begun: what it was still to do is for the others."""
        self._vacant[member.index] = member
        self._take_over(member, DRAINED)

    def close(self) -> None:
        """The run is over: nobody comes in any more."""
        if self._joining is not None:
            self._joining.cancel()

    @property
    def _counted(self) -> bool:
        """Whether the run ends by a number of iterations: those of a lost node are given away only once."""
        return self._deployment.spec.load.iterations is not None

    @property
    def awaited(self) -> bool:
        """Whether somebody is waited for."""
        return bool(self._waiting)

    async def keep_whole(self) -> None:
        """Until cancelled: look for nodes that are silent, and while there is load, fill vacancies, follow health."""
        self._looked_ns = self._listening_ns = self._deployment.now_ns()
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                self._look()
            except Exception:
                log.exception("run %s: looking after its nodes failed", self._deployment.run)

    def _look(self) -> None:
        deployment = self._deployment
        self._look_for_the_silent()
        if deployment.stopping or not deployment.time.begun:
            return
        over_s = deployment.time.elapsed() - deployment.spec.load.duration
        if over_s >= 0:
            self._look_for_the_late(over_s)
            return
        self._look_for_the_drained()
        self._give_up_waiting()
        self._fill_a_vacancy()
        if self._placement.strategy == "dynamic" and self._now() >= self._health_due:
            self._health_due = self._now() + DYNAMIC_S
            self._follow_health()

    def resplit(self, kind: str, node: str, reason: Text, iterations: int = 0) -> None:
        """The weights have changed: all nodes take them up at one moment, and share what is left of iterations."""
        deployment, weights = self._deployment, self.weights()
        at, present = deployment.moment(RESPLIT_LEAD_S), {member.index for member in deployment.running()}
        doers = tuple(weight if index in present else 0 for index, weight in enumerate(self._doers(weights)))
        for member in deployment.running():
            more = Share(member.index, doers).of(iterations)
            member.iterations += more
            order = messages.Resplit(run=member.stint, weights=weights, at=at, iterations=more)
            deployment.send(member, order)
        shares = self.shares()
        changed = {name: share for name, share in shares.items() if share != self._told.get(name)}
        gone = {name: 0.0 for name in self._told.keys() - shares.keys() if self._told[name]}
        self._told = shares
        deployment.tell(
            "replaced" if kind == "replaced" else "resplit", node, reason, {**gone, **changed}, round(at, 3)
        )

    def shares(self) -> dict[str, float]:
        """The share of each node that is there, in percent."""
        weights = self.weights()
        whole = sum(weights) or 1
        return {
            member.node: round(100 * weights[member.index] / whole, 3)
            for member in self._deployment.living()
            if self._vacant.get(member.index) is not member
        }

    def _take_over(self, member: Member, reason: Text = TAKEN_OVER) -> None:
        """The other nodes have a node's load from now on; drained ones too, where there are no others."""
        if self._deployment.running():
            self._look_for_the_drained()
            self.resplit("resplit", member.node, reason, self._left_over(member))

    def _left_over(self, member: Member) -> int:
        """Iterations that a lost node was to do and has not told of."""
        return max(member.iterations - member.done, 0)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _look_for_the_silent(self) -> None:
        """Who was held up itself may have words waiting to be read, and calls nobody silent for that."""
        now_ns = self._deployment.now_ns()
        if now_ns - self._looked_ns > STALL_S * NS_PER_S:
            self._listening_ns = now_ns
        self._looked_ns = now_ns
        deployment = self._deployment
        # Who gets a run ready may be silent for a while; who is told to end may not.
        for member in deployment.living() if deployment.stopping else deployment.running():
            if now_ns - max(member.agent.heard_ns, self._listening_ns) > SILENT_S * NS_PER_S:
                deployment.lose(member, SILENT)

    def _look_for_the_late(self, over_s: float) -> None:
        """The profile has been over for so long, on all nodes alike: nobody comes in, who does not end it is lost."""
        self._waiting.clear()
        self._deployment.look_for_the_end()
        if over_s < self._deployment.spec.graceful_stop_s + LATE_S:
            return
        for member in self._deployment.running():
            if not member.ending:
                self._deployment.lose(member, LATE)

    def _look_for_the_drained(self) -> None:
        """A place stays drained when its node has left it. Where all would be, they keep what load they have."""
        present = {member.index: member for member in self._deployment.running()}
        asked = {index for index, member in present.items() if member.agent.draining} | (self._drained - present.keys())
        choices = (asked, asked & self._drained, asked - present.keys())
        drained = next((each for each in choices if present.keys() - each), self._drained)
        changed = drained ^ self._drained
        if not changed:
            return
        index = min(changed)
        self._drained = drained
        self.resplit("resplit", present[index].node, DRAINED if index in drained else UNDRAINED)

    def _give_up_waiting(self) -> None:
        for index, until in list(self._waiting.items()):
            if self._now() >= until:
                del self._waiting[index]
                member = self._vacant[index]
                self._take_over(member)
        self._deployment.look_for_the_end()

    def _fill_a_vacancy(self) -> None:
        deployment = self._deployment
        busy = self._joining is not None and not self._joining.done()
        index = next((each for each in self._vacant if each in self._waiting or not self._counted), None)
        if index is None or busy or deployment.time.paused_at_ns:
            return
        agent = deployment.staff.spare(deployment.spec)
        if agent is not None:
            self._joining = asyncio.get_running_loop().create_task(self._join(agent, index))
        elif index in self._waiting:
            self._joining = asyncio.get_running_loop().create_task(self._call_for_one(index))

    async def _call_for_one(self, index: int) -> None:
        """Have an agent started, where that can be done."""
        try:
            agents = await self._deployment.staff.recruit(self._deployment.spec, 1)
        except PerfsvcError:
            await asyncio.sleep(AGAIN_S)
            return
        await self._join(agents[0], index)

    async def _join(self, agent: Agent, index: int) -> None:
        """An agent takes a vacant place while the run goes on."""
        deployment, before = self._deployment, self._vacant[index]
        member = deployment.add(agent, index, before.generation + 1)
        try:
            await deployment.get_ready(member)
            await deployment.get_prepared(member, deployment.variables)
        except PerfsvcError as error:
            log.warning("run %s: %s could not join: %s", deployment.run, member.node, error)
            before.generation += 1
            if not member.over:
                deployment.lose(member, error.text)
            await asyncio.sleep(AGAIN_S)
            return
        if deployment.stopping:
            deployment.send(member, messages.Stop(run=member.stint))
            return
        waited = self._waiting.pop(index, None) is not None
        del self._vacant[index]
        self._drained.discard(index)
        deployment.start_member(member)
        host = agent.hello.host
        deployment.tell("joined" if agent is not before.agent else "returned", member.node, CAME_IN, {}, host=host)
        self.resplit("replaced", member.node, CAME_IN, self._left_over(before) if waited else 0)

    def _follow_health(self) -> None:
        present = {member.index: member for member in self._deployment.running()}
        strains = [strain(present[at].health) if at in present else None for at in range(len(self._base))]
        after = rebalanced(self._base, strains)
        if list(after) != self._base and not self._deployment.time.paused_at_ns:
            self._base = list(after)
            self.resplit("resplit", "", BY_HEALTH)
