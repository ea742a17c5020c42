"""Presets."""

from __future__ import annotations

from typing import Any
from typing import Self

from perfsvc.model.base import titled
from perfsvc.model.entities import Preset
from perfsvc.model.entities import Role
from perfsvc.model.test_mode import TestMode
from perfsvc.service.auth.access import Kind
from perfsvc.service.presets import PresetChange
from perfsvc.service.presets import PresetForm
from perfsvc.service.secrets import shown
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import NameOrder
from perfsvc.web.framework.queries import OfProject
from perfsvc.web.framework.queries import ordered
from perfsvc.web.framework.responses import Message
from perfsvc.web.framework.responses import Moment
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may


class PresetResponse(Response):
    """A config saved under a name."""

    id: int
    name: str
    description: str | None
    project_id: int
    config_type: str
    config_data: dict[str, Any]
    created_at: Moment
    updated_at: Moment
    updated_by: str | None

    @classmethod
    def of(cls, preset: Preset) -> Self:
        return cls(
            id=preset.id,
            name=preset.name,
            description=preset.description,
            project_id=preset.project_id,
            config_type=preset.config_type,
            config_data=shown(preset.config_data),
            created_at=preset.created_time,
            updated_at=preset.updated_time,
            updated_by=preset.updated_by,
        )


class PresetPage(PageOf[PresetResponse]):
    """Presets."""


VIEWERS = may(Role.VIEWER, Kind.PRESET)


EDITORS = may(Role.EDITOR, Kind.PRESET)


class PresetQuery(OfProject):
    """Presets of a project, by name or description, the newest first."""

    compared = ("mode",)

    mode: TestMode | None = titled("压测模式", "Test mode", default=None)
    order: NameOrder = ordered(NameOrder, "-created_at")


class PresetsHandler(Handler):
    @operation("获取预设配置列表", "List a project's presets", may(Role.VIEWER, Kind.PROJECT))
    async def get(self, query: PresetQuery) -> PresetPage:
        page = await self.services.presets.page(query.project_id, query.page, query.page_size, query.selection)
        return PresetPage.of(page, PresetResponse.of)

    @operation("创建预设配置", "Create a preset", may(Role.EDITOR, Kind.PROJECT), status=201)
    async def post(self, body: PresetForm) -> PresetResponse:
        return PresetResponse.of(await self.services.presets.create(self.user, body))


class PresetHandler(Handler):
    @operation("获取预设配置", "One preset", VIEWERS)
    async def get(self, preset_id: int) -> PresetResponse:
        return PresetResponse.of(await self.services.presets.get(preset_id))

    @operation("修改预设配置", "Change a preset", EDITORS)
    async def put(self, preset_id: int, body: PresetChange) -> PresetResponse:
        return PresetResponse.of(await self.services.presets.update(self.user, preset_id, body))

    @operation("删除预设配置", "Delete a preset", EDITORS)
    async def delete(self, preset_id: int) -> Message:
        await self.services.presets.delete(preset_id)
        return self.message("预设配置已删除", "The preset was deleted")


routes = [
    Route("/api/performance/presets/", PresetsHandler),
    Route("/api/performance/presets/{preset_id}/", PresetHandler),
]
