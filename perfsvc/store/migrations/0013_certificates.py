"""Adds certificates to environments."""

from __future__ import annotations

from typing import Any

from perfsvc.store.migrations.statements import add_columns
from perfsvc.store.migrations.statements import drop_columns

COLUMNS = {"certificates": "JSON NULL"}


def up(migrator: Any, db: Any) -> None:
    add_columns(db, "test_env", COLUMNS)


def down(migrator: Any, db: Any) -> None:
    drop_columns(db, "test_env", COLUMNS)
