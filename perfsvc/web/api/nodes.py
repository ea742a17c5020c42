"""The engine processes."""

from __future__ import annotations

from perfsvc.model.node import NodeKind
from perfsvc.model.node import NodeState
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import PageQuery
from perfsvc.web.framework.responses import OpenResponse
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import AUTHENTICATED
from perfsvc.web.framework.rules import OF_ADMINISTRATOR


class NodeShare(Response):
    """A node's part of a run's load, in percent."""

    execution_id: str
    share: float


class NodeResponse(OpenResponse):
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


class NodeReading(OpenResponse):
    """State of a node at one moment."""

    time: str
    cpu: float
    memory: int
    loop_lag: float


class NodeDetail(NodeResponse):
    """A node with readings of the last ten minutes, one every two seconds."""

    history: list[NodeReading]


class NodePage(PageOf[NodeResponse]):
    """Engine processes."""


class NodesHandler(Handler):
    @operation("获取执行节点列表", "List the engine processes", AUTHENTICATED)
    async def get(self, query: PageQuery) -> NodePage:
        return NodePage.of(query.cut(self.services.nodes.all()), NodeResponse.model_validate)


class NodeHandler(Handler):
    @operation("获取执行节点", "One engine process with how it was lately", AUTHENTICATED)
    async def get(self, name: str) -> NodeDetail:
        return NodeDetail.model_validate(self.services.nodes.one(name))


class DrainHandler(Handler):
    @operation("排空执行节点", "Give a node no more load", OF_ADMINISTRATOR)
    async def post(self, name: str) -> NodeDetail:
        return NodeDetail.model_validate(await self.services.nodes.drain(name, draining=True))

    @operation("恢复执行节点", "Give a drained node load again", OF_ADMINISTRATOR)
    async def delete(self, name: str) -> NodeDetail:
        return NodeDetail.model_validate(await self.services.nodes.drain(name, draining=False))


routes = [
    Route("/api/nodes/", NodesHandler),
    Route("/api/nodes/{name}/", NodeHandler),
    Route("/api/nodes/{name}/drain/", DrainHandler),
]
