"""Plans: what is to be run. Running them is in ``runs``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from typing import Literal
from typing import Self

from perfsvc.model.base import titled
from perfsvc.model.entities import Plan
from perfsvc.model.entities import Role
from perfsvc.model.listing import Selection
from perfsvc.model.test_mode import TestMode
from perfsvc.service.auth.access import Kind
from perfsvc.service.plans import PlanChange
from perfsvc.service.plans import PlanForm
from perfsvc.web.framework.editing import EditHandler
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import ChangeOrder
from perfsvc.web.framework.queries import OfProject
from perfsvc.web.framework.queries import ordered
from perfsvc.web.framework.responses import Config
from perfsvc.web.framework.responses import Message
from perfsvc.web.framework.responses import Moment
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may

PlanStatus = Literal["created", "running", "completed", "failed"]


class SceneWeightResponse(Response):
    """A scene's share in a plan."""

    scene_id: int
    weight: int


class PlanRow(Response):
    """A plan in a listing."""

    id: int
    name: str
    description: str | None
    project_id: int
    status: PlanStatus
    created_at: Moment
    updated_at: Moment
    updated_by: str | None

    @classmethod
    def of(cls, plan: Plan) -> Self:
        return cls(**_plan_row(plan))


class PlanResponse(PlanRow):
    """A plan with its whole config."""

    scenes: list[SceneWeightResponse]
    config: Config

    @classmethod
    def of(cls, plan: Plan) -> Self:
        scenes = [SceneWeightResponse(scene_id=scene.scene_id, weight=scene.weight) for scene in plan.scenes]
        return cls(**_plan_row(plan), scenes=scenes, config=plan.config)


def _plan_row(plan: Plan) -> dict[str, Any]:
    return {
        "id": plan.id,
        "name": plan.name,
        "description": plan.description,
        "project_id": plan.project_id,
        "status": "created" if plan.status == "pending" else plan.status,
        "created_at": plan.created_time,
        "updated_at": plan.updated_time,
        "updated_by": plan.updated_by,
    }


class PlanPage(PageOf[PlanRow]):
    """Plans."""


VIEWERS = may(Role.VIEWER, Kind.PLAN)


EDITORS = may(Role.EDITOR, Kind.PLAN)


class PlanQuery(OfProject):
    """Plans of a project, by name or description, the newest first."""

    compared = ("mode", "status")

    mode: TestMode | None = titled("压测模式", "Test mode", default=None)
    status: PlanStatus | None = titled("状态", "State", default=None)
    order: ChangeOrder = ordered(ChangeOrder, "-created_at")

    @property
    def selection(self) -> Selection:
        found = super().selection
        stored = {"status": "pending"} if self.status == "created" else {}
        return replace(found, equal={**found.equal, **stored})


class PlansHandler(Handler):
    @operation("获取测试计划列表", "List a project's plans", may(Role.VIEWER, Kind.PROJECT))
    async def get(self, query: PlanQuery) -> PlanPage:
        page = await self.services.plans.page(query.project_id, query.page, query.page_size, query.selection)
        return PlanPage.of(page, PlanRow.of)

    @operation("创建测试计划", "Create a plan", may(Role.EDITOR, Kind.PROJECT), status=201)
    async def post(self, body: PlanForm) -> PlanResponse:
        return PlanResponse.of(await self.services.plans.create(self.user, body, self.language))


class PlanHandler(EditHandler):
    @operation("获取测试计划", "One plan", VIEWERS)
    async def get(self, plan_id: int) -> PlanResponse:
        plan = await self.services.plans.get(plan_id)
        self.set_version(plan.updated_time)
        return PlanResponse.of(plan)

    @operation("编辑测试计划", "Change a plan; config is merged key by key", EDITORS)
    async def put(self, plan_id: int, body: PlanChange) -> PlanResponse:
        plan = await self.services.plans.update(plan_id, body, self.edit)
        self.set_version(plan.updated_time)
        return PlanResponse.of(plan)

    @operation("删除测试计划", "Delete a plan", EDITORS)
    async def delete(self, plan_id: int) -> Message:
        await self.services.plans.delete(plan_id)
        return self.message("测试计划已删除", "The plan was deleted")


routes = [
    Route("/api/performance/plans/", PlansHandler),
    Route("/api/performance/plans/{plan_id}/", PlanHandler),
]
