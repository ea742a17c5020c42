"""Split of a run's load among its slots, and takeover of the share of a vacant or draining one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.balancing import first_weights
from perfsvc.cluster.dask.balancing import rebalanced
from perfsvc.cluster.dask.balancing import utilisation
from perfsvc.cluster.dask.run_nodes import RunNode
from perfsvc.cluster.dask.run_nodes import RunNodes
from perfsvc.engine.share import Share
from perfsvc.engine.share import holders
from perfsvc.errors import Text
from perfsvc.model.node import NodeEventKind
from perfsvc.model.run import RunSpec

RESPLIT_LEAD_S = 0.3
DYNAMIC_S = 5.0
"""Between two re-splits by health."""

PLANNED = Text("按计划分配", "its share of the plan")
TAKEN_OVER = Text("其余节点接管负载", "the other nodes take over its load")
BY_HEALTH = Text("按节点健康状况调整", "by the nodes' health")
DRAINED = Text("节点正在排空", "the node is being drained")
UNDRAINED = Text("节点恢复接收负载", "the node takes load again")


class LoadShares:
    """The slots of one run and their weights.

    ``vacant`` maps slots to their last node; ``awaited`` maps the vacant slots that keep their weight for a replacement
    to the loop time at which the other nodes take over.
    """

    def __init__(self, nodes: RunNodes, spec: RunSpec) -> None:
        self.vacant: dict[int, RunNode] = {}
        self.awaited: dict[int, float] = {}
        self._nodes = nodes
        self._placement = spec.placement
        self._load = spec.load
        self._weights: list[int] = []
        self._drained: set[int] = set()
        self._reported: dict[str, float] = {}
        self._health_due = 0.0

    def split(self, names: Sequence[str]) -> None:
        """Set the first weights, of the agents with these names. Raises Conflict."""
        self._weights = list(first_weights(self._placement, names))
        self._health_due = loop_time() + DYNAMIC_S

    def weights(self) -> tuple[int, ...]:
        """The weights now: 0 for slots that are drained, or vacant with no replacement awaited."""
        empty = (self.vacant.keys() - self.awaited.keys()) | self._drained
        return tuple(0 if index in empty else weight for index, weight in enumerate(self._weights))

    def weights_without(self, node: RunNode) -> tuple[int, ...]:
        """The weights before a joining node has its share."""
        return tuple(0 if index == node.index else weight for index, weight in enumerate(self.weights()))

    def iterations(self, index: int) -> int:
        """The part of a slot in the iterations, where their number is limited for the whole run."""
        limit = self._load.iterations
        if limit is None or limit.scope != "shared":
            return 0
        return Share(index, self._iteration_weights(self.weights())).of(limit.count)

    def shares(self) -> dict[str, float]:
        """The share of each living node, in percent."""
        weights = self.weights()
        total = sum(weights) or 1
        return {
            node.name: round(100 * weights[node.index] / total, 3)
            for node in self._nodes.living()
            if self.vacant.get(node.index) is not node
        }

    def report_joined(self) -> None:
        """Report the first share of every node, before the start."""
        self._reported = self.shares()
        for node in self._nodes.all:
            share = {node.name: self._reported[node.name]}
            self._nodes.report("joined", node.name, PLANNED, share, host=node.agent.hello.host)

    def takers(self) -> list[RunNode]:
        """Living nodes that have load or can be given some."""
        return [node for node in self._nodes.living() if not self.is_drained(node)]

    def is_drained(self, node: RunNode) -> bool:
        """Whether a node has no load because it is being drained."""
        return node.index in self._drained

    def vacate(self, node: RunNode, await_s: float | None = None, reason: Text = TAKEN_OVER) -> None:
        """A slot is vacant: the other nodes take over at once, or after waiting ``await_s`` for a replacement."""
        self.vacant[node.index] = node
        if await_s is None:
            self._take_over(node, reason)
        else:
            self.awaited[node.index] = loop_time() + await_s

    def occupy(self, node: RunNode, reason: Text) -> None:
        """A node has joined in a vacant slot; it gets the iterations of the node before if it was awaited."""
        before = self.vacant.pop(node.index)
        awaited = self.awaited.pop(node.index, None) is not None
        self._drained.discard(node.index)
        self._resplit("replaced", node.name, reason, iterations_left(before) if awaited else 0)

    def expire_awaited(self) -> None:
        """Let the other nodes take over where no replacement came in time."""
        for index, until in list(self.awaited.items()):
            if loop_time() >= until:
                del self.awaited[index]
                self._take_over(self.vacant[index])

    def follow_draining(self) -> None:
        """Take the load from nodes that began to drain, and give it back to those that stopped.

        The slot of a drained node stays drained when the node leaves. Nodes that are the last with load keep it.
        """
        present = {node.index: node for node in self._nodes.running()}
        draining = {index for index, node in present.items() if node.agent.draining} | (self._drained - present.keys())
        choices = (draining, draining & self._drained)
        drained = next((choice for choice in choices if present.keys() - choice), self._drained)
        changed = drained ^ self._drained
        if not changed:
            return
        index = min(changed)
        self._drained = drained
        self._resplit("resplit", present[index].name, DRAINED if index in drained else UNDRAINED)

    def follow_health(self) -> None:
        """Move load from busy to idle nodes, at most every DYNAMIC_S, where the strategy is ``dynamic``."""
        if self._placement.strategy != "dynamic" or loop_time() < self._health_due:
            return
        self._health_due = loop_time() + DYNAMIC_S
        present = {node.index: node for node in self._nodes.running()}
        used = [utilisation(present[at].health) if at in present else None for at in range(len(self._weights))]
        after = list(rebalanced(self._weights, used))
        if after != self._weights and not self._nodes.time.paused:
            self._weights = after
            self._resplit("resplit", "", BY_HEALTH)

    def _take_over(self, node: RunNode, reason: Text = TAKEN_OVER) -> None:
        """Give a node's load to the others, but to none that is drained."""
        self.follow_draining()
        if any(taker.running for taker in self.takers()):
            self._resplit("resplit", node.name, reason, iterations_left(node))

    def _resplit(self, kind: NodeEventKind, name: str, reason: Text, iterations: int = 0) -> None:
        """Send the changed weights, valid on all nodes from one moment on, with ``iterations`` to share out."""
        weights, running = self.weights(), self._nodes.running()
        at, present = self._nodes.next_moment(RESPLIT_LEAD_S), {node.index for node in running}
        takers = tuple(
            weight if index in present else 0 for index, weight in enumerate(self._iteration_weights(weights))
        )
        for node in running:
            more = Share(node.index, takers).of(iterations)
            node.iterations += more
            command = messages.Resplit(assignment=node.assignment, weights=weights, at=at, iterations=more)
            self._nodes.send(node, command)
        self._nodes.report(kind, name, reason, self._changed_shares(), round(at, 3))

    def _changed_shares(self) -> dict[str, float]:
        """Shares that differ from those reported last; 0 for nodes that are gone."""
        before, self._reported = self._reported, self.shares()
        changed = {name: share for name, share in self._reported.items() if share != before.get(name)}
        removed = {name: 0.0 for name in before.keys() - self._reported.keys() if before[name]}
        return {**removed, **changed}

    def _iteration_weights(self, weights: tuple[int, ...]) -> tuple[int, ...]:
        """The weights for iterations: 0 for slots that will have no users to do them."""
        return weights if self._load.open else holders(weights, int(self._load.peak))


def iterations_left(node: RunNode) -> int:
    """Iterations that a node was given and has not reported."""
    return max(node.iterations - node.done, 0)


def loop_time() -> float:
    """The loop's clock, s."""
    return asyncio.get_running_loop().time()
