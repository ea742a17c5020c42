"""Migrations: numbered files beside this one, applied in order and recorded by name."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peewee import PeeweeException
from playhouse.migrations import Runner

from perfsvc.errors import MigrationError

DIRECTORY = Path(__file__).parent
HISTORY = "schema_migration"

log = logging.getLogger(__name__)
# One line for all steps is enough; what fails is raised.
logging.getLogger("peewee.migrations").setLevel(logging.WARNING)


def runner(database: Any) -> Any:
    """Peewee's runner over our files: ``up()``, ``down(name)``, ``status()``."""
    return Runner(database, str(DIRECTORY), HISTORY)


def migrate(database: Any, columns: Mapping[str, frozenset[str]]) -> list[str]:
    """Apply missing migrations, log from which version to which, and return their names.

    Raises MigrationError when a step fails, when the database is newer than this version, or when a table was there
    before and lacks one of our ``columns`` (by table).
    """
    steps = runner(database)
    try:
        refuse_newer(steps)
        known = steps.status()
        before = max((step.name for step in known if step.applied), default="0")
        applied = [name for step in known if not step.applied for name in applied_to(steps, step.name)]
        if applied:
            log.info(
                "database migrated from version %d to %d: %d steps", number(before), number(applied[-1]), len(applied)
            )
        refuse_foreign(database, columns)
    except PeeweeException as error:
        raise MigrationError(f"数据库升级失败：{error}", f"the database could not be migrated: {error}") from error
    return applied


def applied_to(steps: Any, name: str) -> list[str]:
    """Apply what is missing up to a migration. Raises MigrationError, which names it."""
    try:
        applied: list[str] = steps.up(name)
    except PeeweeException as error:
        zh = f"数据库升级失败（{name}）：{error}"
        raise MigrationError(zh, f"the database could not be migrated ({name}): {error}") from error
    return applied


def number(name: str) -> int:
    """The number that the name of a migration begins with, as in ``0012_who_changed_what``."""
    return int(name.partition("_")[0])


def refuse_newer(steps: Any) -> None:
    """Raises MigrationError when a later version has migrated the database."""
    unknown = sorted(step.name for step in steps.status() if step.path is None)
    if unknown:
        listed = ", ".join(unknown)
        raise MigrationError(
            f"数据库比当前程序版本新，未知的升级步骤：{listed}。请升级程序",
            f"the database is newer than this version of perfsvc; unknown migrations: {listed}. Upgrade perfsvc",
        )


def refuse_foreign(database: Any, columns: Mapping[str, frozenset[str]]) -> None:
    """Raises MigrationError when a table lacks a column: it belongs to another program or was altered by hand."""
    for table, expected in columns.items():
        missing = sorted(expected - {column.name for column in database.get_columns(table)})
        if missing:
            listed = ", ".join(missing)
            raise MigrationError(f"数据表 {table} 缺少字段：{listed}", f"table {table} lacks the columns {listed}")
