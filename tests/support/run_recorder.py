"""A listener that records what the nodes of a run report."""

from __future__ import annotations

from perfsvc.model.node import NodeEvent
from perfsvc.model.window import Snapshot


class RunRecorder:
    """Everything that was reported, in order."""

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.events: list[NodeEvent] = []
        self.endings = 0

    def on_snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)

    def on_ending(self) -> None:
        self.endings += 1

    def on_node_event(self, event: NodeEvent) -> None:
        self.events.append(event)
