"""The tables as documented, in the database itself: columns, nullability, defaults, allowed values, references."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from peewee import SqliteDatabase

from perfsvc.errors import Conflict
from perfsvc.errors import InvalidInput
from perfsvc.errors import MigrationError
from perfsvc.model.entities import ErrorRecord
from perfsvc.model.entities import TokenScope
from perfsvc.model.execution import Execution
from perfsvc.model.run import RunState
from perfsvc.store import api_tokens
from perfsvc.store import errors_seen
from perfsvc.store import executions
from perfsvc.store import pins
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store import reports
from perfsvc.store import users
from perfsvc.store import windows
from perfsvc.store.binding import DATABASE
from perfsvc.store.database import Store
from perfsvc.store.database import writes
from perfsvc.store.migrations import HISTORY
from perfsvc.store.migrations import migrate
from perfsvc.store.migrations import runner
from perfsvc.store.tables import TABLES
from perfsvc.store.tables import Table
from perfsvc.store.tables import UserRow
from tests.store.conftest import FakeClock
from tests.store.conftest import MakeSnapshot
from tests.store.conftest import MakeStore
from tests.store.conftest import World

TIME = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
CLOCK = object()
"""Stands for a default that is the time of the insert."""

DOCUMENTED: dict[str, dict[str, tuple[str, bool, Any]]] = {
    "performance_test_plan": {
        "id": ("int", False, None),
        "name": ("varchar(100)", False, None),
        "description": ("text", True, None),
        "project_id": ("int", False, None),
        "creator_id": ("int", False, None),
        "created_time": ("datetime", False, CLOCK),
        "updated_time": ("datetime", False, CLOCK),
        "status": ("varchar(20)", False, "pending"),
    },
    "performance_config": {
        "id": ("int", False, None),
        "plan_id": ("int", False, None),
        "control_mode": ("varchar(20)", False, "single"),
        "test_mode": ("varchar(20)", False, "concurrent"),
        "vus": ("int", False, None),
        "duration": ("int", False, None),
        "ramp_up": ("int", False, "0"),
        "step_users": ("int", True, None),
        "step_time": ("int", True, None),
        "error_threshold": ("double", True, None),
        "adaptive_target": ("json", True, None),
        "env_id": ("int", False, None),
        "protocol": ("varchar(20)", False, "http"),
        "data_source_type": ("varchar(20)", False, "none"),
        "data_config": ("json", True, "{}"),
        "data_cache_ttl": ("int", False, "3600"),
        "node_count": ("int", False, "1"),
        "node_distribution": ("json", True, "{}"),
        "load_balance_strategy": ("varchar(20)", False, "round_robin"),
        "execution_config": ("json", False, "{}"),
    },
    "performance_metrics": {
        "id": ("int", False, None),
        "plan_id": ("int", False, None),
        "timestamp": ("bigint", False, None),
        "metrics_data": ("json", False, None),
        "shard_key": ("varchar(50)", False, None),
        "aggregation_period": ("varchar(20)", True, None),
        "created_time": ("datetime", False, CLOCK),
    },
    "performance_error": {
        "id": ("int", False, None),
        "plan_id": ("int", False, None),
        "timestamp": ("bigint", False, None),
        "error_data": ("json", False, None),
        "count": ("int", False, "1"),
        "created_time": ("datetime", False, CLOCK),
    },
    "performance_preset": {
        "id": ("int", False, None),
        "name": ("varchar(100)", False, None),
        "description": ("text", True, None),
        "project_id": ("int", False, None),
        "creator_id": ("int", False, None),
        "created_time": ("datetime", False, CLOCK),
        "config_type": ("varchar(20)", False, None),
        "config_data": ("json", False, None),
    },
    "performance_report": {
        "id": ("int", False, None),
        "plan_id": ("int", False, None),
        "summary": ("json", False, None),
        "performance_score": ("double", True, None),
        "created_time": ("datetime", False, CLOCK),
    },
    "users": {
        "id": ("int", False, None),
        "username": ("varchar(150)", False, None),
        "email": ("varchar(254)", False, None),
        "password": ("varchar(255)", False, None),
        "is_active": ("int", True, "0"),
        "created_time": ("timestamp", True, CLOCK),
        "updated_time": ("timestamp", True, CLOCK),
    },
    "test_project": {
        "id": ("int", False, None),
        "name": ("varchar(100)", False, None),
        "leader": ("varchar(150)", False, None),
        "create_time": ("timestamp", True, CLOCK),
    },
    "test_env": {
        "id": ("int", False, None),
        "project_id": ("int", False, None),
        "name": ("varchar(100)", False, None),
        "host": ("varchar(2000)", False, ""),
        "headers": ("json", False, "{}"),
        "variables": ("json", False, "{}"),
        "databases": ("json", False, "{}"),
        "created_time": ("datetime", False, CLOCK),
    },
}

# What each database calls a type of the documents.
TYPES = {
    "int": {"int(11)", "integer", "int"},
    "bigint": {"bigint(20)", "bigint"},
    "double": {"double"},
    "text": {"text"},
    "json": {"longtext", "json", "text"},
    "datetime": {"datetime(6)"},
    "timestamp": {"timestamp(6)"},
}


def columns_of(table: str) -> dict[str, tuple[str, bool, Any]]:
    """Every column's type as the database has it, whether it may be null, and its default."""
    shown = {column.name: column for column in DATABASE.get_columns(table)}
    return {name: (type_of(table, name, column), column.null, default_of(column)) for name, column in shown.items()}


