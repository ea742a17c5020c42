"""Environments. Every project has a default one, which is made again when it is gone and needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perfsvc.errors import Text
from perfsvc.model.entities import NO_USES
from perfsvc.model.entities import Env
from perfsvc.model.entities import Page
from perfsvc.model.entities import Uses
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.store import uses
from perfsvc.store.binding import locked
from perfsvc.store.binding import now
from perfsvc.store.database import writes
from perfsvc.store.rows import ENV
from perfsvc.store.rows import PROJECT
from perfsvc.store.rows import Columns
from perfsvc.store.rows import by_id
from perfsvc.store.rows import existing
from perfsvc.store.rows import in_batches
from perfsvc.store.rows import page_of
from perfsvc.store.rows import require
from perfsvc.store.tables import EnvRow
from perfsvc.store.tables import ProjectRow

DEFAULT_NAME = Text("默认环境", "Default environment")


COLUMNS = Columns(
    searched=(
        EnvRow.name,
        EnvRow.host,
    ),
    orders={"name": EnvRow.name, "created_at": EnvRow.id},
)


@writes
def create(
    project_id: int,
    name: str,
    host: str = "",
    *,
    headers: dict[str, Any] | None = None,
    variables: dict[str, Any] | None = None,
    databases: dict[str, Any] | None = None,
    certificates: dict[str, Any] | None = None,
    creator: str | None = None,
) -> Env:
    """Secrets come encrypted; ``creator`` is a name. Raises NotFound for the project, InvalidInput."""
    require(ProjectRow, project_id, PROJECT)
    key = EnvRow.add(
        project=project_id,
        name=name,
        host=host,
        headers=headers or {},
        variables=variables or {},
        databases=databases or {},
        certificates=certificates or None,
        updated_by=creator,
    )
    return get(key)


def get(env_id: int) -> Env:
    """Raises NotFound."""
    return entities([by_id(EnvRow, env_id, ENV)])[0]


def page(project_id: int, page: int = 1, page_size: int = 10, selection: Selection = ALL) -> Page[Env]:
    """A project's environments, the oldest first."""
    query = EnvRow.select().where(EnvRow.project == project_id)
    return page_of(query, EnvRow.id, page, page_size, entities, COLUMNS, selection)


def of_project(project_id: int) -> Iterator[Env]:
    """All environments of a project, the oldest first, read a batch at a time."""
    return in_batches(EnvRow.select().where(EnvRow.project == project_id), EnvRow.id, entities)


@writes
def update(env: Env) -> Env:
    """Everything but the project; raises NotFound, InvalidInput."""
    require(EnvRow, env.id, ENV)
    EnvRow.change(
        EnvRow.id == env.id,
        name=env.name,
        host=env.host,
        headers=env.headers,
        variables=env.variables,
        databases=env.databases,
        certificates=env.certificates or None,
        updated_time=now(),
        updated_by=env.updated_by,
    )
    return get(env.id)


@writes
def delete(env_id: int) -> None:
    """Raises NotFound, Conflict while a plan uses it."""
    require(EnvRow, env_id, ENV)
    uses.refuse_used(uses.of_envs([env_id]).get(env_id, NO_USES), Text("测试环境", "the environment"))
    EnvRow.delete().where(EnvRow.id == env_id).execute()


def default_id(project_id: int, creator: str | None = None, language: str = "zh") -> int:
    """Return the id of the project's default environment, created if needed; for functions that write.

    ``creator`` is the name of who creates it, if it is a user; ``language`` is the one it is named in.
    """
    existing(locked(ProjectRow.select().where(ProjectRow.id == project_id)).first(), PROJECT)
    row = EnvRow.select().where((EnvRow.project == project_id) & EnvRow.is_default).order_by(EnvRow.id).first()
    if row:
        return int(row.id)
    return EnvRow.add(project=project_id, name=DEFAULT_NAME.of(language), is_default=True, updated_by=creator)


def entities(rows: list[Any]) -> list[Env]:
    used = uses.of_envs([row.id for row in rows])
    return [entity(row, used.get(row.id, NO_USES)) for row in rows]


def entity(row: Any, used: Uses) -> Env:
    """A row as the services see it."""
    return Env(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        host=row.host,
        headers=row.headers,
        variables=row.variables,
        databases=row.databases,
        certificates=row.certificates or {},
        created_time=row.created_time,
        updated_time=row.updated_time,
        updated_by=row.updated_by,
        uses=used,
    )
