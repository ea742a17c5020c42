"""The engine processes."""

from __future__ import annotations

from perfsvc.web.handler import Handler
from perfsvc.web.node_answers import NodeAnswer
from perfsvc.web.node_answers import NodeDetail
from perfsvc.web.node_answers import NodePage
from perfsvc.web.operation import operation
from perfsvc.web.queries import PageQuery
from perfsvc.web.routing import Route
from perfsvc.web.rules import AUTHENTICATED
from perfsvc.web.rules import OF_ADMINISTRATOR


class Nodes(Handler):
    @operation("获取执行节点列表", "List the engine processes", AUTHENTICATED)
    async def get(self, query: PageQuery) -> NodePage:
        return NodePage.of(query.cut(self.services.nodes.all()), NodeAnswer.model_validate)


class Node(Handler):
    @operation("获取执行节点", "One engine process with how it was lately", AUTHENTICATED)
    async def get(self, name: str) -> NodeDetail:
        return NodeDetail.model_validate(self.services.nodes.one(name))


class Drain(Handler):
    @operation("排空执行节点", "Give a node no more load", OF_ADMINISTRATOR)
    async def post(self, name: str) -> NodeDetail:
        return NodeDetail.model_validate(await self.services.nodes.drain(name, draining=True))

    @operation("恢复执行节点", "Give a drained node load again", OF_ADMINISTRATOR)
    async def delete(self, name: str) -> NodeDetail:
        return NodeDetail.model_validate(await self.services.nodes.drain(name, draining=False))


routes = [
    Route("/api/nodes/", Nodes),
    Route("/api/nodes/{name}/", Node),
    Route("/api/nodes/{name}/drain/", Drain),
]
