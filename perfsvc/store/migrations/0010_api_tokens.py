"""API tokens of users: their digests, never their texts."""

from __future__ import annotations

from typing import Any

from perfsvc.store.migrations.statements import create_index
from perfsvc.store.migrations.statements import create_table

TABLE = "api_token"
COLUMNS = """
    `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    `user_id` INT NOT NULL,
    `name` VARCHAR(100) NOT NULL,
    `scope` VARCHAR(10) NOT NULL CHECK (`scope` IN ('read', 'run', 'write')),
    `identifier` VARCHAR(16) NOT NULL UNIQUE,
    `digest` VARCHAR(64) NOT NULL,
    `expires` DATETIME(6) NULL,
    `last_used` DATETIME(6) NULL,
    `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(create_table(TABLE, COLUMNS, db))
    create_index(db, TABLE, "user_id")


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(f"DROP TABLE IF EXISTS `{TABLE}`")
