"""The database source on a real PostgreSQL: its values, its limits, and a session that only reads."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from perfsvc.plugin import DataFailure
from perfsvc.plugin import InvalidInput
from perfsvc.plugin.testing import rows_of
from perfsvc_datasources.database.postgresql import PostgresqlReader
from perfsvc_datasources.database.reader import Job
from perfsvc_datasources.database.reader import Refused
from tests.datasources.database_rig import open_feed
from tests.support import postgresql

TABLE = """
    DROP TABLE IF EXISTS t;
    CREATE TABLE t (
        id INT, n NUMERIC(10, 2), f FLOAT8, d DATE, seen TIMESTAMPTZ, u UUID, j JSONB, a INT[], b BYTEA, note TEXT);
    INSERT INTO t VALUES (
        1, 1.50, 'NaN', '2026-01-02', '2026-01-02 03:04:05+00', '6f9619ff-8b86-d011-b42d-00cf4fc964ff', '{"a": [1]}',
        '{1,2}', '\\x00ff', '张三');
    CREATE OR REPLACE FUNCTION writes() RETURNS INT LANGUAGE SQL AS 'DELETE FROM t; SELECT 1';
    CREATE SEQUENCE IF NOT EXISTS s;
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with postgresql.server() as running:
        yield running


@pytest.fixture
def connection(port: int) -> dict[str, Any]:
    account = {"user": postgresql.USER, "password": postgresql.PASSWORD, "database": "postgres"}
    given = {"type": "postgresql", "host": "127.0.0.1", "port": port, **account}
    execute(given, TABLE)
    return given


def execute(connection: dict[str, Any], statement: str) -> list[Any]:
    words = {name: connection[name] for name in ("host", "port", "user", "password")}
    with psycopg.connect(**words, dbname=connection["database"], autocommit=True) as opened:
        cursor = opened.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.asyncio
async def test_values_become_json(connection: dict[str, Any]) -> None:
    feed = await open_feed(connection, "SELECT * FROM t WHERE note LIKE '张%' AND j ? 'a'")
    expected = {
        "id": 1,
        "n": "1.50",
        "f": "nan",
        "d": "2026-01-02",
        "seen": "2026-01-02T03:04:05+00:00",
        "u": "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        "j": {"a": [1]},
        "a": [1, 2],
        "b": "00ff",
        "note": "张三",
    }
    for _ in range(2):
        assert await rows_of(feed) == [expected]
        await feed.rewind()
    await feed.close()


@pytest.mark.asyncio
async def test_rows_are_streamed_within_the_time_limit(connection: dict[str, Any]) -> None:
    feed = await open_feed(connection, "SELECT generate_series(1, 1000000000) AS i", fetch_size=5)
    assert await feed.read(7) == [{"i": number} for number in range(1, 6)]
    await feed.close()
    feed = await open_feed(
        connection, "SELECT COUNT(*) AS n FROM generate_series(1, 1000000000)", statement_timeout=0.3
    )
    with pytest.raises(DataFailure, match=r"took longer than 0\.3 s"):
        await feed.read(1)
    await feed.close()


@pytest.mark.asyncio
async def test_closing_ends_what_runs(connection: dict[str, Any]) -> None:
    feed = await open_feed(
        connection, "SELECT COUNT(*) AS n FROM generate_series(1, 100000000000)", statement_timeout=3600
    )
    reading = asyncio.ensure_future(feed.read(1))
    running = "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE 'FETCH%' AND state = 'active'"
    async with asyncio.timeout(60):
        while execute(connection, running) != [(1,)]:
            await asyncio.sleep(0.02)
        await feed.close()
    with pytest.raises(DataFailure):
        await reading


@pytest.mark.asyncio
async def test_failures_are_reported_without_secrets(connection: dict[str, Any]) -> None:
    with pytest.raises(DataFailure, match='relation "nowhere" does not exist'):
        await open_feed(connection, "SELECT a FROM nowhere")
    with pytest.raises(InvalidInput, match="columns of the same name: a"):
        await open_feed(connection, "SELECT 1 AS a, 2 AS a")
    with pytest.raises(DataFailure, match="password authentication failed") as caught:
        await open_feed({**connection, "password": "wr0ng密"}, "SELECT 1 AS a")
    assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO t VALUES (2)",
        "DELETE FROM t",
        "DROP TABLE t",
        "CREATE TABLE u (a INT)",
        "CREATE TEMP TABLE u (a INT)",
        "SELECT id FROM t; DELETE FROM t",
        "SELECT 1); DELETE FROM t; --",
        "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a",
        "SELECT * INTO u FROM t",
        "SELECT id FROM t FOR UPDATE",
        "SELECT writes()",
        "SELECT nextval('s')",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SET TRANSACTION READ WRITE",
        "COMMIT",
        "COPY t TO '{folder}/x'",
        "COPY t TO PROGRAM 'touch {folder}/x'",
    ],
)
def test_the_session_of_postgresql_only_reads(connection: dict[str, Any], query: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", connection["port"]))
    reader = PostgresqlReader(Job(connection, [address], query.format(folder=tmp_path), 5.0))

    def read() -> None:
        reader.begin()
        reader.fetch(10)

    try:
        with pytest.raises(Refused):
            read()
    finally:
        reader.close()
    assert execute(connection, "SELECT id FROM t") == [(1,)]
    assert list(tmp_path.iterdir()) == []
