"""Loaded protocols and data sources, and plugins that failed to load."""

from __future__ import annotations

from typing import Literal

from perfsvc.model.base import titled
from perfsvc.model.listing import selected
from perfsvc.web.framework.constants import Constant
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import ListQuery
from perfsvc.web.framework.queries import ordered
from perfsvc.web.framework.responses import OpenResponse
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import AUTHENTICATED


class PluginResponse(OpenResponse):
    """A protocol or a data source with the JSON Schema of what it takes, or a plugin that failed, with the cause."""

    kind: str
    name: str
    status: str
    operations: bool


class PluginPage(PageOf[PluginResponse]):
    """Loaded plugins."""


PluginKind = Literal["protocol", "data_source", "function"]
KINDS = {"protocol": ("协议", "Protocol"), "data_source": ("数据源", "Data source"), "function": ("函数", "Function")}


class PluginQuery(ListQuery):
    """Plugins by name."""

    compared = ("kind",)

    kind: PluginKind | None = titled("类别", "Kind", labels=KINDS, default=None)
    order: Literal["name", "-name"] | None = ordered(Literal["name", "-name"], None)


class PluginsHandler(Handler):
    @operation("获取插件列表", "List protocols and data sources with their JSON Schemas", AUTHENTICATED)
    async def get(self, query: PluginQuery) -> Constant[PluginPage]:
        described = self.services.plugins.describe()

        def write() -> bytes:
            plugins = query.cut(selected(described, query.selection, ("name",)))
            return PluginPage.of(plugins, PluginResponse.model_validate).model_dump_json().encode()

        return await self.context.constants.get(f"plugins {query.model_dump_json()}", described, write)


routes = [Route("/api/plugins/", PluginsHandler)]
