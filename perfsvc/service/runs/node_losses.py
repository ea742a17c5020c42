"""The nodes of one run: who has which share of the load, who was lost, and how much load was missing by it."""

from __future__ import annotations

from collections.abc import Callable

from perfsvc.analysis.nodes import Loss
from perfsvc.analysis.nodes import Member
from perfsvc.analysis.nodes import Nodes
from perfsvc.engine.pacing import Profile
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.model.load import Load
from perfsvc.model.node import NodeEvent

WHOLE = 100.0


class NodeLosses:
    """Follows the events of a run's nodes. ``elapsed`` answers the profile time now, s.

    What is missing of a lost node is what the plan asked of it from the last second it told to the moment at which
    others took its share over. What it did after that second counts as missing, unless it tells of it when it is back.
    """

    def __init__(self, load: Load, metrics: RunMetrics, elapsed: Callable[[], float]) -> None:
        self.members: dict[str, Member] = {}
        self._losses: list[Loss] = []
        self._began: dict[str, float] = {}
        self._variable = load.variable
        self._metrics = metrics
        self._elapsed = elapsed
        self._profile = Profile(load.stages)

    @property
    def nodes(self) -> Nodes:
        """As reports have them."""
        return Nodes(self._variable, self.members, self._losses)

    def set_level(self, level: float) -> None:
        """The load of the run is another from now on."""
        self._profile.set_level(self._elapsed(), level)

    def note(self, event: NodeEvent) -> None:
        """Take in what became of a node."""
        if event.node:
            member = self.members.setdefault(event.node, Member())
            member.host = event.host or member.host
        if event.kind == "lost":
            self._lost(event)
        for name, share in event.shares.items():
            self._began.setdefault(name, event.elapsed or 0.0)
            self._give(name, share)
        self._close_losses(self._elapsed() if event.elapsed is None else event.elapsed, event.moment)

    def over(self, moment: float) -> None:
        """The run has ended at ``moment`` (Unix time): what nobody has taken over was missing to the end."""
        for loss in self._open():
            self._close(loss, self._metrics.elapsed, moment)
        missing = sum(loss.missing for loss in self._losses)
        offered = self._profile.area(self._metrics.elapsed) - missing
        in_time = self._metrics.total.requests - sum(map(self._told_late, self._losses))
        if offered > 0:
            for loss in self._losses:
                self._settle(loss, in_time / offered * loss.missing)

    def _settle(self, loss: Loss, requests: float) -> None:
        """So many requests are missing, less those that the lost node told of when it was back."""
        left = max(requests - self._told_late(loss), 0.0)
        loss.missing *= left / requests if requests else 1.0
        loss.requests = round(left)

    def _told_late(self, loss: Loss) -> int:
        return self._told(loss.node) - loss.told

    def _told(self, name: str) -> int:
        node = self._metrics.nodes.get(name)
        return 0 if node is None else node.requests

    def _lost(self, event: NodeEvent) -> None:
        member = self.members[event.node]
        if member.state != "running":
            return
        node = self._metrics.nodes.get(event.node)
        since = max(self._began.get(event.node, 0.0), 0.0 if node is None else node.elapsed)
        told = self._told(event.node)
        self._losses.append(Loss(event.node, event.reason, member.share, event.moment, since, told))
        member.state = "lost"
        self._metrics.lost(event.node)

    def _close_losses(self, elapsed: float, moment: float) -> None:
        """As far as others have the shares of lost nodes now, nothing more is missing of these; the oldest first."""
        given = sum(member.share for member in self.members.values() if member.state == "running")
        unclaimed = sum(loss.share for loss in self._open()) - (WHOLE - given)
        for loss in self._open():
            if unclaimed < loss.share / 2:  # shares are rounded
                return
            self._close(loss, elapsed, moment)
            unclaimed -= loss.share

    def _close(self, loss: Loss, elapsed: float, moment: float) -> None:
        loss.until, loss.ended = max(elapsed, loss.since), moment
        asked = self._profile.area(loss.until) - self._profile.area(loss.since)
        loss.missing = asked * loss.share / WHOLE

    def _open(self) -> list[Loss]:
        """What nobody has taken over yet."""
        return [loss for loss in self._losses if loss.until is None]

    def _give(self, name: str, share: float) -> None:
        member = self.members.setdefault(name, Member())
        if share > 0:
            member.share, member.state = share, "running"
        elif member.state == "running":
            member.state = "left"
            self._metrics.left(name)
