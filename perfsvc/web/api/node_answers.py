"""What the API answers about engine processes."""

from __future__ import annotations

from perfsvc.model.node import NodeKind
from perfsvc.model.node import NodeState
from perfsvc.web.answers import Answer
from perfsvc.web.answers import OpenAnswer
from perfsvc.web.answers import PageOf


class NodeShare(Answer):
    """A node's part of a run's load, in percent."""

    execution_id: str
    share: float


class NodeAnswer(OpenAnswer):
    """An engine process: this server (`server`), or an agent."""

    name: str
    kind: NodeKind
    host: str
    pid: int
    version: str
    state: NodeState
    since: str
    """When it joined."""
    cpu: float
    """Percent of one core."""
    memory: int
    """Resident bytes."""
    loop_lag: float
    """The worst lateness of its event loop lately, ms."""
    running: list[NodeShare]


class NodeReading(OpenAnswer):
    """How a node was at a moment."""

    time: str
    cpu: float
    memory: int
    loop_lag: float


class NodeDetail(NodeAnswer):
    """A node with readings of the last ten minutes, one every two seconds."""

    history: list[NodeReading]


class NodePage(PageOf[NodeAnswer]):
    """Engine processes."""
