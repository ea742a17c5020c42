"""Differences between SQLite and MySQL or MariaDB: connections, transactions, errors, and one SQL idiom."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import AbstractContextManager
from contextlib import closing
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any
from typing import Protocol

import pymysql
from peewee import PeeweeException
from playhouse.pool import PooledMySQLDatabase
from playhouse.pool import PooledSqliteDatabase

from perfsvc.errors import MigrationError
from perfsvc.errors import StartupError
from perfsvc.store.address import Address
from perfsvc.store.address import ServerAddress
from perfsvc.store.address import SqliteAddress
from perfsvc.store.service_lock import ServerServiceLock
from perfsvc.store.service_lock import ServiceLock
from perfsvc.store.service_lock import SqliteServiceLock

BUSY_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 5
MIGRATION_WAIT_S = 20
MIGRATION_LIMIT_S = 3600.0
MAX_LOCK_NAME = 64
VM_STEPS_BETWEEN_LOOKS = 10_000

OLDEST_MYSQL = (8, 0, 17)
OLDEST_MARIADB = (10, 4, 0)
"""Before these, CHECK is read and ignored, or there is no binary collation that minds trailing spaces."""

STRICT = "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"

LOCK_WAIT_TIMEOUT, DEADLOCK = 1205, 1213
READ_ONLY_TRANSACTION = 1792
CHECK_FAILED_IN_MYSQL, CHECK_FAILED_IN_MARIADB = 3819, 4025


Rows = Sequence[tuple[Any, ...]]

DISK_FULL, TABLE_FULL = 1021, 1114
FAILURES = (PeeweeException, sqlite3.Error, pymysql.err.MySQLError)
"""Exceptions of Peewee and of the drivers."""
BROKEN_RULES = (sqlite3.IntegrityError, sqlite3.DataError, pymysql.err.IntegrityError, pymysql.err.DataError)


class Backend(Protocol):
    """One kind of database. ``serial_writes``: one writer at a time, so writes get a thread of their own."""

    database: Any
    address: Address
    serial_writes: bool

    def prepare(self) -> None:
        """Make ready what must be there before the first connection. Raises StartupError."""
        ...

    def transaction(self, *, writes: bool, abandoned: Event) -> AbstractContextManager[None]:
        """A transaction that refuses to write unless ``writes``, and ends early once ``abandoned`` is set."""
        ...

    def exclusive(self) -> AbstractContextManager[Any]:
        """A connected database on which to migrate, while no other process does the same."""
        ...

    def service_lock(self) -> ServiceLock:
        """Return the lock by which one service at a time uses the database."""
        ...

    def insert_new(self, table: str, columns: Sequence[str], key: Sequence[str], rows: Rows) -> int:
        """Insert rows whose unique key is not there yet. Return how many were new."""
        ...

    def broke_constraint(self, error: Exception) -> bool: ...

    def wrote_while_reading(self, error: Exception) -> bool: ...

    def lost_a_race(self, error: Exception) -> bool:
        """Whether the transaction was rolled back in favour of another and may be tried again."""
        ...


class SqliteBackend:
    """One file in WAL mode: readers never wait for the writer."""

    serial_writes = True

    def __init__(self, address: SqliteAddress, threads: int) -> None:
        self.address: Address = address
        self._path = address.path
        pragmas = {"journal_mode": "wal", "synchronous": "normal", "foreign_keys": 1}
        self.database = PooledSqliteDatabase(
            str(address.path), max_connections=threads, pragmas=pragmas, timeout=BUSY_TIMEOUT_S, check_same_thread=False
        )

    def prepare(self) -> None:
        """Restrict the file and its folder to their owner: the file has password hashes."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
        except OSError as error:
            raise StartupError(f"无法创建数据库文件：{error}", f"the database file cannot be made: {error}") from error

    @contextmanager
    def exclusive(self) -> Iterator[Any]:
        # A lock that works on every system, and is given back however the process ends.
        lock = sqlite3.connect(f"{self._path}.lock", timeout=MIGRATION_WAIT_S, isolation_level=None)
        with closing(lock):
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                raise already_migrating() from None
            with self.database.connection_context():
                yield self.database

    @contextmanager
    def transaction(self, *, writes: bool, abandoned: Event) -> Iterator[None]:
        with self.database.connection_context():
            connection: sqlite3.Connection = self.database.connection()
            connection.set_progress_handler(abandoned.is_set, VM_STEPS_BETWEEN_LOOKS)
            connection.execute(f"PRAGMA query_only = {int(not writes)}")
            # A writer takes its lock at once: one that has read first cannot be made to wait for another process.
            with self.database.atomic("IMMEDIATE" if writes else "DEFERRED"):
                yield

    def service_lock(self) -> ServiceLock:
        return SqliteServiceLock(self._path)

    def insert_new(self, table: str, columns: Sequence[str], key: Sequence[str], rows: Rows) -> int:
        sql = f"{insert_sql(table, columns, '?')} ON CONFLICT ({quoted(key)}) DO NOTHING"
        return execute_many(self.database, sql, rows)

    def broke_constraint(self, error: Exception) -> bool:
        return isinstance(error, BROKEN_RULES)

    def wrote_while_reading(self, error: Exception) -> bool:
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY

    def lost_a_race(self, error: Exception) -> bool:
        return False


class _MySQLDatabase(PooledMySQLDatabase):  # type: ignore[misc] # playhouse ships no types
    def begin(self, mode: str = "READ WRITE") -> None:
        self.execute_sql(f"START TRANSACTION {mode}")


