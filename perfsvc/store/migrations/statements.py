"""The statements of migrations: written for MySQL and MariaDB, and turned into SQLite's words where they differ."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from peewee import SqliteDatabase

# Texts compare as in SQLite: by code points, capitals and trailing spaces included.
COLLATIONS = {"mariadb": "utf8mb4_nopad_bin", "mysql": "utf8mb4_0900_bin"}

IN_SQLITE = [
    (r"INT NOT NULL AUTO_INCREMENT PRIMARY KEY", "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"),
    (r"(`\w+`) VARCHAR\((\d+)\)", r"\1 VARCHAR(\2) CHECK (length(\1) <= \2)"),
    (r"(`\w+`) JSON", r"\1 TEXT CHECK (\1 IS NULL OR json_valid(\1))"),
    (r"LONGBLOB", "BLOB"),
    (r"CURRENT_TIMESTAMP\(6\)", "CURRENT_TIMESTAMP"),
]


def create_table(name: str, columns: str, db: Any) -> str:
    """The statement for one table in the words of the database."""
    if not isinstance(db, SqliteDatabase):
        collation = COLLATIONS["mariadb" if db.mariadb else "mysql"]
        return (
            f"CREATE TABLE IF NOT EXISTS `{name}` ({columns}) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE {collation}"
        )
    return f"CREATE TABLE IF NOT EXISTS `{name}` ({in_words_of(db, columns)})"


def create_index(db: Any, table: str, column: str) -> None:
    """Create the index on one column unless it is there."""
    name = f"{table}_{column}"
    if name not in {index.name for index in db.get_indexes(table)}:
        db.execute_sql(f"CREATE INDEX `{name}` ON `{table}` (`{column}`)")


def in_words_of(db: Any, columns: str) -> str:
    """Definitions of columns in the words of the database."""
    if isinstance(db, SqliteDatabase):
        for pattern, replacement in IN_SQLITE:
            columns = re.sub(pattern, replacement, columns)
    return columns


def add_columns(db: Any, table: str, columns: dict[str, str]) -> None:
    """Add the columns that are not there yet: MySQL keeps those that a migration added before it failed."""
    present = {column.name for column in db.get_columns(table)}
    for name, definition in columns.items():
        if name not in present:
            db.execute_sql(f"ALTER TABLE `{table}` ADD COLUMN {in_words_of(db, f'`{name}` {definition}')}")


def drop_columns(db: Any, table: str, columns: Iterable[str]) -> None:
    """Drop the columns that are still there."""
    present = {column.name for column in db.get_columns(table)}
    for name in columns:
        if name in present:
            db.execute_sql(f"ALTER TABLE `{table}` DROP COLUMN `{name}`")


def documents(db: Any, table: str, column: str) -> Iterator[tuple[int, str]]:
    """The documents of a column one by one: a report of a long run is large."""
    keys = [key for (key,) in db.execute_sql(f"SELECT `id` FROM `{table}`").fetchall()]  # noqa: S608
    for key in keys:
        statement = f"SELECT `{column}` FROM `{table}` WHERE `id` = {db.param}"  # noqa: S608
        yield key, db.execute_sql(statement, (key,)).fetchone()[0]
