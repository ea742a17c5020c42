"""Projects and their members."""

from __future__ import annotations

from typing import Self

from perfsvc.model.entities import Member
from perfsvc.model.entities import Project
from perfsvc.model.entities import Role
from perfsvc.service.auth.access import Kind
from perfsvc.service.projects import MemberForm
from perfsvc.service.projects import ProjectChange
from perfsvc.service.projects import ProjectForm
from perfsvc.service.projects import RoleChange
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import ListQuery
from perfsvc.web.framework.queries import NameOrder
from perfsvc.web.framework.queries import PageQuery
from perfsvc.web.framework.queries import ordered
from perfsvc.web.framework.responses import Message
from perfsvc.web.framework.responses import Moment
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import AUTHENTICATED
from perfsvc.web.framework.rules import may


class ProjectResponse(Response):
    """A project. ``my_role`` is the caller's; administrators are owners everywhere."""

    id: int
    name: str
    leader: str
    created_at: Moment
    my_role: Role

    @classmethod
    def of(cls, project: Project, role: Role) -> Self:
        return cls(
            id=project.id, name=project.name, leader=project.leader, created_at=project.create_time, my_role=role
        )


class ProjectPage(PageOf[ProjectResponse]):
    """Projects."""


class MemberResponse(Response):
    """A user's role in a project. Times and author are null for members of before they were kept."""

    project_id: int
    user_id: int
    username: str
    role: Role
    created_at: Moment | None
    updated_at: Moment | None
    updated_by: str | None

    @classmethod
    def of(cls, member: Member) -> Self:
        return cls(
            project_id=member.project_id,
            user_id=member.user_id,
            username=member.username,
            role=member.role,
            created_at=member.created_time,
            updated_at=member.updated_time,
            updated_by=member.updated_by,
        )


class MemberPage(PageOf[MemberResponse]):
    """Members of a project."""


VIEWERS = may(Role.VIEWER, Kind.PROJECT)


OWNERS = may(Role.OWNER, Kind.PROJECT)


class ProjectQuery(ListQuery):
    """Projects by name or leader, the oldest first."""

    order: NameOrder = ordered(NameOrder, "created_at")


class ProjectsHandler(Handler):
    @operation("获取项目列表", "List one's projects; all of them for administrators", AUTHENTICATED)
    async def get(self, query: ProjectQuery) -> ProjectPage:
        page = await self.services.projects.page(self.user, query.page, query.page_size, query.selection)
        roles = await self.services.projects.roles(self.user, [project.id for project in page.results])
        return ProjectPage.of(page, lambda project: ProjectResponse.of(project, roles[project.id]))

    @operation("创建项目", "Create a project and become its owner", AUTHENTICATED, status=201)
    async def post(self, body: ProjectForm) -> ProjectResponse:
        return ProjectResponse.of(await self.services.projects.create(self.user, body, self.language), Role.OWNER)


class ProjectHandler(Handler):
    @operation("获取项目", "One project", VIEWERS)
    async def get(self, project_id: int) -> ProjectResponse:
        roles = await self.services.projects.roles(self.user, [project_id])
        return ProjectResponse.of(await self.services.projects.get(project_id), roles[project_id])

    @operation("修改项目", "Change a project", OWNERS)
    async def put(self, project_id: int, body: ProjectChange) -> ProjectResponse:
        return ProjectResponse.of(await self.services.projects.update(project_id, body), Role.OWNER)

    @operation("删除项目", "Delete a project with all that is in it", OWNERS)
    async def delete(self, project_id: int) -> Message:
        await self.services.projects.delete(project_id)
        return self.message("项目已删除", "The project was deleted")


class MembersHandler(Handler):
    @operation("获取项目成员列表", "List a project's members", VIEWERS)
    async def get(self, project_id: int, query: PageQuery) -> MemberPage:
        members = await self.services.projects.members(project_id)
        return MemberPage.of(query.cut(members), MemberResponse.of)

    @operation("添加项目成员", "Add a member", OWNERS, status=201)
    async def post(self, project_id: int, body: MemberForm) -> MemberResponse:
        return MemberResponse.of(await self.services.projects.add_member(self.user, project_id, body))


class MemberHandler(Handler):
    @operation("修改成员角色", "Change a member's role", OWNERS)
    async def put(self, project_id: int, user_id: int, body: RoleChange) -> MemberResponse:
        return MemberResponse.of(await self.services.projects.set_role(self.user, project_id, user_id, body.role))

    @operation("移除项目成员", "Remove a member", OWNERS)
    async def delete(self, project_id: int, user_id: int) -> Message:
        await self.services.projects.remove_member(project_id, user_id)
        return self.message("项目成员已移除", "The member was removed")


routes = [
    Route("/api/projects/", ProjectsHandler),
    Route("/api/projects/{project_id}/", ProjectHandler),
    Route("/api/projects/{project_id}/members/", MembersHandler),
    Route("/api/projects/{project_id}/members/{user_id}/", MemberHandler),
]
