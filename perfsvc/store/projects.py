"""Projects and their members."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from perfsvc.errors import Conflict
from perfsvc.model.entities import Member
from perfsvc.model.entities import Page
from perfsvc.model.entities import Project
from perfsvc.model.entities import Role
from perfsvc.model.entities import User
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.store import envs
from perfsvc.store.binding import locked
from perfsvc.store.binding import now
from perfsvc.store.database import writes
from perfsvc.store.rows import MEMBER
from perfsvc.store.rows import PROJECT
from perfsvc.store.rows import USER
from perfsvc.store.rows import Columns
from perfsvc.store.rows import by_id
from perfsvc.store.rows import existing
from perfsvc.store.rows import page_of
from perfsvc.store.rows import require
from perfsvc.store.tables import EnvRow
from perfsvc.store.tables import MemberRow
from perfsvc.store.tables import PlanRow
from perfsvc.store.tables import ProjectRow
from perfsvc.store.tables import SceneRow
from perfsvc.store.tables import UserRow

COLUMNS = Columns(
    searched=(ProjectRow.name, ProjectRow.leader),
    orders={"name": ProjectRow.name, "created_at": ProjectRow.id},
)


@writes
def create(name: str, leader: str, creator_id: int, language: str = "zh") -> Project:
    """The creator becomes an owner, and there is a default environment, named in ``language``.

    Raises NotFound for the user, InvalidInput.
    """
    creator = by_id(UserRow, creator_id, USER).username
    key = ProjectRow.add(name=name, leader=leader)
    MemberRow.add(project=key, user=creator_id, role=Role.OWNER, updated_by=creator)
    envs.default_id(key, creator, language)
    return get(key)


def get(project_id: int) -> Project:
    """Raises NotFound."""
    return entity(by_id(ProjectRow, project_id, PROJECT))


def page_for_user(user: User, page: int = 1, page_size: int = 10, selection: Selection = ALL) -> Page[Project]:
    """The projects that a user is a member of, for administrators all; the oldest first."""
    query = ProjectRow.select()
    if not user.administrator:
        joined = MemberRow.select(MemberRow.project).where(MemberRow.user == user.id)
        query = query.where(ProjectRow.id.in_(joined))
    return page_of(query, ProjectRow.id, page, page_size, entities, COLUMNS, selection)


@writes
def update(project: Project) -> Project:
    """Name and leader; raises NotFound, InvalidInput."""
    require(ProjectRow, project.id, PROJECT)
    ProjectRow.change(ProjectRow.id == project.id, name=project.name, leader=project.leader)
    return get(project.id)


@writes
def delete(project_id: int) -> None:
    """The project and everything in it; raises NotFound."""
    require(ProjectRow, project_id, PROJECT)
    # Plans refer to scenes and environments, so they go first.
    for table in (PlanRow, SceneRow, EnvRow):
        table.delete().where(table.project == project_id).execute()
    ProjectRow.delete().where(ProjectRow.id == project_id).execute()


def members(project_id: int) -> list[Member]:
    """Return members in the order in which they joined. Raises NotFound."""
    require(ProjectRow, project_id, PROJECT)
    rows = (
        MemberRow.select(MemberRow, UserRow.username)
        .join(UserRow, attr="account")
        .where(MemberRow.project == project_id)
        .order_by(MemberRow.id)
    )
    return [member(row, row.account.username) for row in rows]


@writes
def set_member(project_id: int, user_id: int, role: Role, author: str | None = None) -> Member:
    """Add a member or change their role; ``author`` is a name.

    Raises NotFound, Conflict when no owner would be left.
    """
    hold(project_id)
    username: str = by_id(UserRow, user_id, USER).username
    row = membership(project_id, user_id)
    if row is None:
        MemberRow.add(project=project_id, user=user_id, role=role, updated_by=author)
    else:
        if role is not Role.OWNER:
            refuse_last_owner(row)
        MemberRow.change(MemberRow.id == row.id, role=role, updated_time=now(), updated_by=author)
    return member(membership(project_id, user_id), username)


@writes
def remove_member(project_id: int, user_id: int) -> None:
    """Raises NotFound, Conflict when no owner would be left."""
    hold(project_id)
    row = existing(membership(project_id, user_id), MEMBER)
    refuse_last_owner(row)
    MemberRow.delete().where(MemberRow.id == row.id).execute()


def role_of(project_id: int, user_id: int) -> Role | None:
    """Return None if the user is no member or the project does not exist."""
    row = membership(project_id, user_id)
    return Role(row.role) if row else None


def roles_in(user_id: int, project_ids: Collection[int]) -> dict[int, Role]:
    """A user's role in each of these projects that the user is a member of."""
    own = (MemberRow.user == user_id) & MemberRow.project.in_(list(project_ids))
    return {row.project_id: Role(row.role) for row in MemberRow.select().where(own)}


def hold(project_id: int) -> None:
    """Keep other transactions from changing the same project's members; raises NotFound."""
    existing(locked(ProjectRow.select().where(ProjectRow.id == project_id)).first(), PROJECT)


def membership(project_id: int, user_id: int) -> Any:
    """Return the row, or None."""
    return MemberRow.get_or_none((MemberRow.project == project_id) & (MemberRow.user == user_id))


def refuse_last_owner(row: Any) -> None:
    """Raises Conflict when a member is the only owner."""
    owners = MemberRow.select().where((MemberRow.project == row.project_id) & (MemberRow.role == Role.OWNER))
    if row.role == Role.OWNER and owners.count() == 1:
        raise Conflict("项目至少需要一名所有者", "a project needs at least one owner")


def member(row: Any, username: str) -> Member:
    """A member as the services see it."""
    return Member(
        project_id=row.project_id,
        user_id=row.user_id,
        username=username,
        role=Role(row.role),
        created_time=row.created_time,
        updated_time=row.updated_time,
        updated_by=row.updated_by,
    )


def entities(rows: list[Any]) -> list[Project]:
    return [entity(row) for row in rows]


def entity(row: Any) -> Project:
    """A row as the services see it."""
    return Project(id=row.id, name=row.name, leader=row.leader, create_time=row.create_time)
