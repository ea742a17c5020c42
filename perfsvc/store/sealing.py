"""Documents with secrets, some at a time, and their sealed form in their place: neither editor nor time changes."""

from __future__ import annotations

from typing import Any

from perfsvc.model.config import PlanConfig
from perfsvc.store.database import writes
from perfsvc.store.plan_config import from_row
from perfsvc.store.plan_config import to_columns
from perfsvc.store.tables import ConfigRow
from perfsvc.store.tables import PresetRow
from perfsvc.store.tables import SceneRow

Document = dict[str, Any]


def scenes_after(last: int, count: int) -> list[tuple[int, Document]]:
    """Scenes by id, from the one after ``last``."""
    return [(row.id, row.spec) for row in _after(SceneRow, last, count)]


@writes
def replace_scene(scene_id: int, before: Document, after: Document) -> bool:
    """Return whether the scene was still as ``before``, and is now replaced."""
    row = SceneRow.get_or_none(SceneRow.id == scene_id)
    if row is None or row.spec != before:
        return False
    SceneRow.change(SceneRow.id == scene_id, spec=after)
    return True


def configs_after(last: int, count: int) -> list[tuple[int, PlanConfig]]:
    """Configs of plans by id, from the one after ``last``."""
    return [(row.id, from_row(row)) for row in _after(ConfigRow, last, count)]


@writes
def replace_config(config_id: int, before: PlanConfig, after: PlanConfig) -> bool:
    """Return whether the config was still as ``before``, and is now replaced."""
    row = ConfigRow.get_or_none(ConfigRow.id == config_id)
    if row is None or from_row(row) != before:
        return False
    ConfigRow.change(ConfigRow.id == config_id, **to_columns(after, row.env_id))
    return True


def presets_after(last: int, count: int) -> list[tuple[int, Document]]:
    """Configs of presets by id, from the one after ``last``."""
    return [(row.id, row.config_data) for row in _after(PresetRow, last, count)]


@writes
def replace_preset(preset_id: int, before: Document, after: Document) -> bool:
    """Return whether the preset was still as ``before``, and is now replaced."""
    row = PresetRow.get_or_none(PresetRow.id == preset_id)
    if row is None or row.config_data != before:
        return False
    PresetRow.change(PresetRow.id == preset_id, config_data=after)
    return True


def _after(table: Any, last: int, count: int) -> Any:
    return table.select().where(table.id > last).order_by(table.id).limit(count)
