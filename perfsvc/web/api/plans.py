"""Plans: what is to be run. Running them is in ``runs``."""

from __future__ import annotations

from perfsvc.model.entities import Role
from perfsvc.service.access import Kind
from perfsvc.service.plans import PlanChange
from perfsvc.service.plans import PlanForm
from perfsvc.web.answers import Message
from perfsvc.web.answers import PlanAnswer
from perfsvc.web.answers import PlanPage
from perfsvc.web.answers import PlanRow
from perfsvc.web.handler import Handler
from perfsvc.web.operation import operation
from perfsvc.web.queries import OfProject
from perfsvc.web.routing import Route
from perfsvc.web.rules import may

VIEWERS = may(Role.VIEWER, Kind.PLAN)
EDITORS = may(Role.EDITOR, Kind.PLAN)


class Plans(Handler):
    @operation("获取测试计划列表", "List a project's plans", may(Role.VIEWER, Kind.PROJECT))
    async def get(self, query: OfProject) -> PlanPage:
        page = await self.services.plans.page(query.project_id, query.page, query.page_size)
        return PlanPage.of(page, PlanRow.of)

    @operation("创建测试计划", "Create a plan", may(Role.EDITOR, Kind.PROJECT), status=201)
    async def post(self, body: PlanForm) -> PlanAnswer:
        return PlanAnswer.of(await self.services.plans.create(self.user, body))


class Plan(Handler):
    @operation("获取测试计划", "One plan", VIEWERS)
    async def get(self, plan_id: int) -> PlanAnswer:
        return PlanAnswer.of(await self.services.plans.get(plan_id))

    @operation("编辑测试计划", "Change a plan; config is merged key by key", EDITORS)
    async def put(self, plan_id: int, body: PlanChange) -> PlanAnswer:
        return PlanAnswer.of(await self.services.plans.update(plan_id, body))

    @operation("删除测试计划", "Delete a plan", EDITORS)
    async def delete(self, plan_id: int) -> Message:
        await self.services.plans.delete(plan_id)
        return self.message("测试计划已删除", "The plan was deleted")


routes = [
    Route("/api/performance/plans/", Plans),
    Route("/api/performance/plans/{plan_id}/", Plan),
]
