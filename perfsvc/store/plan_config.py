"""A plan's config and its row: every field has a column of its own.

Columns of durations are whole seconds. ``exact_durations`` keeps what columns cannot hold: fractions, which are rounded
up there; null for a time that the plan leaves open, which for some test modes is not the same as the default; and a
number of nodes that is found out at the start.
"""

from __future__ import annotations

import math
from typing import Any

from perfsvc.model.config import SYNONYMS
from perfsvc.model.config import PlanConfig

COLUMNS = {theirs: ours for ours, theirs in SYNONYMS.items()}
"""Columns that have another name than the field."""
OPEN = ("hold_time", "ramp_up_time")
"""Fields that a plan may leave to its test mode."""
AUTO = "auto"
DURATIONS = ("duration", "ramp_up", "step_time")


def to_columns(config: PlanConfig, env_id: int) -> dict[str, Any]:
    """The values of the row, by column; ``env_id`` stands in where the config names no environment."""
    document = config.model_dump(mode="json", by_alias=True)
    columns = {COLUMNS.get(name, name): value for name, value in document.items()}
    columns["env"] = columns.pop("env_id") or env_id
    exact = {name: columns[name] for name in DURATIONS if isinstance(columns[name], float)}
    open_times = {COLUMNS[field]: None for field in OPEN if field not in config.model_fields_set}
    rounded = {name: math.ceil(value) for name, value in exact.items()}
    if columns["node_count"] == AUTO:
        exact["node_count"], rounded["node_count"] = AUTO, 1
    return {**columns, **rounded, "exact_durations": {**exact, **open_times} or None}


def from_row(row: Any) -> PlanConfig:
    """The config that was stored, its environment named."""
    columns = {COLUMNS.get(name, name): name for name in PlanConfig.model_fields}
    exact = row.exact_durations or {}
    stored = {field: exact.get(column, getattr(row, column)) for column, field in columns.items()}
    for field in OPEN:
        if stored[field] is None:
            del stored[field]
    return PlanConfig.parse(stored, "config")
