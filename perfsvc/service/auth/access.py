"""Roles in projects.

An administrator is an owner everywhere. A user who is not a member gets the same 404 for an existing resource as for a
missing one; a member with an insufficient role gets a 403.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any
from typing import TypeVar

from perfsvc.errors import Forbidden
from perfsvc.errors import NotFound
from perfsvc.errors import Text
from perfsvc.errors import Unavailable
from perfsvc.model.entities import Role
from perfsvc.model.entities import User
from perfsvc.store import datafiles
from perfsvc.store import envs
from perfsvc.store import executions
from perfsvc.store import plans
from perfsvc.store import presets
from perfsvc.store import projects
from perfsvc.store import reports
from perfsvc.store import rows
from perfsvc.store import scenes
from perfsvc.store.database import Store

K = TypeVar("K")
V = TypeVar("V")

MAX_REMEMBERED = 10_000

RANK = {role: rank for rank, role in enumerate(Role)}


class Kind(Enum):
    """The kinds of resources in a project, each with the message for a missing one."""

    PROJECT = rows.PROJECT
    ENV = rows.ENV
    SCENE = rows.SCENE
    DATAFILE = rows.DATAFILE
    PLAN = rows.PLAN
    PRESET = rows.PRESET
    EXECUTION = rows.EXECUTION
    REPORT = rows.REPORT

    @property
    def id_name(self) -> str:
        """The name of its identifier in paths, queries and bodies."""
        return f"{self.name.lower()}_id"

    @property
    def missing(self) -> NotFound:
        return NotFound(*self.value)


def _project_of_plan(plan_id: int) -> int:
    return plans.get(plan_id).project_id


PROJECT_OF: dict[Kind, Callable[[Any], int]] = {
    Kind.PROJECT: lambda ident: projects.get(ident).id,
    Kind.ENV: lambda ident: envs.get(ident).project_id,
    Kind.SCENE: lambda ident: scenes.get(ident).project_id,
    Kind.DATAFILE: lambda ident: datafiles.get(ident).project_id,
    Kind.PLAN: _project_of_plan,
    Kind.PRESET: lambda ident: presets.get(ident).project_id,
    Kind.EXECUTION: lambda ident: _project_of_plan(executions.get(ident).plan_id),
    Kind.REPORT: lambda ident: _project_of_plan(reports.get(ident).plan_id),
}


class Access:
    """Checks the role of a user in the project of a resource."""

    def __init__(self, store: Store, plan_of_run: Callable[[str], int | None] = lambda _: None) -> None:
        """``plan_of_run``: the plan of an active run, which is known without the database."""
        self._store = store
        self._plan_of_run = plan_of_run
        self._last_roles: dict[tuple[int, Kind, int | str], tuple[int, Role | None]] = {}

    async def require(self, user: User, role: Role, kind: Kind, ident: int | str) -> int:
        """Return the project's id. Raises NotFound for non-members, Forbidden for members with an insufficient role."""
        try:
            project_id, own_role = await self._store.run(_project_and_role, user.id, kind, ident)
        except NotFound:
            raise kind.missing from None
        except Unavailable:
            last = self._last_known_role(user.id, kind, ident)
            if last is None:
                raise
            project_id, own_role = last
        else:
            remember_bounded(self._last_roles, (user.id, kind, ident), (project_id, own_role))
        if user.administrator:
            return project_id
        if own_role is None:
            raise kind.missing
        if RANK[own_role] < RANK[role]:
            raise Forbidden(*_role_text(role, own_role))
        return project_id

    def _last_known_role(self, user_id: int, kind: Kind, ident: int | str) -> tuple[int, Role | None] | None:
        """Last answer of the database: runs under way remain controllable while it is unavailable."""
        plan = self._plan_of_run(str(ident)) if kind is Kind.EXECUTION else None
        last = self._last_roles.get((user_id, kind, ident))
        return last or (self._last_roles.get((user_id, Kind.PLAN, plan)) if plan else None)


def _role_text(needed: Role, own: Role) -> Text:
    return Text(
        f"需要项目角色 {needed.value}，而你是 {own.value}：请让项目的 owner 调整你的角色",
        f"this needs the project role {needed.value}, and yours is {own.value}: ask an owner of the project for it",
    )


def remember_bounded(values: dict[K, V], key: K, value: V) -> None:
    """Keep a value as the newest, without the oldest where there are too many."""
    values.pop(key, None)
    if len(values) >= MAX_REMEMBERED:
        values.pop(next(iter(values)))
    values[key] = value


def _project_and_role(user_id: int, kind: Kind, ident: int | str) -> tuple[int, Role | None]:
    project_id = PROJECT_OF[kind](ident)
    return project_id, projects.role_of(project_id, user_id)
