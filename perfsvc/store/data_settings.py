"""Settings of test data in plans and presets that read a data file, a batch at a time: a project may have thousands."""

from __future__ import annotations

from typing import Any

from perfsvc.store.rows import holding
from perfsvc.store.tables import ConfigRow
from perfsvc.store.tables import PlanRow
from perfsvc.store.tables import PresetRow

BATCH = 200
FILE = "datafile_id"


def of_plans(project_id: int, after: int = 0) -> list[tuple[int, Any]]:
    """Return ids and settings of the next plans after an id, in order; an empty list after the last."""
    query: Any = ConfigRow.select(PlanRow.id, ConfigRow.data_config).join(PlanRow)
    reading = query.where(PlanRow.project == project_id, PlanRow.id > after, holding(ConfigRow.data_config, FILE))
    return list(reading.order_by(PlanRow.id).limit(BATCH).tuples())


def of_presets(project_id: int, after: int = 0) -> list[tuple[int, Any]]:
    """Return ids and settings of the next presets after an id, in order; an empty list after the last."""
    query: Any = PresetRow.select(PresetRow.id, PresetRow.config_data)
    reading = query.where(PresetRow.project == project_id, PresetRow.id > after, holding(PresetRow.config_data, FILE))
    rows = reading.order_by(PresetRow.id).limit(BATCH).tuples()
    return [(ident, config.get("data_config")) for ident, config in rows]