def type_of(table: str, name: str, column: Any) -> str:
    if isinstance(DATABASE.obj, SqliteDatabase):
        rows = DATABASE.execute_sql(f"PRAGMA table_info({table})").fetchall()
        return next(str(row[2]) for row in rows if row[1] == name).lower()
    return str(column.full_type).lower()


def default_of(column: Any) -> Any:
    if column.primary_key or column.default is None:
        return None
    text = str(column.default)
    if "current_timestamp" in text.lower():
        return CLOCK
    return None if text == "NULL" else text.strip("()").strip("'")


@writes
def execute(sql: str) -> None:
    DATABASE.execute_sql(sql)


def count(table: str) -> int:
    return int(DATABASE.execute_sql(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


@pytest.mark.asyncio
@pytest.mark.parametrize("table", sorted(DOCUMENTED))
async def test_every_documented_column(store: Store, table: str) -> None:
    found = await store.run(columns_of, table)
    for name, (kind, null, default) in DOCUMENTED[table].items():
        assert found[name][0] in TYPES.get(kind, {kind}), name
        assert found[name][1:] == (null, default), name


@pytest.mark.asyncio
async def test_the_tables_and_the_database_have_the_same_columns(store: Store) -> None:
    def shapes() -> dict[str, frozenset[str]]:
        own = set(DATABASE.get_tables()) - {HISTORY, "sqlite_sequence"}
        return {name: frozenset(column.name for column in DATABASE.get_columns(name)) for name in own}

    assert await store.run(shapes) == dict(table.shape() for table in TABLES)


@pytest.mark.asyncio
async def test_python_and_the_database_agree_on_what_may_be_null(store: Store) -> None:
    def differences() -> list[str]:
        return [
            f"{table.shape()[0]}.{column.name}"
            for table in TABLES
            for column in DATABASE.get_columns(table.shape()[0])
            if column.null != table._meta.columns[column.name].null
        ]

    assert await store.run(differences) == []


CHOICES = [
    (table, field.column_name, value)
    for table in TABLES
    for field in table._meta.sorted_fields
    for value in getattr(field, "allowed", ())
]


@pytest.mark.asyncio
async def test_the_database_takes_every_allowed_value_and_no_other(store: Store, world: World) -> None:
    await fill(store, world)
    for table, column, value in CHOICES:
        name = table.shape()[0]
        await store.run(execute, f"UPDATE {name} SET `{column}` = '{value}'")
        with pytest.raises(Conflict):
            await store.run(execute, f"UPDATE {name} SET `{column}` = 'x{value}'")
    assert {(table.shape()[0], column) for table, column, _ in CHOICES} == {
        ("api_token", "scope"),
        ("project_member", "role"),
        ("performance_test_plan", "status"),
        ("performance_config", "control_mode"),
        ("performance_config", "test_mode"),
        ("performance_config", "load_balance_strategy"),
        ("performance_config", "test_type"),
        ("performance_preset", "config_type"),
        ("performance_execution", "state"),
        ("performance_report", "status"),
    }


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "assignment",
    [
        "users SET is_active = 2",
        "users SET administrator = 2",
        "users SET username = NULL",
        f"users SET username = '{'x' * 151}'",
        "test_env SET headers = 'not JSON'",
        "performance_config SET execution_config = NULL",
        "performance_config SET env_id = 99",
    ],
)
async def test_the_database_refuses(store: Store, world: World, assignment: str) -> None:
    with pytest.raises(Conflict):
        await store.run(execute, f"UPDATE {assignment}")


@writes
def add_user(**values: Any) -> int:
    return UserRow.add(**{"username": "x", "email": "", "password": "", **values})


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("username", "", "must have at least 1 characters"),
        ("username", "x" * 151, "must have at most 150 characters"),
        ("username", 7, "must be a string"),
        ("username", None, "is required"),
        ("username", "\ud800", "contains characters that cannot be encoded"),
        ("username", "a\0b", "must not contain NUL characters"),
        ("is_active", 2, "must be between 0 and 1"),
        ("is_active", True, "must be an integer"),
        ("administrator", 1, "must be true or false"),
        ("created_time", datetime(2026, 1, 1), "must be a time with a time zone"),  # noqa: DTZ001 - that is the point
    ],
)
async def test_python_refuses_first(store: Store, column: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await store.run(add_user, **{column: value})
    assert [(problem.path, problem.text.en) for problem in caught.value.problems] == [(column, message)]


@pytest.mark.asyncio
async def test_every_fault_is_reported_at_once(store: Store) -> None:
    with pytest.raises(InvalidInput) as caught:
        await store.run(add_user, username="", email="x" * 255, is_active=9)
    assert [problem.path for problem in caught.value.problems] == ["username", "email", "is_active"]


@pytest.mark.asyncio
async def test_varchar_counts_characters_not_bytes(store: Store) -> None:
    assert await store.run(add_user, username="王" * 150) == 1


@pytest.mark.asyncio
async def test_times_come_back_to_the_microsecond(store: Store) -> None:
    await store.run(add_user, created_time=TIME)
    assert await store.run(lambda: UserRow.get().created_time) == TIME


async def fill(store: Store, world: World) -> None:
    """Give the world's plan something in every table that hangs on it, and its user an API token."""
    made = api_tokens.NewToken(world.user.id, "CI", TokenScope.READ, "0" * 12, "0" * 64, None)
    await store.run(api_tokens.create, made)
    started = Execution("run-1", world.plan.id, world.user.id, RunState.RUNNING, {}, TIME, None, None)
    await store.run(executions.create, started)
    await store.run(pins.create, pins.NewPin("run-1", world.user.id, 1.5, None, "deployed"), 1)
    await store.run(errors_seen.upsert, world.plan.id, "run-1", [ErrorRecord("run-1", 1, {}, 1)])
    facts: dict[str, Any] = {"summary": {}, "performance_score": None, "body": {}}
    report = partial(reports.create, world.plan.id, "run-1", status="failed", start_time=TIME, end_time=TIME, **facts)
    await store.run(writes(lambda: report()))
    await store.run(
        execute,
        "INSERT INTO performance_preset (name, project_id, creator_id, config_type, config_data)"
        f" VALUES ('p', {world.project.id}, {world.user.id}, 'step', '{{}}')",
    )


HANGING = [
    "performance_config",
    "performance_execution",
    "performance_metrics",
    "performance_error",
    "performance_report",
]


@pytest.mark.asyncio
@pytest.mark.parametrize("delete", [plans.delete, projects.delete])
async def test_what_hangs_on_a_plan_goes_with_it(
    store: Store, world: World, snapshot: MakeSnapshot, delete: Callable[[int], None]
) -> None:
    await fill(store, world)
    await store.run(windows.add, world.plan.id, "run-1", [snapshot(1)])
    assert [await store.run(count, table) for table in HANGING] == [1, 1, 1, 1, 1]
    await store.run(delete, world.plan.id if delete is plans.delete else world.project.id)
    assert [await store.run(count, table) for table in HANGING] == [0, 0, 0, 0, 0]


def in_migration(action: Callable[[Any], Any]) -> Callable[[], Any]:
    """An action on the database itself, outside of the unit's transaction."""

    @writes
    def act() -> Any:
        DATABASE.obj.commit()
        try:
            return action(DATABASE.obj)
        finally:
            DATABASE.obj.begin()

    return act


MIGRATIONS = [
    "0001_first_tables",
    "0002_drained_nodes",
    "0003_run_figures",
    "0004_unused_tables",
    "0005_window_blobs",
    "0006_editors",
    "0007_username_keys",
    "0008_exact_durations",
    "0009_windows_of_steps",
    "0010_api_tokens",
    "0011_pins",
    "0012_who_changed_what",
    "0013_certificates",
    "0014_what_runs_found",
]


def tables(database: Any) -> set[str]:
    return set(database.get_tables()) - {"sqlite_sequence"}


@pytest.mark.asyncio
async def test_migrations_go_down_and_up_again(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    everything = {table.shape()[0] for table in TABLES} | {HISTORY}
    assert await store.run(in_migration(tables)) == everything
    for name in reversed(MIGRATIONS[1:]):
        assert await store.run(in_migration(lambda database: runner(database).down())) == [name]
    assert await store.run(in_migration(tables)) == everything - {"drained_node", "api_token", "performance_pin"} | {
        "schedule",
        "audit_log",
    }
    assert await store.run(in_migration(lambda database: migrate(database, shapes(TABLES)))) == MIGRATIONS[1:]
    for name in reversed(MIGRATIONS):
        assert await store.run(in_migration(lambda database: runner(database).down())) == [name]
    assert await store.run(in_migration(tables)) == {HISTORY}
    assert await store.run(in_migration(lambda database: migrate(database, shapes(TABLES)))) == MIGRATIONS
    assert await store.run(in_migration(tables)) == everything
    assert await store.run(in_migration(lambda database: migrate(database, shapes(TABLES)))) == []
    assert [record.getMessage() for record in caplog.records if "migrat" in record.name] == [
        f"database migrated from version {before} to 14: {14 - before} steps" for before in (1, 0)
    ]


def shapes(own: tuple[type[Table], ...]) -> dict[str, frozenset[str]]:
    return dict(table.shape() for table in own)


@pytest.mark.asyncio
async def test_what_a_crash_left_of_a_migration_does_not_stand_in_the_way(store: Store, open_store: MakeStore) -> None:
    await store.run(execute, "DROP TABLE refresh_token")
    await store.run(execute, f"DELETE FROM {HISTORY}")
    again = await open_store()
    assert await again.run(count, "refresh_token") == 0


@pytest.mark.asyncio
async def test_a_newer_database_is_refused(store: Store, open_store: MakeStore) -> None:
    await store.run(execute, f"INSERT INTO {HISTORY} (name, applied) VALUES ('0999_later', '2030-01-01 00:00:00')")
    with pytest.raises(MigrationError) as caught:
        await open_store()
    assert "0999_later" in caught.value.text.zh
    assert "Upgrade perfsvc" in caught.value.text.en


@pytest.mark.asyncio
async def test_somebody_elses_table_is_refused(store: Store, open_store: MakeStore) -> None:
    await store.run(execute, "ALTER TABLE data_file DROP COLUMN digest")
    with pytest.raises(MigrationError, match="table data_file lacks the columns digest"):
        await open_store()


@pytest.mark.asyncio
async def test_a_migration_that_fails_says_so(store: Store, open_store: MakeStore) -> None:
    await store.run(execute, "DROP TABLE refresh_token")
    await store.run(execute, "CREATE TABLE refresh_token (id INT)")
    await store.run(execute, f"DELETE FROM {HISTORY}")
    with pytest.raises(MigrationError, match=r"the database could not be migrated \(0001_first_tables\)"):
        await open_store()


@pytest.mark.asyncio
async def test_servers_may_start_on_one_empty_database_at_once(empty_url: str, clock: FakeClock) -> None:
    stores = await asyncio.gather(*[Store.open(empty_url, clock=clock) for _ in range(4)])
    assert [await store.run(count, HISTORY) for store in stores] == [len(MIGRATIONS)] * 4
    for store in stores:
        await store.close()


@pytest.mark.asyncio
async def test_the_migration_refuses_names_that_clash_by_naming_them(store: Store, open_store: MakeStore) -> None:
    await store.run(users.create, "wang", "", "hash")
    await store.run(execute, "INSERT INTO users (username, email, password) VALUES ('Wang', '', 'x')")
    await store.run(execute, f"DELETE FROM {HISTORY} WHERE name = '0007_username_keys'")
    with pytest.raises(MigrationError) as caught:
        await open_store()
    assert "wang and Wang" in caught.value.text.en
