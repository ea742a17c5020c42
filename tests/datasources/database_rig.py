"""The database for the contract suite: a SQLite file, and what a run would give for it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextlib import closing
from pathlib import Path
from typing import Any
from typing import ClassVar

from perfsvc.plugin import DataContext
from perfsvc.plugin import Feed
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Row
from perfsvc.plugin.testing import DataRig
from perfsvc.plugin.testing import Setting
from perfsvc.plugin.testing import data_context
from perfsvc_datasources.database import DatabaseSource

FILL = """
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
    INSERT INTO account SELECT i, 'user' || i, i / 2.0, NULL FROM n WHERE i < ?
"""
QUERY = "SELECT id, username, score, note FROM account ORDER BY id"


def connecting(folder: Path, connections: dict[str, dict[str, Any]]) -> DataContext:
    """Return the context of a run with these connections."""

    async def connection(name: str) -> dict[str, Any]:
        if name not in connections:
            raise InvalidInput.at("connection", "没有", "none")
        return connections[name]

    return data_context(folder)._replace(connection=connection)


async def open_feed(connection: dict[str, Any], query: str, **options: Any) -> Feed:
    """Open the rows of a query over a connection named shop."""
    parsed = DatabaseSource.Options.parse({"connection": "shop", "query": query, **options})
    return await DatabaseSource(parsed, connecting(Path(), {"shop": connection})).open()


def sqlite_connection(path: Path) -> dict[str, Any]:
    return {"type": "sqlite", "host": "", "port": None, "user": "", "password": "", "database": str(path)}


def filled(path: Path, count: int) -> Path:
    """A database of so many accounts."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, username TEXT, score REAL, note TEXT)")
        database.execute(FILL, (count, count))
    return path


class DatabaseRig(DataRig):
    source = DatabaseSource
    refused: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({}, "connection"),
        ({"connection": "a"}, "query"),
        ({"connection": "b", "query": "SELECT 1 AS a"}, "connection"),
        ({"connection": "a", "query": "DELETE FROM account"}, "query"),
        ({"connection": "a", "query": "SELECT 1"}, "query"),
        ({"connection": "a", "query": "SELECT 1 AS a, 2 AS a"}, "query"),
        ({"connection": "a", "query": "SELECT 1 AS a \0"}, "query"),
        ({"connection": "a", "query": QUERY, "statement_timeout": 0}, "statement_timeout"),
        ({"connection": "a", "query": QUERY, "fetch_size": 0}, "fetch_size"),
        ({"connection": "a", "query": QUERY, "password": "x"}, "password"),
    ]

    @asynccontextmanager
    async def around(self, folder: Path, count: int) -> AsyncIterator[Setting]:
        path = filled(folder / "accounts.db", count)
        config = {"connection": "a", "query": QUERY, "statement_timeout": 600}
        yield Setting(config, connecting(folder, {"a": sqlite_connection(path)}))

    def row(self, number: int) -> Row:
        return {"id": number, "username": f"user{number}", "score": number / 2, "note": None}
