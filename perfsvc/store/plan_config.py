"""A plan's config and its row: every field has a column of its own."""

from __future__ import annotations

from typing import Any

from perfsvc.model.config import SYNONYMS
from perfsvc.model.config import PlanConfig

COLUMNS = {theirs: ours for ours, theirs in SYNONYMS.items()}
"""Columns that have another name than the field."""


def to_columns(config: PlanConfig, env_id: int) -> dict[str, Any]:
    """The values of the row, by column; ``env_id`` stands in where the config names no environment."""
    document = config.model_dump(mode="json", by_alias=True)
    columns = {COLUMNS.get(name, name): value for name, value in document.items()}
    columns["env"] = columns.pop("env_id") or env_id
    return columns


def from_row(row: Any) -> PlanConfig:
    """The config that was stored, its environment named."""
    columns = {COLUMNS.get(name, name): name for name in PlanConfig.model_fields}
    return PlanConfig.parse({field: getattr(row, column) for column, field in columns.items()}, "config")
