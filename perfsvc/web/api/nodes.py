"""The engine processes."""

from __future__ import annotations

from typing import Literal

from perfsvc.model.base import titled
from perfsvc.model.listing import selected
from perfsvc.model.node import NodeKind
from perfsvc.model.node import NodeState
from perfsvc.web.api.report_parts import Texts
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import ListQuery
from perfsvc.web.framework.queries import ordered
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
    """An engine process: this server (`server`), a process it started (`process`), or one that joined (`agent`)."""

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
    unfit: Texts | None
    """Why it takes part in no run: its version, or that of Python or Dask, is not this server's."""


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


NodeOrder = Literal["name", "-name", "cpu", "-cpu", "memory", "-memory"]


class NodeQuery(ListQuery):
    """Nodes by name or host; without an order the server first, then the others by name."""

    compared = ("kind", "state")

    kind: NodeKind | None = titled("类别", "Kind", default=None)
    state: NodeState | None = titled("状态", "State", default=None)
    order: NodeOrder | None = ordered(NodeOrder, None)


class NodesHandler(Handler):
    @operation("获取压测节点列表", "List the engine processes", AUTHENTICATED)
    async def get(self, query: NodeQuery) -> NodePage:
        return NodePage.of(
            query.cut(selected(self.services.nodes.all(), query.selection, ("name", "host"))),
            NodeResponse.model_validate,
        )


class NodeHandler(Handler):
    @operation("获取压测节点", "One engine process with how it was lately", AUTHENTICATED)
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
