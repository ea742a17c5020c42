"""The statements of migrations: written for MySQL and MariaDB, and turned into SQLite's words where they differ."""

from __future__ import annotations

import re
from typing import Any

from peewee import SqliteDatabase

# Texts compare as in SQLite: by code points, capitals and trailing spaces included.
COLLATIONS = {"mariadb": "utf8mb4_nopad_bin", "mysql": "utf8mb4_0900_bin"}

IN_SQLITE = [
    (r"INT NOT NULL AUTO_INCREMENT PRIMARY KEY", "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"),
    (r"(`\w+`) VARCHAR\((\d+)\)", r"\1 VARCHAR(\2) CHECK (length(\1) <= \2)"),
    (r"(`\w+`) JSON", r"\1 TEXT CHECK (\1 IS NULL OR json_valid(\1))"),
    (r"CURRENT_TIMESTAMP\(6\)", "CURRENT_TIMESTAMP"),
]


def create_table(name: str, columns: str, db: Any) -> str:
    """The statement for one table in the words of the database."""
    if not isinstance(db, SqliteDatabase):
        collation = COLLATIONS["mariadb" if db.mariadb else "mysql"]
        return (
            f"CREATE TABLE IF NOT EXISTS `{name}` ({columns}) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE {collation}"
        )
    for pattern, replacement in IN_SQLITE:
        columns = re.sub(pattern, replacement, columns)
    return f"CREATE TABLE IF NOT EXISTS `{name}` ({columns})"
