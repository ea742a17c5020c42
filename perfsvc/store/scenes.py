"""Scenes."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
from typing import Any

from perfsvc.errors import NotFound
from perfsvc.errors import Text
from perfsvc.model.entities import NO_USES
from perfsvc.model.entities import Page
from perfsvc.model.entities import Scene
from perfsvc.model.entities import Uses
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.model.scene import SceneSpec
from perfsvc.store import uses
from perfsvc.store.binding import now
from perfsvc.store.database import writes
from perfsvc.store.rows import PROJECT
from perfsvc.store.rows import SCENE
from perfsvc.store.rows import USER
from perfsvc.store.rows import Columns
from perfsvc.store.rows import by_id
from perfsvc.store.rows import in_batches
from perfsvc.store.rows import page_of
from perfsvc.store.rows import require
from perfsvc.store.tables import ProjectRow
from perfsvc.store.tables import SceneRow
from perfsvc.store.tables import UserRow

COLUMNS = Columns(
    searched=(
        SceneRow.name,
        SceneRow.description,
    ),
    orders={"name": SceneRow.name, "created_at": SceneRow.id, "updated_at": SceneRow.updated_time},
)


@writes
def create(project_id: int, creator_id: int, spec: SceneSpec, description: str | None = None) -> Scene:
    """Raises NotFound for the project or the user, InvalidInput."""
    require(ProjectRow, project_id, PROJECT)
    creator = by_id(UserRow, creator_id, USER).username
    key = SceneRow.add(
        project=project_id,
        creator=creator_id,
        name=spec.name,
        description=description,
        spec=document_of(spec),
        updated_by=creator,
    )
    return get(key)


def get(scene_id: int) -> Scene:
    """Raises NotFound."""
    return entities([by_id(SceneRow, scene_id, SCENE)])[0]


def of_ids(scene_ids: Collection[int]) -> dict[int, Scene]:
    """Several scenes by id, in one query; raises NotFound when one is missing."""
    scenes = {row.id: entity(row) for row in SceneRow.select().where(SceneRow.id.in_(list(scene_ids)))}
    if set(scene_ids) - scenes.keys():
        raise NotFound(*SCENE)
    return scenes


def named(project_id: int, name: str) -> list[SceneSpec]:
    """The scenes of a project that have a name."""
    query = SceneRow.select().where((SceneRow.project == project_id) & (SceneRow.name == name))
    return [entity(row).spec for row in query]


def page(project_id: int, page: int = 1, page_size: int = 10, selection: Selection = ALL) -> Page[Scene]:
    """A project's scenes, the newest first."""
    query = SceneRow.select().where(SceneRow.project == project_id)
    return page_of(query, SceneRow.id.desc(), page, page_size, entities, COLUMNS, selection)


def of_project(project_id: int) -> Iterator[Scene]:
    """All scenes of a project, the oldest first, read a batch at a time."""
    return in_batches(SceneRow.select().where(SceneRow.project == project_id), SceneRow.id, entities)


@writes
def update(scene: Scene) -> Scene:
    """Spec and description; raises NotFound, InvalidInput."""
    require(SceneRow, scene.id, SCENE)
    SceneRow.change(
        SceneRow.id == scene.id,
        name=scene.spec.name,
        description=scene.description,
        spec=document_of(scene.spec),
        updated_time=now(),
        updated_by=scene.updated_by,
    )
    return get(scene.id)


@writes
def delete(scene_id: int) -> None:
    """Raises NotFound, Conflict while a plan uses it."""
    require(SceneRow, scene_id, SCENE)
    uses.refuse_used(uses.of_scenes([scene_id]).get(scene_id, NO_USES), Text("业务流", "the scene"))
    SceneRow.delete().where(SceneRow.id == scene_id).execute()


def document_of(spec: SceneSpec) -> dict[str, Any]:
    """A spec as the document that it is read from again."""
    return spec.model_dump(mode="json", by_alias=True, exclude_unset=True)


def entities(rows: list[Any]) -> list[Scene]:
    used = uses.of_scenes([row.id for row in rows])
    return [entity(row, used.get(row.id, NO_USES)) for row in rows]


def entity(row: Any, used: Uses = NO_USES) -> Scene:
    """A row as the services see it."""
    return Scene(
        id=row.id,
        project_id=row.project_id,
        creator_id=row.creator_id,
        description=row.description,
        spec=SceneSpec.parse(row.spec),
        created_time=row.created_time,
        updated_time=row.updated_time,
        updated_by=row.updated_by,
        uses=used,
    )
