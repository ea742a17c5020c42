"""Adds the name of the last editor to scenes and plans."""

from __future__ import annotations

from typing import Any

from perfsvc.store.migrations.statements import add_columns
from perfsvc.store.migrations.statements import drop_columns

TABLES = ("test_scene", "performance_test_plan")
COLUMNS = {"updated_by": "VARCHAR(150) NULL"}


def up(migrator: Any, db: Any) -> None:
    for table in TABLES:
        add_columns(db, table, COLUMNS)


def down(migrator: Any, db: Any) -> None:
    for table in TABLES:
        drop_columns(db, table, COLUMNS)