class MySQLBackend:
    """A MySQL or MariaDB server through a pool of connections."""

    serial_writes = False

    def __init__(self, address: ServerAddress, threads: int, time_limit: float) -> None:
        self.address: Address = address
        self._server = address
        self.database = self._connecting(threads, time_limit)

    def _connecting(self, connections: int, time_limit: float, *, thread_safe: bool = True) -> Any:
        address = self._server
        verified = {"ssl_ca": address.ssl_ca, "ssl_verify_cert": True, "ssl_verify_identity": True}
        return _MySQLDatabase(
            address.database,
            max_connections=connections,
            thread_safe=thread_safe,
            host=address.host,
            port=address.port,
            user=address.user,
            # As bytes: the driver would take a text for Latin-1.
            password=address.password.encode(),
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=time_limit,
            write_timeout=time_limit,
            charset="utf8mb4",
            sql_mode=STRICT,
            init_command="SET time_zone = '+00:00'",
            **(verified if address.ssl_ca else {}),
        )

    def prepare(self) -> None:
        """Query the server's version once: Peewee needs ``mariadb=True`` to write SQL for MariaDB."""
        if self._server.ssl_ca and not Path(self._server.ssl_ca).is_file():
            raise StartupError(
                f"证书文件不存在：{self._server.ssl_ca}", f"no such certificate file: {self._server.ssl_ca}"
            )
        with self.database.connection_context():
            version_text: str = self.database.execute_sql("SELECT VERSION()").fetchone()[0]
        version = self.database.server_version
        self.database.mariadb = "mariadb" in version_text.lower()
        if version < (OLDEST_MARIADB if self.database.mariadb else OLDEST_MYSQL):
            raise StartupError(
                f"数据库版本过低：{version_text}，需要 MySQL 8.0.17 或 MariaDB 10.4 以上",
                f"the database server is too old: {version_text}; MySQL 8.0.17 or MariaDB 10.4 is needed",
            )

    @contextmanager
    def exclusive(self) -> Iterator[Any]:
        # Altering a large table takes longer than any call of the service may.
        database = self._connecting(1, MIGRATION_LIMIT_S)
        database.mariadb = self.database.mariadb
        name = f"perfsvc.{self._server.database}"[:MAX_LOCK_NAME]
        try:
            with database.connection_context():
                if not database.execute_sql("SELECT GET_LOCK(%s, %s)", (name, MIGRATION_WAIT_S)).fetchone()[0]:
                    raise already_migrating()
                yield database
        finally:
            # Closing the connection gives the lock back.
            database.close_all()

    @contextmanager
    def transaction(self, *, writes: bool, abandoned: Event) -> Iterator[None]:
        # Abandoned calls end by themselves: the driver's own time limit bounds every wait.
        with self.database.connection_context(), self.database.atomic("READ WRITE" if writes else "READ ONLY"):
            yield

    def service_lock(self) -> ServiceLock:
        # One connection for whichever thread asks; they take turns.
        return ServerServiceLock(
            lambda: self._connecting(1, CONNECT_TIMEOUT_S, thread_safe=False), self._server.database
        )

    def insert_new(self, table: str, columns: Sequence[str], key: Sequence[str], rows: Rows) -> int:
        # INSERT IGNORE would pass over broken references and cut-off texts as well.
        sql = f"{insert_sql(table, columns, '%s')} ON DUPLICATE KEY UPDATE `{key[0]}` = `{key[0]}`"
        return execute_many(self.database, sql, rows)

    def broke_constraint(self, error: Exception) -> bool:
        broken_check = code_of(error) in (CHECK_FAILED_IN_MYSQL, CHECK_FAILED_IN_MARIADB)
        return broken_check or isinstance(error, BROKEN_RULES)

    def wrote_while_reading(self, error: Exception) -> bool:
        return code_of(error) == READ_ONLY_TRANSACTION

    def lost_a_race(self, error: Exception) -> bool:
        return code_of(error) in (LOCK_WAIT_TIMEOUT, DEADLOCK)


def backend_for(address: Address, threads: int, time_limit: float) -> Backend:
    """The backend for an address, with at most ``threads`` connections."""
    if isinstance(address, SqliteAddress):
        return SqliteBackend(address, threads)
    return MySQLBackend(address, threads, time_limit)


def insert_sql(table: str, columns: Sequence[str], place: str) -> str:
    """An INSERT of one row of parameters; the names are our own."""
    places = ", ".join([place] * len(columns))
    return f"INSERT INTO `{table}` ({quoted(columns)}) VALUES ({places})"  # noqa: S608 - no name comes from outside


def execute_many(database: Any, sql: str, rows: Rows) -> int:
    """Return how many rows changed. Thirty times as fast as Peewee's own way in SQLite, ten times in MariaDB."""
    if not rows:
        return 0
    cursor = database.cursor()
    cursor.executemany(sql, rows)
    return int(cursor.rowcount)


def quoted(names: Sequence[str]) -> str:
    """Names as a list of SQL identifiers."""
    return ", ".join(f"`{name}`" for name in names)


def is_our_mistake(error: Exception) -> bool:
    """Whether the SQL itself is wrong: an unknown table or column, or invalid syntax."""
    wrong_in_sqlite = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return wrong_in_sqlite or isinstance(error, sqlite3.ProgrammingError | pymysql.err.ProgrammingError)


def is_full(error: BaseException) -> bool:
    """Whether there was no room on the disk."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL or code_of(error) in (DISK_FULL, TABLE_FULL)


def already_migrating() -> MigrationError:
    """The error for a process that waited too long for another's lock."""
    return MigrationError("另一个进程正在升级数据库", "another process is migrating the database")


def code_of(error: BaseException) -> int | None:
    """The server's number for an error."""
    code = error.args[0] if error.args else None
    return code if isinstance(code, int) else None
