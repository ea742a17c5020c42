"""Presets."""

from __future__ import annotations

from perfsvc.model.entities import Role
from perfsvc.service.access import Kind
from perfsvc.service.presets import PresetChange
from perfsvc.service.presets import PresetForm
from perfsvc.web.answers import Message
from perfsvc.web.answers import PresetAnswer
from perfsvc.web.answers import PresetPage
from perfsvc.web.handler import Handler
from perfsvc.web.operation import operation
from perfsvc.web.queries import OfProject
from perfsvc.web.routing import Route
from perfsvc.web.rules import may

VIEWERS = may(Role.VIEWER, Kind.PRESET)
EDITORS = may(Role.EDITOR, Kind.PRESET)


class Presets(Handler):
    @operation("获取预设配置列表", "List a project's presets", may(Role.VIEWER, Kind.PROJECT))
    async def get(self, query: OfProject) -> PresetPage:
        page = await self.services.presets.page(query.project_id, query.page, query.page_size)
        return PresetPage.of(page, PresetAnswer.of)

    @operation("创建预设配置", "Create a preset", may(Role.EDITOR, Kind.PROJECT), status=201)
    async def post(self, body: PresetForm) -> PresetAnswer:
        return PresetAnswer.of(await self.services.presets.create(self.user, body))


class Preset(Handler):
    @operation("获取预设配置", "One preset", VIEWERS)
    async def get(self, preset_id: int) -> PresetAnswer:
        return PresetAnswer.of(await self.services.presets.get(preset_id))

    @operation("修改预设配置", "Change a preset", EDITORS)
    async def put(self, preset_id: int, body: PresetChange) -> PresetAnswer:
        return PresetAnswer.of(await self.services.presets.update(preset_id, body))

    @operation("删除预设配置", "Delete a preset", EDITORS)
    async def delete(self, preset_id: int) -> Message:
        await self.services.presets.delete(preset_id)
        return self.message("预设配置已删除", "The preset was deleted")


routes = [
    Route("/api/performance/presets/", Presets),
    Route("/api/performance/presets/{preset_id}/", Preset),
]
