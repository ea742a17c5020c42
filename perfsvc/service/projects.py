"""Projects and their members."""

from __future__ import annotations

from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Collection
from dataclasses import replace
from typing import Annotated
from typing import Any

from pydantic import Field
from pydantic import model_validator

from perfsvc.errors import Conflict
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.model.base import Spec
from perfsvc.model.base import exactly_one
from perfsvc.model.base import titled
from perfsvc.model.entities import Member
from perfsvc.model.entities import Page
from perfsvc.model.entities import Project
from perfsvc.model.entities import Role
from perfsvc.model.entities import User
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.model.problems import Fault
from perfsvc.service.fields import Id
from perfsvc.service.fields import Name
from perfsvc.service.partial_update import Change
from perfsvc.service.partial_update import may_change
from perfsvc.store import executions
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store import users
from perfsvc.store.database import Store
from perfsvc.store.database import writes

Leader = Annotated[str, Field(max_length=150)]


class ProjectForm(Spec):
    """A new project; its creator is the default leader."""

    name: Name = titled("项目名称", "Name")
    leader: Leader | None = titled("项目负责人", "Leader", default=None)


class ProjectChange(Change):
    """Changes of a project."""

    name: Name = may_change("项目名称", "Name")
    leader: Leader = may_change("项目负责人", "Leader")


class MemberForm(Spec):
    """A new member, by id or by name."""

    model_config = exactly_one("user_id", "username")

    user_id: Id | None = titled("用户", "User", default=None)
    username: str | None = titled("用户名", "Username", default=None, max_length=150)
    role: Role = titled("角色", "Role")

    @model_validator(mode="after")
    def _one_of_both(self) -> MemberForm:
        if (self.user_id is None) == (self.username is None):
            raise Fault("user_id 与 username 必须且只能填一个", "needs exactly one of user_id and username", "user_id")
        return self


class RoleChange(Spec):
    """A new role of a member."""

    role: Role = titled("角色", "Role")


class Projects:
    """Projects and their members."""

    def __init__(self, store: Store, tidy: Callable[[], Awaitable[None]]) -> None:
        """``tidy`` removes the files of deleted projects."""
        self._store = store
        self._tidy = tidy

    async def create(self, user: User, form: ProjectForm, language: str) -> Project:
        """Create a project; its creator becomes the owner. What comes with it is named in ``language``."""
        leader = user.username if form.leader is None else form.leader
        return await self._store.run(projects.create, form.name, leader, user.id, language)

    async def get(self, project_id: int) -> Project:
        return await self._store.run(projects.get, project_id)

    async def page(self, user: User, page: int, page_size: int, selection: Selection = ALL) -> Page[Project]:
        """Return the projects of a user; all projects for an administrator."""
        return await self._store.run(projects.page_for_user, user, page, page_size, selection)

    async def roles(self, user: User, project_ids: Collection[int]) -> dict[int, Role]:
        """Return the user's role in each project; an administrator is an owner everywhere."""
        if user.administrator:
            return dict.fromkeys(project_ids, Role.OWNER)
        return await self._store.run(projects.roles_in, user.id, project_ids)

    async def update(self, project_id: int, change: ProjectChange) -> Project:
        return await self._store.run(_update, project_id, change.changes())

    async def delete(self, project_id: int) -> None:
        """Delete a project with its content. Raises Conflict while one of its plans runs."""
        await self._store.run(_delete, project_id)
        await self._tidy()

    async def members(self, project_id: int) -> list[Member]:
        return await self._store.run(projects.members, project_id)

    async def add_member(self, user: User, project_id: int, form: MemberForm) -> Member:
        """Raises InvalidInput for an unknown user, Conflict for a member."""
        return await self._store.run(_add, user, project_id, form)

    async def set_role(self, user: User, project_id: int, user_id: int, role: Role) -> Member:
        """Raises NotFound for a user who is not a member, Conflict when no owner would remain."""
        return await self._store.run(_set_role, user, project_id, user_id, role)

    async def remove_member(self, project_id: int, user_id: int) -> None:
        """Raises NotFound, Conflict when no owner would remain."""
        await self._store.run(projects.remove_member, project_id, user_id)


@writes
def _update(project_id: int, changes: dict[str, Any]) -> Project:
    return projects.update(replace(projects.get(project_id), **changes))


@writes
def _delete(project_id: int) -> None:
    if any(plans.get(run.plan_id).project_id == project_id for run in executions.unfinished()):
        raise Conflict("项目中有测试正在执行，不能删除", "A run of this project is active; it cannot be deleted")
    projects.delete(project_id)


def _unknown(username: str) -> tuple[str, str, str]:
    return (
        "username",
        f"没有名为 {username} 的用户，请检查拼写，或请管理员在“用户”页新建",
        f"there is no user named {username}: check the spelling, or have an administrator create it (page Users)",
    )


@writes
def _add(author: User, project_id: int, form: MemberForm) -> Member:
    by_id = form.username is None
    try:
        user = users.get(form.user_id or 0) if by_id else users.by_username(form.username or "")
    except NotFound as error:
        raise InvalidInput.at(*(("user_id", *error.text) if by_id else _unknown(form.username or ""))) from None
    if projects.role_of(project_id, user.id) is not None:
        raise Conflict("该用户已是项目成员", "This user is already a member")
    return projects.set_member(project_id, user.id, form.role, author.username)


@writes
def _set_role(author: User, project_id: int, user_id: int, role: Role) -> Member:
    if projects.role_of(project_id, user_id) is None:
        raise NotFound("项目成员不存在", "the project has no such member")
    return projects.set_member(project_id, user_id, role, author.username)
