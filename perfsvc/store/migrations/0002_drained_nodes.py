"""Drained nodes by name, kept across restarts of the server."""

from __future__ import annotations

from typing import Any

from perfsvc.store.migrations.statements import create_table

COLUMNS = """
    `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    `name` VARCHAR(64) NOT NULL UNIQUE,
    `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(create_table("drained_node", COLUMNS, db))


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("DROP TABLE IF EXISTS `drained_node`")
