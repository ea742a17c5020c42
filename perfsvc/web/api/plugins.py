"""What is loaded."""

from __future__ import annotations

from perfsvc.web.answers import PluginAnswer
from perfsvc.web.answers import PluginPage
from perfsvc.web.handler import Handler
from perfsvc.web.operation import operation
from perfsvc.web.queries import PageQuery
from perfsvc.web.routing import Route
from perfsvc.web.rules import AUTHENTICATED


class Plugins(Handler):
    @operation("获取插件列表", "List protocols and data sources with their JSON Schemas", AUTHENTICATED)
    async def get(self, query: PageQuery) -> PluginPage:
        return PluginPage.of(query.cut(self.services.plugins.describe()), PluginAnswer.model_validate)


routes = [Route("/api/plugins/", Plugins)]
