"""The nodes of one run: shares of the load, losses, and the load that was missing by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
        """The nodes, and the losses with what was missing until now: for frames and for the report alike."""
        return Nodes(self._variable, self._nodes, self._until_now())

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

    def _until_now(self) -> list[Loss]:
        """The losses with the missing load: planned for the node, less what it reported when it was back."""
        if not self._losses:
            return []
        now = self._elapsed()
        planned = [self._planned(loss, now) for loss in self._losses]
        offered = self._profile.area(now) - sum(planned)
        sent = self._metrics.total.requests + self._metrics.warm_up.total.requests
        in_time = sent - sum(map(self._reported_late, self._losses))
        if offered <= 0:
            return [replace(loss, missing=load) for loss, load in zip(self._losses, planned, strict=True)]
        return [
            self._counted(loss, load, in_time / offered * load)
            for loss, load in zip(self._losses, planned, strict=True)
        ]

    def _planned(self, loss: Loss, now: float) -> float:
        """The load that was planned for a lost node until others took its share over."""
        until = max(now, loss.since) if loss.until is None else loss.until
        return (self._profile.area(until) - self._profile.area(loss.since)) * loss.share / WHOLE

    def _counted(self, loss: Loss, planned: float, requests: float) -> Loss:
        """A loss that would have been so many requests, less those that the node reported when it was back."""
        left = max(requests - self._reported_late(loss), 0.0)
        return replace(loss, missing=planned * (left / requests if requests else 1.0), requests=round(left))

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

    def _open(self) -> list[Loss]:
        """Return the losses whose shares are not taken over yet."""
        return [loss for loss in self._losses if loss.until is None]

    def _set_share(self, name: str, share: float) -> None:
        node_state = self._nodes.setdefault(name, NodeState())
        if share > 0:
            node_state.share, node_state.state = share, "running"
        elif node_state.state == "running":
            node_state.state = "left"
