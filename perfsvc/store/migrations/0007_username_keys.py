"""Names of users are unique however they are written: capitals, full-width letters and the like make no difference."""

from __future__ import annotations

from typing import Any

from peewee import SqliteDatabase

from perfsvc.errors import MigrationError
from perfsvc.model.usernames import username_key
from perfsvc.store.migrations.statements import add_columns
from perfsvc.store.migrations.statements import drop_columns

COLUMNS = {"username_key": "VARCHAR(600) NULL"}
INDEX = "users_username_key"


def up(migrator: Any, db: Any) -> None:
    add_columns(db, "users", COLUMNS)
    keys: dict[str, str] = {}
    for user_id, name in db.execute_sql("SELECT `id`, `username` FROM `users` ORDER BY `id`").fetchall():
        key = username_key(name)
        if key in keys:
            raise MigrationError(
                f"用户名 {keys[key]} 与 {name} 仅写法不同，请先用旧版本修改其中一个",
                f"the user names {keys[key]} and {name} differ in spelling only; change one with the version before",
            )
        keys[key] = name
        db.execute_sql(f"UPDATE `users` SET `username_key` = {db.param} WHERE `id` = {db.param}", (key, user_id))  # noqa: S608
    if INDEX not in {index.name for index in db.get_indexes("users")}:
        db.execute_sql(f"CREATE UNIQUE INDEX `{INDEX}` ON `users` (`username_key`)")


def down(migrator: Any, db: Any) -> None:
    if INDEX in {index.name for index in db.get_indexes("users")}:
        on = "" if isinstance(db, SqliteDatabase) else " ON `users`"
        db.execute_sql(f"DROP INDEX `{INDEX}`{on}")
    drop_columns(db, "users", COLUMNS)
