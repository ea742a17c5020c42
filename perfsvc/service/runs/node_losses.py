"""The nodes of one run: shares of the load, losses, and the load that was missing by them."""

from __future__ import annotations

from collections.abc import Callable

from perfsvc.analysis.nodes import Loss
from perfsvc.analysis.nodes import Nodes
from perfsvc.engine.pacing import Profile
from perfsvc.metrics.node_state import NodeState
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.model.load import Load
from perfsvc.model.node import NodeEvent

WHOLE = 100.0


class NodeLosses:
    """Follows the events of a run's nodes. ``elapsed`` returns the current profile time in seconds.

    The missing load of a lost node is its planned load from its last reported second until others took its share over.
    Requests after that second count as missing, unless the node reports them when it is back.
    """

    def __init__(self, load: Load, metrics: RunMetrics, elapsed: Callable[[], float]) -> None:
        self._nodes = metrics.node_states
        self._losses: list[Loss] = []
        self._began: dict[str, float] = {}
        self._variable = load.variable
        self._metrics = metrics
        self._elapsed = elapsed
        self._profile = Profile(load.stages)

    @property
    def nodes(self) -> Nodes:
        """The nodes and losses for the report."""
        return Nodes(self._variable, self._nodes, self._losses)

    def set_level(self, level: float) -> None:
        """Change the planned load from now on."""
        self._profile.set_level(self._elapsed(), level)

    def handle(self, event: NodeEvent) -> None:
        """Account for a node event."""
        if event.node:
            node_state = self._nodes.setdefault(event.node, NodeState())
            node_state.host = event.host or node_state.host
        if event.kind == "lost":
            self._lost(event)
        for name, share in event.shares.items():
            self._began.setdefault(name, event.elapsed or 0.0)
            self._set_share(name, share)
        self._close_losses(self._elapsed() if event.elapsed is None else event.elapsed, event.moment)

    def finish(self, moment: float) -> None:
        """End the accounting at ``moment`` (Unix time): shares that were not taken over were missing to the end."""
        for loss in self._open():
            self._close(loss, self._metrics.elapsed, moment)
        missing = sum(loss.missing for loss in self._losses)
        offered = self._profile.area(self._metrics.elapsed) - missing
        sent = self._metrics.total.requests + self._metrics.warm_up.total.requests
        in_time = sent - sum(map(self._reported_late, self._losses))
        if offered > 0:
            for loss in self._losses:
                self._finalize(loss, in_time / offered * loss.missing)

    def _finalize(self, loss: Loss, requests: float) -> None:
        """Set the missing requests, less those that the lost node reported when it was back."""
        left = max(requests - self._reported_late(loss), 0.0)
        loss.missing *= left / requests if requests else 1.0
        loss.requests = round(left)

    def _reported_late(self, loss: Loss) -> int:
        return self._reported(loss.node) - loss.reported

    def _reported(self, name: str) -> int:
        node = self._metrics.nodes.get(name)
        return 0 if node is None else node.requests

    def _lost(self, event: NodeEvent) -> None:
        node_state = self._nodes[event.node]
        if node_state.state != "running":
            return
        node = self._metrics.nodes.get(event.node)
        since = max(self._began.get(event.node, 0.0), 0.0 if node is None else node.elapsed)
        reported = self._reported(event.node)
        self._losses.append(Loss(event.node, event.reason, node_state.share, event.moment, since, reported))
        node_state.state, node_state.was_lost = "lost", True

    def _close_losses(self, elapsed: float, moment: float) -> None:
        """Close the oldest losses whose shares other nodes have taken over."""
        given = sum(node_state.share for node_state in self._nodes.values() if node_state.state == "running")
        unclaimed = sum(loss.share for loss in self._open()) - (WHOLE - given)
        for loss in self._open():
            if unclaimed < loss.share / 2:  # shares are rounded
                return
            self._close(loss, elapsed, moment)
            unclaimed -= loss.share

    def _close(self, loss: Loss, elapsed: float, moment: float) -> None:
        loss.until, loss.ended = max(elapsed, loss.since), moment
        planned = self._profile.area(loss.until) - self._profile.area(loss.since)
        loss.missing = planned * loss.share / WHOLE

    def _open(self) -> list[Loss]:
        """Return the losses whose shares are not taken over yet."""
        return [loss for loss in self._losses if loss.until is None]

    def _set_share(self, name: str, share: float) -> None:
        node_state = self._nodes.setdefault(name, NodeState())
        if share > 0:
            node_state.share, node_state.state = share, "running"
        elif node_state.state == "running":
            node_state.state = "left"
