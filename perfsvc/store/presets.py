"""Presets: configs saved under a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perfsvc.model.entities import Page
from perfsvc.model.entities import Preset
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.store.binding import now
from perfsvc.store.database import writes
from perfsvc.store.rows import PRESET
from perfsvc.store.rows import PROJECT
from perfsvc.store.rows import USER
from perfsvc.store.rows import Columns
from perfsvc.store.rows import by_id
from perfsvc.store.rows import in_batches
from perfsvc.store.rows import page_of
from perfsvc.store.rows import require
from perfsvc.store.tables import PresetRow
from perfsvc.store.tables import ProjectRow
from perfsvc.store.tables import UserRow

COLUMNS = Columns(
    searched=(
        PresetRow.name,
        PresetRow.description,
    ),
    orders={"name": PresetRow.name, "created_at": PresetRow.id},
    compared={"mode": PresetRow.config_type},
)


@writes
def create(
    project_id: int,
    creator_id: int,
    name: str,
    config_type: str,
    config_data: dict[str, Any],
    description: str | None = None,
) -> Preset:
    """Raises NotFound for the project or the user, InvalidInput."""
    require(ProjectRow, project_id, PROJECT)
    creator = by_id(UserRow, creator_id, USER).username
    key = PresetRow.add(
        project=project_id,
        creator=creator_id,
        name=name,
        description=description,
        config_type=config_type,
        config_data=config_data,
        updated_by=creator,
    )
    return get(key)


def get(preset_id: int) -> Preset:
    """Raises NotFound."""
    return entity(by_id(PresetRow, preset_id, PRESET))


def page(project_id: int, page: int = 1, page_size: int = 10, selection: Selection = ALL) -> Page[Preset]:
    """A project's presets, the newest first."""
    query = PresetRow.select().where(PresetRow.project == project_id)
    return page_of(query, PresetRow.id.desc(), page, page_size, entities, COLUMNS, selection)


def of_project(project_id: int) -> Iterator[Preset]:
    """All presets of a project, the oldest first, read a batch at a time."""
    return in_batches(PresetRow.select().where(PresetRow.project == project_id), PresetRow.id, entities)


@writes
def update(preset: Preset) -> Preset:
    """Name, description, config and editor; raises NotFound, InvalidInput."""
    require(PresetRow, preset.id, PRESET)
    PresetRow.change(
        PresetRow.id == preset.id,
        name=preset.name,
        description=preset.description,
        config_type=preset.config_type,
        config_data=preset.config_data,
        updated_time=now(),
        updated_by=preset.updated_by,
    )
    return get(preset.id)


@writes
def delete(preset_id: int) -> None:
    """Raises NotFound."""
    require(PresetRow, preset_id, PRESET)
    PresetRow.delete().where(PresetRow.id == preset_id).execute()


def entities(rows: list[Any]) -> list[Preset]:
    return [entity(row) for row in rows]


def entity(row: Any) -> Preset:
    """A row as the services see it."""
    return Preset(
        id=row.id,
        name=row.name,
        description=row.description,
        project_id=row.project_id,
        creator_id=row.creator_id,
        config_type=row.config_type,
        config_data=row.config_data,
        created_time=row.created_time,
        updated_time=row.updated_time,
        updated_by=row.updated_by,
    )
