"""MySQL and MariaDB through PyMySQL: rows as the server sends them, in a read-only transaction."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pymysql
from pymysql.cursors import SSCursor

from perfsvc_datasources.database.reader import Address
from perfsvc_datasources.database.reader import Job
from perfsvc_datasources.database.reader import Reader
from perfsvc_datasources.database.reader import Refused

DEFAULT_PORT = 3306
CONNECT_LIMIT_S = 10.0
GRACE_S = 5.0
"""Client's wait beyond the server's own time limit."""
TOO_LONG = (1969, 3024)
"""Error codes of MariaDB and MySQL for an exceeded time limit."""


class MysqlReader(Reader):
    """Reader through PyMySQL. The server prepares the query as a subquery first: one with INTO OUTFILE fails there."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._socket: socket.socket | None = None
        self._connection: Any = None
        self._cursor: Any = None
        self._interrupted = False

    def begin(self) -> None:
        try:
            self._connect()
            self._make_read_only()
            self._prepare_as_subquery()
            self._cursor.execute(self.job.query)
            self.columns = [column[0] for column in self._cursor.description or ()]
        except (pymysql.MySQLError, RuntimeError, OSError, UnicodeError) as error:
            raise self._refused(error) from None

    def fetch(self, limit: int) -> Sequence[Sequence[Any]]:
        if self._cursor is None:
            return []
        try:
            rows: Sequence[Sequence[Any]] = self._cursor.fetchmany(limit)
        except (pymysql.MySQLError, RuntimeError, OSError, UnicodeError) as error:
            raise self._refused(error) from None
        return rows

    def interrupt(self) -> None:
        self._interrupted = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._cursor is not None:
            self._cursor.abandon()
        if self._connection is not None:
            with suppress(pymysql.MySQLError, OSError):
                self._connection.close()
        if self._socket is not None:
            self._socket.close()

    def _connect(self) -> None:
        connection = self.job.connection
        self._socket = connected(self.job.addresses)
        if self._interrupted:
            raise Refused("interrupted")
        self._connection = pymysql.connect(
            host=connection["host"],
            user=connection["user"],
            password=connection["password"].encode(),  # PyMySQL itself would know Latin-1 only
            database=connection["database"] or None,
            charset="utf8mb4",
            local_infile=False,
            defer_connect=True,
            cursorclass=_Cursor,
            connect_timeout=CONNECT_LIMIT_S,
            read_timeout=self.job.timeout_s + GRACE_S,
            write_timeout=CONNECT_LIMIT_S,
        )
        self._connection.connect(self._socket)
        self._cursor = self._connection.cursor()

    def _make_read_only(self) -> None:
        limit_s = self.job.timeout_s
        if "mariadb" in self._connection.get_server_info().lower():
            self._run(f"SET SESSION max_statement_time = {limit_s:.3f}")
        else:
            self._run(f"SET SESSION max_execution_time = {limit_s * 1000:.0f}")
        # Without the modes that change how quotes and backslashes are read: the query was parsed without them.
        self._run("SET SESSION sql_mode = 'STRICT_TRANS_TABLES'")
        self._run("SET SESSION TRANSACTION READ ONLY")
        self._run("START TRANSACTION READ ONLY")

    def _prepare_as_subquery(self) -> None:
        self._run(self._cursor.mogrify("PREPARE perfsvc_check FROM %s", (f"SELECT EXISTS({self.job.query})",)))
        self._run("DEALLOCATE PREPARE perfsvc_check")

    def _run(self, statement: str) -> None:
        self._cursor.execute(statement)
        self._cursor.fetchall()

    def _refused(self, error: Exception) -> Refused:
        number = error.args[0] if error.args else None
        if number in TOO_LONG or isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            return Refused(f"the query took longer than {self.job.timeout_s:g} s")
        if isinstance(error, pymysql.MySQLError) and len(error.args) > 1:
            return Refused(str(error.args[1]))
        # In no other words: what an encoding error quotes may be the password.
        return Refused(getattr(error, "strerror", None) or type(error).__name__)


class _Cursor(SSCursor):
    """An unbuffered cursor that can be abandoned; PyMySQL's would read all remaining rows."""

    _result: Any
    connection: Any

    def abandon(self) -> None:
        if self._result is not None:
            self._result.unbuffered_active = False
        self._result = None
        self.connection = None


def connected(addresses: Sequence[Address]) -> socket.socket:
    """Connect to the first address that accepts. Raises the OSError of the last one."""
    refusal: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in addresses:
        trying = socket.socket(family, kind, protocol)
        trying.settimeout(CONNECT_LIMIT_S)
        try:
            trying.connect(address)
        except OSError as error:
            trying.close()
            refusal = error
        else:
            trying.settimeout(None)
            return trying
    raise refusal
