"""Adds the time of the last change and the name of its author to members, environments, presets and data files."""

from __future__ import annotations

from typing import Any

from perfsvc.store.migrations.statements import add_columns
from perfsvc.store.migrations.statements import drop_columns

CHANGE = {"updated_time": "DATETIME(6) NULL", "updated_by": "VARCHAR(150) NULL"}
COLUMNS = {
    "project_member": {"created_time": "DATETIME(6) NULL", **CHANGE},
    "test_env": CHANGE,
    "performance_preset": CHANGE,
    "data_file": CHANGE,
}
FILLED = (
    "UPDATE `test_env` SET `updated_time` = `created_time` WHERE `updated_time` IS NULL",
    *(
        f"UPDATE `{table}` SET `updated_time` = `created_time`, `updated_by` ="  # noqa: S608 - names of our own tables
        f" (SELECT `username` FROM `users` WHERE `users`.`id` = `{table}`.`creator_id`) WHERE `updated_time` IS NULL"
        for table in ("performance_preset", "data_file")
    ),
)
"""The creator is the author of what there is; environments and members do not keep theirs."""


def up(migrator: Any, db: Any) -> None:
    for table, columns in COLUMNS.items():
        add_columns(db, table, columns)
    for statement in FILLED:
        db.execute_sql(statement)


def down(migrator: Any, db: Any) -> None:
    for table, columns in COLUMNS.items():
        drop_columns(db, table, columns)
