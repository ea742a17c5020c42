"""Projects and their members."""

from __future__ import annotations

from perfsvc.model.entities import Role
from perfsvc.service.access import Kind
from perfsvc.service.projects import MemberForm
from perfsvc.service.projects import ProjectChange
from perfsvc.service.projects import ProjectForm
from perfsvc.service.projects import RoleChange
from perfsvc.web.answers import MemberAnswer
from perfsvc.web.answers import MemberPage
from perfsvc.web.answers import Message
from perfsvc.web.answers import ProjectAnswer
from perfsvc.web.answers import ProjectPage
from perfsvc.web.handler import Handler
from perfsvc.web.operation import operation
from perfsvc.web.queries import PageQuery
from perfsvc.web.routing import Route
from perfsvc.web.rules import AUTHENTICATED
from perfsvc.web.rules import may

VIEWERS = may(Role.VIEWER, Kind.PROJECT)
OWNERS = may(Role.OWNER, Kind.PROJECT)


class Projects(Handler):
    @operation("获取项目列表", "List one's projects; all of them for administrators", AUTHENTICATED)
    async def get(self, query: PageQuery) -> ProjectPage:
        page = await self.services.projects.page(self.user, query.page, query.page_size)
        return ProjectPage.of(page, ProjectAnswer.of)

    @operation("创建项目", "Create a project and become its owner", AUTHENTICATED, status=201)
    async def post(self, body: ProjectForm) -> ProjectAnswer:
        return ProjectAnswer.of(await self.services.projects.create(self.user, body))


class Project(Handler):
    @operation("获取项目", "One project", VIEWERS)
    async def get(self, project_id: int) -> ProjectAnswer:
        return ProjectAnswer.of(await self.services.projects.get(project_id))

    @operation("修改项目", "Change a project", OWNERS)
    async def put(self, project_id: int, body: ProjectChange) -> ProjectAnswer:
        return ProjectAnswer.of(await self.services.projects.update(project_id, body))

    @operation("删除项目", "Delete a project with all that is in it", OWNERS)
    async def delete(self, project_id: int) -> Message:
        await self.services.projects.delete(project_id)
        return self.message("项目已删除", "The project was deleted")


class Members(Handler):
    @operation("获取项目成员列表", "List a project's members", VIEWERS)
    async def get(self, project_id: int, query: PageQuery) -> MemberPage:
        members = await self.services.projects.members(project_id)
        return MemberPage.of(query.cut(members), MemberAnswer.of)

    @operation("添加项目成员", "Add a member", OWNERS, status=201)
    async def post(self, project_id: int, body: MemberForm) -> MemberAnswer:
        return MemberAnswer.of(await self.services.projects.add_member(project_id, body))


class Member(Handler):
    @operation("修改成员角色", "Change a member's role", OWNERS)
    async def put(self, project_id: int, user_id: int, body: RoleChange) -> MemberAnswer:
        return MemberAnswer.of(await self.services.projects.set_role(project_id, user_id, body.role))

    @operation("移除项目成员", "Remove a member", OWNERS)
    async def delete(self, project_id: int, user_id: int) -> Message:
        await self.services.projects.remove_member(project_id, user_id)
        return self.message("项目成员已移除", "The member was removed")


routes = [
    Route("/api/projects/", Projects),
    Route("/api/projects/{project_id}/", Project),
    Route("/api/projects/{project_id}/members/", Members),
    Route("/api/projects/{project_id}/members/{user_id}/", Member),
]
