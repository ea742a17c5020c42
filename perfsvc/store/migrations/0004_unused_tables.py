"""Drops the tables for schedules and an audit log, which no version ever wrote."""

from __future__ import annotations

from typing import Any

from perfsvc.store.migrations.statements import create_index
from perfsvc.store.migrations.statements import create_table

TABLES = {
    "schedule": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `plan_id` INT NOT NULL,
        `creator_id` INT NOT NULL,
        `name` VARCHAR(100) NOT NULL,
        `rule` VARCHAR(200) NOT NULL,
        `enabled` INT NOT NULL DEFAULT 1 CHECK (`enabled` IN (0, 1)),
        `next_time` DATETIME(6) NULL,
        `last_time` DATETIME(6) NULL,
        `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        FOREIGN KEY (`plan_id`) REFERENCES `performance_test_plan` (`id`) ON DELETE CASCADE,
        FOREIGN KEY (`creator_id`) REFERENCES `users` (`id`)
    """,
    "audit_log": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `user_id` INT NULL,
        `username` VARCHAR(150) NOT NULL,
        `action` VARCHAR(50) NOT NULL,
        `subject` VARCHAR(50) NOT NULL,
        `subject_id` VARCHAR(50) NOT NULL,
        `detail` JSON NOT NULL DEFAULT ('{}'),
        `address` VARCHAR(45) NOT NULL,
        `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
    """,
}

INDEXES = [
    ("schedule", "plan_id"),
    ("schedule", "creator_id"),
    ("schedule", "next_time"),
    ("audit_log", "user_id"),
    ("audit_log", "created_time"),
]


def up(migrator: Any, db: Any) -> None:
    for name in TABLES:
        db.execute_sql(f"DROP TABLE IF EXISTS `{name}`")


def down(migrator: Any, db: Any) -> None:
    for name, columns in TABLES.items():
        db.execute_sql(create_table(name, columns, db))
    for table, column in INDEXES:
        create_index(db, table, column)
