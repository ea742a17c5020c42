"""The database source on real SQLite files and a real MariaDB: what it gives, and what it does when things go wrong."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pymysql
import pytest

from perfsvc.plugin import DataFailure
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Row
from perfsvc.plugin import TargetDenied
from perfsvc.plugin.testing import rows_of
from perfsvc_datasources.database import DatabaseSource
from perfsvc_datasources.database import sqlite
from perfsvc_datasources.database.feed import DatabaseFeed
from perfsvc_datasources.database.reader import Job
from perfsvc_datasources.database.reader import Reader
from tests.datasources.database_rig import connecting
from tests.datasources.database_rig import open_feed
from tests.datasources.database_rig import sqlite_connection
from tests.support import mariadb as servers

TABLE = """
    CREATE TABLE account (
        id INT PRIMARY KEY, name VARCHAR(50) CHARACTER SET utf8mb4, balance DECIMAL(12, 2), score DOUBLE,
        born DATE, seen DATETIME(3), worked TIME, token VARBINARY(4), profile JSON, note TEXT)
"""
ROW = """
    INSERT INTO account VALUES
    (1, '张三', 1234.50, 0.5, '1990-02-03', '2026-01-02 03:04:05.678', '-30:15:01', X'00FF', '{"a": 1}', NULL)
