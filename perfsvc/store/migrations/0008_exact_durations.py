"""Durations of a plan that are no whole seconds: the documented columns have whole ones."""

from __future__ import annotations

from typing import Any

from perfsvc.store.migrations.statements import add_columns
from perfsvc.store.migrations.statements import drop_columns

TABLE = "performance_config"
COLUMNS = {"exact_durations": "JSON NULL"}


def up(migrator: Any, db: Any) -> None:
    add_columns(db, TABLE, COLUMNS)


def down(migrator: Any, db: Any) -> None:
    drop_columns(db, TABLE, COLUMNS)
