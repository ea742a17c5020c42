"""Environments."""

from __future__ import annotations

from perfsvc.model.entities import Role
from perfsvc.service.access import Kind
from perfsvc.service.envs import EnvChange
from perfsvc.service.envs import EnvForm
from perfsvc.web.answers import EnvAnswer
from perfsvc.web.answers import EnvPage
from perfsvc.web.answers import Message
from perfsvc.web.handler import Handler
from perfsvc.web.operation import operation
from perfsvc.web.queries import OfProject
from perfsvc.web.routing import Route
from perfsvc.web.rules import may

VIEWERS = may(Role.VIEWER, Kind.ENV)
EDITORS = may(Role.EDITOR, Kind.ENV)


class Envs(Handler):
    @operation("获取测试环境列表", "List a project's environments", may(Role.VIEWER, Kind.PROJECT))
    async def get(self, query: OfProject) -> EnvPage:
        page = await self.services.envs.page(query.project_id, query.page, query.page_size)
        return EnvPage.of(page, EnvAnswer.of)

    @operation("创建测试环境", "Create an environment", may(Role.EDITOR, Kind.PROJECT), status=201)
    async def post(self, body: EnvForm) -> EnvAnswer:
        return EnvAnswer.of(await self.services.envs.create(body))


class Env(Handler):
    @operation("获取测试环境", "One environment", VIEWERS)
    async def get(self, env_id: int) -> EnvAnswer:
        return EnvAnswer.of(await self.services.envs.get(env_id))

    @operation("修改测试环境", "Change an environment", EDITORS)
    async def put(self, env_id: int, body: EnvChange) -> EnvAnswer:
        return EnvAnswer.of(await self.services.envs.update(env_id, body))

    @operation("删除测试环境", "Delete an environment", EDITORS)
    async def delete(self, env_id: int) -> Message:
        await self.services.envs.delete(env_id)
        return self.message("测试环境已删除", "The environment was deleted")


routes = [
    Route("/api/envs/", Envs),
    Route("/api/envs/{env_id}/", Env),
]