"""
RUNNING = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE '{}'"


@pytest.fixture
def connection(mariadb: servers.Server) -> dict[str, Any]:
    """A connection to an empty database, as an environment gives it."""
    name = mariadb.new_database().rpartition("/")[2]
    return {
        "type": "mariadb",
        "host": "127.0.0.1",
        "port": mariadb.port,
        "user": servers.USER,
        "password": servers.PASSWORD,
        "database": name,
    }


def execute(connection: dict[str, Any], *statements: str) -> list[Any]:
    """Run statements as the user of a connection; what the last one gives."""
    account = {name: connection[name] for name in ("host", "port", "user", "database")}
    password = connection["password"].encode()
    with closing(pymysql.connect(**account, password=password, autocommit=True, charset="utf8mb4")) as opened:
        cursor = opened.cursor()
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall())


async def read(connection: dict[str, Any], query: str, **options: Any) -> list[Row]:
    feed = await open_feed(connection, query, **options)
    try:
        return await rows_of(feed)
    finally:
        await feed.close()


@pytest.mark.asyncio
async def test_values_of_mariadb_become_json(connection: dict[str, Any]) -> None:
    execute(connection, TABLE, ROW)
    assert await read(connection, "SELECT * FROM account") == [
        {
            "id": 1,
            "name": "张三",
            "balance": "1234.50",
            "score": 0.5,
            "born": "1990-02-03",
            "seen": "2026-01-02T03:04:05.678000",
            "worked": "-30:15:01",
            "token": "00ff",
            "profile": '{"a": 1}',
            "note": None,
        }
    ]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("WITH a AS (SELECT 1 AS x) SELECT x FROM a", [1]),
        ("(SELECT 1 AS x) UNION (SELECT 2)", [1, 2]),
        ("SELECT 1 AS x;", [1]),
        ("  select 'a;b' as x  ", ["a;b"]),
        ("SELECT 'it''s 100%s \\\\ \"q\"' AS x", ['it\'s 100%s \\ "q"']),
        ("SELECT '-- no /* comment */ # here' AS x", ["-- no /* comment */ # here"]),
        ("SELECT 5--1 AS x", [6]),
    ],
)
async def test_one_select_in_many_forms(connection: dict[str, Any], query: str, values: list[Any]) -> None:
    assert [row["x"] for row in await read(connection, query)] == values


@pytest.mark.asyncio
async def test_rows_are_streamed_and_a_feed_is_given_up_half_way(connection: dict[str, Any]) -> None:
    feed = await open_feed(connection, "SELECT seq FROM seq_1_to_1000000000", fetch_size=10)
    assert await feed.read(25) == [{"seq": number} for number in range(1, 11)]
    await feed.rewind()
    assert await feed.read(1) == [{"seq": 1}]
    await feed.close()
    async with asyncio.timeout(60):
        while execute(connection, RUNNING.format("SELECT seq FROM%")) != [(0,)]:
            await asyncio.sleep(0.02)


@pytest.mark.asyncio
async def test_a_statement_has_a_time_limit(connection: dict[str, Any]) -> None:
    endless = "SELECT COUNT(*) AS n FROM seq_1_to_1000000000 a JOIN seq_1_to_1000000000 b"
    with pytest.raises(DataFailure, match=r"took longer than 0\.3 s"):
        await read(connection, endless, statement_timeout=0.3)


@pytest.mark.asyncio
async def test_giving_up_does_not_wait_for_a_statement(connection: dict[str, Any]) -> None:
    endless = "SELECT COUNT(*) AS n FROM seq_1_to_1000000000 a JOIN seq_1_to_1000000000 b"
    opening = asyncio.ensure_future(open_feed(connection, endless, statement_timeout=3600))
    running = RUNNING.format("SELECT COUNT(*) AS%")
    async with asyncio.timeout(60):  # the statement may take an hour
        while execute(connection, running) != [(1,)]:
            await asyncio.sleep(0.02)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong密"}, "Access denied for user 'perfsvc'"),
        ({"database": "nowhere"}, "Unknown database 'nowhere'"),
        ({"user": "密"}, "Access denied"),
        ({"database": "密"}, "Unknown database"),
    ],
)
async def test_a_refused_login_tells_no_secret(connection: dict[str, Any], change: dict[str, Any], said: str) -> None:
    with pytest.raises(DataFailure, match=said) as caught:
        await open_feed({**connection, **change}, "SELECT 1 AS a")
    password = change.get("password", servers.PASSWORD)
    assert password not in caught.value.text.zh + caught.value.text.en + repr(caught.value)


@pytest.mark.asyncio
async def test_a_server_that_is_not_there_is_reported(connection: dict[str, Any]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DataFailure, match="refused: Connection refused"):
        await open_feed({**connection, "port": port}, "SELECT 1 AS a")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "said"), [(TargetDenied(), "is not allowed"), (OSError(), "has no address")], ids=["denied", "unknown"]
)
async def test_the_host_is_subject_to_the_target_policy(
    connection: dict[str, Any], error: Exception, said: str
) -> None:
    async def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
        raise error

    context = connecting(Path(), {"shop": connection})._replace(resolve=resolve)
    options = DatabaseSource.Options(connection="shop", query="SELECT 1 AS a")
    with pytest.raises(DataFailure, match=f"the database host 127.0.0.1 {said}"):
        await DatabaseSource(options, context).open()


@pytest.mark.asyncio
async def test_what_the_server_does_not_know_is_reported_in_its_words(connection: dict[str, Any]) -> None:
    with pytest.raises(DataFailure, match=r"the database refused: Table '.*nowhere' doesn't exist"):
        await open_feed(connection, "SELECT a FROM nowhere")


@pytest.mark.asyncio
@pytest.mark.parametrize(("query", "said"), [
    ("SELECT COUNT(*) FROM account", "these column names cannot be variables, use AS: count"),
    ("SELECT id, id FROM account", "columns of the same name: id"),
])  # fmt: skip
async def test_columns_need_names_of_their_own(connection: dict[str, Any], query: str, said: str) -> None:
    execute(connection, TABLE)
    with pytest.raises(InvalidInput) as caught:
        await open_feed(connection, query)
    assert [problem.path for problem in caught.value.problems] == ["query"]
    assert said in str(caught.value).replace("COUNT", "count")


@pytest.mark.asyncio
async def test_a_kind_nobody_knows_is_refused_with_those_there_are(connection: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="cannot read oracle; there are: sqlite, mysql, mariadb, postgresql"):
        await open_feed({**connection, "type": "oracle"}, "SELECT 1 AS a")


@pytest.mark.asyncio
async def test_postgresql_without_its_driver_names_the_package(
    connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InvalidInput, match=r"pip install 'psycopg\[binary\]'"):
        await open_feed({**connection, "type": "postgresql"}, "SELECT 1 AS a")


@pytest.mark.asyncio
async def test_values_of_sqlite_become_json(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as database, database:
        database.execute("CREATE TABLE t (a, b, c, d)")
        database.execute("INSERT INTO t VALUES (?, ?, ?, ?)", (2**62, b"\x00\xff", "密\0x", 9e999))
    rows = await read(sqlite_connection(tmp_path / "a.db"), "SELECT * FROM t")
    assert rows == [{"a": 2**62, "b": "00ff", "c": "密\0x", "d": "inf"}]


@pytest.mark.asyncio
async def test_sqlite_has_a_time_limit_too(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.db").close()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) AS c FROM n"
    with pytest.raises(DataFailure, match=r"took longer than 0\.2 s"):
        await read(sqlite_connection(tmp_path / "a.db"), endless, statement_timeout=0.2)


@pytest.mark.asyncio
async def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("not a database, but long enough to be looked at" * 100)
    with pytest.raises(DataFailure, match="the database refused: file is not a database"):
        await read(sqlite_connection(tmp_path / "a.db"), "SELECT * FROM t")


@pytest.mark.asyncio
async def test_large_values_come_in_small_blocks(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.db").close()
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)"
    feed = await open_feed(
        sqlite_connection(tmp_path / "a.db"), f"{numbers} SELECT i, printf('%.1000000c', 'x') AS a FROM n"
    )
    blocks = [await feed.read(1000) for _ in range(4)]
    await feed.close()
    assert [[row["i"] for row in block] for block in blocks] == [
        list(range(1, 9)),
        list(range(9, 17)),
        list(range(17, 21)),
        [],
    ]


@pytest.mark.asyncio
async def test_a_locked_file_is_reported_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "LOCKED_WAIT_S", 0.05)
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as writer:
        writer.execute("CREATE TABLE t (a)")
        writer.execute("BEGIN EXCLUSIVE")
        async with asyncio.timeout(60):
            with pytest.raises(DataFailure, match="database is locked"):
                await read(sqlite_connection(tmp_path / "a.db"), "SELECT a FROM t", statement_timeout=3600)


class Slow(Reader):
    """Notes which thread it is interrupted from."""

    columns = ("a",)
    interrupted_from: list[threading.Thread]

    def begin(self) -> None:
        self.interrupted_from = []

    def fetch(self, limit: int) -> list[list[Any]]:
        return []

    def interrupt(self) -> None:
        self.interrupted_from.append(threading.current_thread())

    def close(self) -> None:
        pass


@pytest.mark.asyncio
async def test_the_loop_does_not_wait_for_an_interruption() -> None:
    reader = Slow(Job({}, (), "SELECT 1", 1.0))
    feed = DatabaseFeed(lambda: reader, 10)
    await feed.begin()
    await feed.close()
    assert len(reader.interrupted_from) == 1
    assert threading.current_thread() not in reader.interrupted_from
