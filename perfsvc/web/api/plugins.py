"""Loaded protocols and data sources, and plugins that failed to load."""

from __future__ import annotations

from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import PageQuery
from perfsvc.web.framework.responses import OpenResponse
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import AUTHENTICATED


class PluginResponse(OpenResponse):
    """A protocol or a data source with the JSON Schema of what it takes, or a plugin that failed, with the cause."""

    kind: str
    name: str
    status: str


class PluginPage(PageOf[PluginResponse]):
    """Loaded plugins."""


class PluginsHandler(Handler):
    @operation("获取插件列表", "List protocols and data sources with their JSON Schemas", AUTHENTICATED)
    async def get(self, query: PageQuery) -> PluginPage:
        return PluginPage.of(query.cut(self.services.plugins.describe()), PluginResponse.model_validate)


routes = [Route("/api/plugins/", PluginsHandler)]
