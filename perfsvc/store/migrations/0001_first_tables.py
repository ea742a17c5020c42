"""The first tables.

Every statement can be repeated: MySQL ends the transaction at each CREATE TABLE, so a crash may leave the first few.
"""

from __future__ import annotations

from typing import Any

from perfsvc.store.migrations.statements import create_index
from perfsvc.store.migrations.statements import create_table

TABLES = {
    "users": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `username` VARCHAR(150) NOT NULL UNIQUE,
        `email` VARCHAR(254) NOT NULL,
        `password` VARCHAR(255) NOT NULL,
        `is_active` INT NULL DEFAULT 0 CHECK (`is_active` IN (0, 1)),
        `administrator` INT NOT NULL DEFAULT 0 CHECK (`administrator` IN (0, 1)),
        `created_time` TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6),
        `updated_time` TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6)
    """,
    "refresh_token": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `jti` VARCHAR(64) NOT NULL UNIQUE,
        `user_id` INT NOT NULL,
        `expires` DATETIME(6) NOT NULL,
        `revoked` INT NOT NULL DEFAULT 0 CHECK (`revoked` IN (0, 1)),
        `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
    """,
    "test_project": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `name` VARCHAR(100) NOT NULL,
        `leader` VARCHAR(150) NOT NULL,
        `create_time` TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6)
    """,
    "project_member": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `project_id` INT NOT NULL,
        `user_id` INT NOT NULL,
        `role` VARCHAR(20) NOT NULL CHECK (`role` IN ('viewer', 'editor', 'owner')),
        UNIQUE (`project_id`, `user_id`),
        FOREIGN KEY (`project_id`) REFERENCES `test_project` (`id`) ON DELETE CASCADE,
        FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
    """,
    "test_env": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `project_id` INT NOT NULL,
        `name` VARCHAR(100) NOT NULL,
        `host` VARCHAR(2000) NOT NULL DEFAULT '',
        `headers` JSON NOT NULL DEFAULT ('{}'),
        `variables` JSON NOT NULL DEFAULT ('{}'),
        `databases` JSON NOT NULL DEFAULT ('{}'),
        `is_default` INT NOT NULL DEFAULT 0 CHECK (`is_default` IN (0, 1)),
        `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        FOREIGN KEY (`project_id`) REFERENCES `test_project` (`id`) ON DELETE CASCADE
    """,
    "test_scene": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `project_id` INT NOT NULL,
        `creator_id` INT NOT NULL,
        `name` VARCHAR(100) NOT NULL,
        `description` TEXT NULL,
        `spec` JSON NOT NULL,
        `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        `updated_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        FOREIGN KEY (`project_id`) REFERENCES `test_project` (`id`) ON DELETE CASCADE,
        FOREIGN KEY (`creator_id`) REFERENCES `users` (`id`)
    """,
    "data_file": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `project_id` INT NOT NULL,
        `creator_id` INT NOT NULL,
        `name` VARCHAR(255) NOT NULL,
        `stored_name` VARCHAR(100) NOT NULL UNIQUE,
        `size` BIGINT NOT NULL,
        `digest` VARCHAR(64) NOT NULL,
        `column_names` JSON NOT NULL DEFAULT ('[]'),
        `row_count` BIGINT NULL,
        `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        FOREIGN KEY (`project_id`) REFERENCES `test_project` (`id`) ON DELETE CASCADE,
        FOREIGN KEY (`creator_id`) REFERENCES `users` (`id`)
    """,
    "performance_test_plan": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `name` VARCHAR(100) NOT NULL,
        `description` TEXT NULL,
        `project_id` INT NOT NULL,
        `creator_id` INT NOT NULL,
        `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        `updated_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        `status` VARCHAR(20) NOT NULL DEFAULT 'pending'
            CHECK (`status` IN ('pending', 'running', 'completed', 'failed')),
        FOREIGN KEY (`project_id`) REFERENCES `test_project` (`id`) ON DELETE CASCADE,
        FOREIGN KEY (`creator_id`) REFERENCES `users` (`id`)
    """,
    "performance_test_plan_scenes": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `plan_id` INT NOT NULL,
        `scene_id` INT NOT NULL,
        `weight` INT NOT NULL DEFAULT 1 CHECK (`weight` >= 1),
        `position` INT NOT NULL DEFAULT 0,
        UNIQUE (`plan_id`, `scene_id`),
        FOREIGN KEY (`plan_id`) REFERENCES `performance_test_plan` (`id`) ON DELETE CASCADE,
        FOREIGN KEY (`scene_id`) REFERENCES `test_scene` (`id`)
    """,
    "performance_config": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `plan_id` INT NOT NULL UNIQUE,
        `control_mode` VARCHAR(20) NOT NULL DEFAULT 'single'
            CHECK (`control_mode` IN ('single', 'central', 'distributed')),
        `test_mode` VARCHAR(20) NOT NULL DEFAULT 'concurrent'
            CHECK (`test_mode` IN ('concurrent', 'step', 'error_rate', 'adaptive')),
        `vus` INT NOT NULL,
        `duration` INT NOT NULL,
        `ramp_up` INT NOT NULL DEFAULT 0,
        `step_users` INT NULL,
        `step_time` INT NULL,
        `error_threshold` DOUBLE NULL,
        `adaptive_target` JSON NULL,
        `env_id` INT NOT NULL,
        `protocol` VARCHAR(20) NOT NULL DEFAULT 'http',
        `data_source_type` VARCHAR(20) NOT NULL DEFAULT 'none',
        `data_config` JSON NULL DEFAULT ('{}'),
        `data_cache_ttl` INT NOT NULL DEFAULT 3600,
        `node_count` INT NOT NULL DEFAULT 1,
        `node_distribution` JSON NULL DEFAULT ('{}'),
        `load_balance_strategy` VARCHAR(20) NOT NULL DEFAULT 'round_robin'
            CHECK (`load_balance_strategy` IN ('round_robin', 'weight', 'dynamic')),
        `execution_config` JSON NOT NULL DEFAULT ('{}'),
        `target_url` VARCHAR(2000) NULL,
        `request_timeout` INT NOT NULL DEFAULT 30000,
        `test_type` VARCHAR(20) NOT NULL DEFAULT 'load'
            CHECK (`test_type` IN ('smoke', 'load', 'stress', 'spike', 'soak')),
        FOREIGN KEY (`plan_id`) REFERENCES `performance_test_plan` (`id`) ON DELETE CASCADE,
        FOREIGN KEY (`env_id`) REFERENCES `test_env` (`id`)
    """,
    "performance_preset": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `name` VARCHAR(100) NOT NULL,
        `description` TEXT NULL,
        `project_id` INT NOT NULL,
        `creator_id` INT NOT NULL,
        `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        `config_type` VARCHAR(20) NOT NULL
            CHECK (`config_type` IN ('concurrent', 'step', 'error_rate', 'adaptive')),
        `config_data` JSON NOT NULL,
        FOREIGN KEY (`project_id`) REFERENCES `test_project` (`id`) ON DELETE CASCADE,
        FOREIGN KEY (`creator_id`) REFERENCES `users` (`id`)
    """,
    "performance_execution": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `execution_id` VARCHAR(50) NOT NULL UNIQUE,
        `plan_id` INT NOT NULL,
        `starter_id` INT NOT NULL,
        `state` VARCHAR(20) NOT NULL DEFAULT 'created'
            CHECK (`state` IN
                ('created', 'starting', 'running', 'paused', 'stopping', 'completed', 'stopped', 'failed')),
        `spec` JSON NOT NULL,
        `start_time` DATETIME(6) NOT NULL,
        `end_time` DATETIME(6) NULL,
        `reason` JSON NULL,
        FOREIGN KEY (`plan_id`) REFERENCES `performance_test_plan` (`id`) ON DELETE CASCADE,
        FOREIGN KEY (`starter_id`) REFERENCES `users` (`id`)
    """,
    "performance_metrics": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `plan_id` INT NOT NULL,
        `timestamp` BIGINT NOT NULL,
        `metrics_data` JSON NOT NULL,
        `shard_key` VARCHAR(50) NOT NULL,
        `aggregation_period` VARCHAR(20) NULL DEFAULT NULL,
        `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        `seq` BIGINT NOT NULL DEFAULT 0,
        UNIQUE (`shard_key`, `aggregation_period`, `seq`),
        FOREIGN KEY (`plan_id`) REFERENCES `performance_test_plan` (`id`) ON DELETE CASCADE
    """,
    "performance_error": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `plan_id` INT NOT NULL,
        `timestamp` BIGINT NOT NULL,
        `error_data` JSON NOT NULL,
        `count` INT NOT NULL DEFAULT 1 CHECK (`count` >= 1),
        `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        `execution_id` VARCHAR(50) NOT NULL,
        `fingerprint` VARCHAR(32) NOT NULL,
        UNIQUE (`execution_id`, `fingerprint`),
        FOREIGN KEY (`plan_id`) REFERENCES `performance_test_plan` (`id`) ON DELETE CASCADE
    """,
    "performance_report": """
        `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        `plan_id` INT NOT NULL,
        `summary` JSON NOT NULL,
        `performance_score` DOUBLE NULL,
        `created_time` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        `execution_id` VARCHAR(50) NOT NULL UNIQUE,
        `status` VARCHAR(20) NOT NULL CHECK (`status` IN ('completed', 'stopped', 'failed')),
        `start_time` DATETIME(6) NOT NULL,
        `end_time` DATETIME(6) NOT NULL,
        `body` JSON NOT NULL,
        FOREIGN KEY (`plan_id`) REFERENCES `performance_test_plan` (`id`) ON DELETE CASCADE
    """,
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
    ("refresh_token", "user_id"),
    ("refresh_token", "expires"),
    ("project_member", "user_id"),
    ("test_env", "project_id"),
    ("test_scene", "project_id"),
    ("test_scene", "creator_id"),
    ("data_file", "project_id"),
    ("data_file", "creator_id"),
    ("performance_test_plan", "project_id"),
    ("performance_test_plan", "creator_id"),
    ("performance_test_plan_scenes", "scene_id"),
    ("performance_config", "env_id"),
    ("performance_preset", "project_id"),
    ("performance_preset", "creator_id"),
    ("performance_execution", "plan_id"),
    ("performance_execution", "starter_id"),
    ("performance_execution", "state"),
    ("performance_metrics", "plan_id"),
    ("performance_error", "plan_id"),
    ("performance_report", "plan_id"),
    ("schedule", "plan_id"),
    ("schedule", "creator_id"),
    ("schedule", "next_time"),
    ("audit_log", "user_id"),
    ("audit_log", "created_time"),
]
"""One column each. MySQL creates an index for every foreign key and drops it again for ours."""


def up(migrator: Any, db: Any) -> None:
    for name, columns in TABLES.items():
        db.execute_sql(create_table(name, columns, db))
    for table, column in INDEXES:
        create_index(db, table, column)


def down(migrator: Any, db: Any) -> None:
    for name in reversed(TABLES):
        db.execute_sql(f"DROP TABLE IF EXISTS `{name}`")
