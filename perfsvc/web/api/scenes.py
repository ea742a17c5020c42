"""Scenes."""

from __future__ import annotations

from typing import Annotated
from typing import Any
from typing import Self

from pydantic import PlainSerializer

from perfsvc.model.entities import Role
from perfsvc.model.entities import Scene
from perfsvc.model.scene import Step
from perfsvc.service.auth.access import Kind
from perfsvc.service.scenes import SceneChange
from perfsvc.service.scenes import SceneForm
from perfsvc.service.secrets import shown
from perfsvc.web.framework.editing import EditHandler
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import ChangeOrder
from perfsvc.web.framework.queries import OfProject
from perfsvc.web.framework.queries import ordered
from perfsvc.web.framework.responses import Message
from perfsvc.web.framework.responses import Moment
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may
from perfsvc.web.framework.uses import NamedResponse


def _without_unset(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    # Absent keys stay absent: an extractor without a default differs from one whose default is null.
    return [shown(step.model_dump(mode="json", by_alias=True, exclude_unset=True)) for step in steps]


Steps = Annotated[tuple[Step, ...], PlainSerializer(_without_unset, return_type=list[dict[str, Any]])]


class SceneRow(Response):
    """A scene in a listing. ``used_by`` lists the plans that use it; while there are any, it cannot be deleted."""

    id: int
    project_id: int
    name: str
    description: str | None
    created_at: Moment
    updated_at: Moment
    updated_by: str | None
    used_by: list[NamedResponse]

    @classmethod
    def of(cls, scene: Scene) -> Self:
        return cls(**_scene_row(scene))


class SceneResponse(SceneRow):
    """A scene with its steps, as they were given."""

    steps: Steps
    on_start: Steps
    setup: Steps
    teardown: Steps

    @classmethod
    def of(cls, scene: Scene) -> Self:
        spec = scene.spec
        parts = {"steps": spec.steps, "on_start": spec.on_start, "setup": spec.setup, "teardown": spec.teardown}
        return cls(**_scene_row(scene), **parts)


def _scene_row(scene: Scene) -> dict[str, Any]:
    return {
        "id": scene.id,
        "project_id": scene.project_id,
        "name": scene.spec.name,
        "description": scene.description,
        "created_at": scene.created_time,
        "updated_at": scene.updated_time,
        "updated_by": scene.updated_by,
        "used_by": NamedResponse.all_of(scene.uses.plans),
    }


class ScenePage(PageOf[SceneRow]):
    """Scenes."""


VIEWERS = may(Role.VIEWER, Kind.SCENE)


EDITORS = may(Role.EDITOR, Kind.SCENE)


class SceneQuery(OfProject):
    """Scenes of a project, by name or description, the newest first."""

    order: ChangeOrder = ordered(ChangeOrder, "-created_at")


class ScenesHandler(Handler):
    @operation("获取业务流列表", "List a project's scenes", may(Role.VIEWER, Kind.PROJECT))
    async def get(self, query: SceneQuery) -> ScenePage:
        page = await self.services.scenes.page(query.project_id, query.page, query.page_size, query.selection)
        return ScenePage.of(page, SceneRow.of)

    @operation("创建业务流", "Create a scene", may(Role.EDITOR, Kind.PROJECT), status=201)
    async def post(self, body: SceneForm) -> SceneResponse:
        return SceneResponse.of(await self.services.scenes.create(self.user, body))


class SceneHandler(EditHandler):
    @operation("获取业务流", "One scene", VIEWERS)
    async def get(self, scene_id: int) -> SceneResponse:
        scene = await self.services.scenes.get(scene_id)
        self.set_version(scene.updated_time)
        return SceneResponse.of(scene)

    @operation("修改业务流", "Change a scene", EDITORS)
    async def put(self, scene_id: int, body: SceneChange) -> SceneResponse:
        scene = await self.services.scenes.update(scene_id, body, self.edit)
        self.set_version(scene.updated_time)
        return SceneResponse.of(scene)

    @operation("删除业务流", "Delete a scene", EDITORS)
    async def delete(self, scene_id: int) -> Message:
        await self.services.scenes.delete(scene_id)
        return self.message("业务流已删除", "The scene was deleted")


routes = [
    Route("/api/scenes/", ScenesHandler),
    Route("/api/scenes/{scene_id}/", SceneHandler),
]
