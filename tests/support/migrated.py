"""Databases that are migrated already: copies of one that the product's own migrations made, once for each process."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from pathlib import Path

import pymysql
from pymysql.constants import CLIENT

from perfsvc.clock import SystemClock
from perfsvc.store.database import Store
from perfsvc.store.migrations import HISTORY
from perfsvc.temp_folders import scratch_folder
from tests.support import mariadb


def sqlite_file(path: Path) -> str:
    """Make a migrated SQLite file at ``path`` and return its URL."""
    path.write_bytes(_sqlite_template())
    path.chmod(0o600)
    return f"sqlite:///{path}"


def mariadb_database(server: mariadb.Server) -> str:
    """Make a migrated database on a server and return its URL."""
    url = server.new_database()
    with closing(_connect(server, url)) as connection:
        _run(connection, _mariadb_template(server.socket))
    return url


@cache
def _sqlite_template() -> bytes:
    with scratch_folder("migrated") as folder:
        _migrate(f"sqlite:///{folder}/perfsvc.db")
        return (folder / "perfsvc.db").read_bytes()


@cache
def _mariadb_template(socket: Path) -> str:
    """Return the statements that make all tables with the rows of the migrations' history."""
    server = mariadb.Server(socket.parent)
    server.port = int((socket.parent / "ready").read_text().split()[1])
    url = server.new_database()
    _migrate(url)
    statements = ["SET foreign_key_checks = 0"]
    with closing(_connect(server, url)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SHOW CREATE TABLE `{table}`")
            statements.append(cursor.fetchone()[1])
        cursor.execute(f"SELECT * FROM {HISTORY}")
        statements += [cursor.mogrify(f"INSERT INTO {HISTORY} VALUES %s", (row,)) for row in cursor.fetchall()]
    return ";".join(statements)


def _connect(server: mariadb.Server, url: str) -> pymysql.Connection:
    name = url.rpartition("/")[2]
    return pymysql.connect(
        user="root",
        unix_socket=str(server.socket),
        database=name,
        charset="utf8mb4",
        client_flag=CLIENT.MULTI_STATEMENTS,
    )


def _run(connection: pymysql.Connection, statements: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements)
        while cursor.nextset():
            pass
    connection.commit()


def _migrate(url: str) -> None:
    """Open and close a store on a loop of its own, whether or not the caller is on one."""

    async def opened() -> None:
        store = await Store.open(url, clock=SystemClock())
        await store.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, opened()).result()
