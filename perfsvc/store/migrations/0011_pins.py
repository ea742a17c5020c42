"""Pins: notes at a moment or a time of a run."""

from __future__ import annotations

from typing import Any

from perfsvc.store.migrations.statements import create_index
from perfsvc.store.migrations.statements import create_table

TABLE = "performance_pin"
COLUMNS = """
    `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    `execution_id` INT NOT NULL,
    `creator_id` INT NOT NULL,
    `begins` DOUBLE NOT NULL,
    `ends` DOUBLE NULL,
    `text` VARCHAR(500) NOT NULL,
    `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    FOREIGN KEY (`execution_id`) REFERENCES `performance_execution` (`id`) ON DELETE CASCADE,
    FOREIGN KEY (`creator_id`) REFERENCES `users` (`id`)
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(create_table(TABLE, COLUMNS, db))
    for column in ("execution_id", "creator_id"):
        create_index(db, TABLE, column)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(f"DROP TABLE IF EXISTS `{TABLE}`")
