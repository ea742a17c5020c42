"""Scenes."""

from __future__ import annotations

from perfsvc.model.entities import Role
from perfsvc.service.access import Kind
from perfsvc.service.scenes import SceneChange
from perfsvc.service.scenes import SceneForm
from perfsvc.web.answers import Message
from perfsvc.web.answers import SceneAnswer
from perfsvc.web.answers import ScenePage
from perfsvc.web.answers import SceneRow
from perfsvc.web.handler import Handler
from perfsvc.web.operation import operation
from perfsvc.web.queries import OfProject
from perfsvc.web.routing import Route
from perfsvc.web.rules import may

VIEWERS = may(Role.VIEWER, Kind.SCENE)
EDITORS = may(Role.EDITOR, Kind.SCENE)


class Scenes(Handler):
    @operation("获取业务流列表", "List a project's scenes", may(Role.VIEWER, Kind.PROJECT))
    async def get(self, query: OfProject) -> ScenePage:
        page = await self.services.scenes.page(query.project_id, query.page, query.page_size)
        return ScenePage.of(page, SceneRow.of)

    @operation("创建业务流", "Create a scene", may(Role.EDITOR, Kind.PROJECT), status=201)
    async def post(self, body: SceneForm) -> SceneAnswer:
        return SceneAnswer.of(await self.services.scenes.create(self.user, body))


class Scene(Handler):
    @operation("获取业务流", "One scene", VIEWERS)
    async def get(self, scene_id: int) -> SceneAnswer:
        return SceneAnswer.of(await self.services.scenes.get(scene_id))

    @operation("修改业务流", "Change a scene", EDITORS)
    async def put(self, scene_id: int, body: SceneChange) -> SceneAnswer:
        return SceneAnswer.of(await self.services.scenes.update(scene_id, body))

    @operation("删除业务流", "Delete a scene", EDITORS)
    async def delete(self, scene_id: int) -> Message:
        await self.services.scenes.delete(scene_id)
        return self.message("业务流已删除", "The scene was deleted")


routes = [
    Route("/api/scenes/", Scenes),
    Route("/api/scenes/{scene_id}/", Scene),
]
