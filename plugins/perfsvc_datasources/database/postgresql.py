"""PostgreSQL through psycopg, where that is installed: a server-side cursor in a read-only transaction."""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from perfsvc.plugin import InvalidInput
from perfsvc_datasources.database.reader import Job
from perfsvc_datasources.database.reader import Reader
from perfsvc_datasources.database.reader import Refused

DEFAULT_PORT = 5432
CONNECT_LIMIT_S = 10


class PostgresqlReader(Reader):
    """Reader through psycopg. The cursor is one more wall: only a query can be declared as one."""

    chunk = 100

    def __init__(self, job: Job) -> None:
        """Raises InvalidInput without the driver."""
        super().__init__(job)
        self._driver = driver()
        self._connection: Any = None
        self._cursor: Any = None
        self._deadline = 0.0

    def begin(self) -> None:
        self._deadline = time.monotonic() + self.job.timeout_s
        try:
            self._connection = self._connect()
            self._connection.read_only = True
            self._cursor = self._connection.cursor(name="perfsvc")
            # With empty parameters the server accepts one statement only; per cents must then be doubled.
            self._cursor.execute(self.job.query.replace("%", "%%"), ())
            self.columns = [column.name for column in self._cursor.description]
        except (self._driver.Error, OSError) as error:
            raise self._refused(error) from None

    def fetch(self, limit: int) -> Sequence[Sequence[Any]]:
        if self._cursor is None:
            return []
        if time.monotonic() > self._deadline:  # the server's limit is for each portion of the rows
            raise self._late()
        try:
            rows: Sequence[Sequence[Any]] = self._cursor.fetchmany(limit)
        except (self._driver.Error, OSError) as error:
            raise self._refused(error) from None
        return rows

    def interrupt(self) -> None:
        if self._connection is not None:
            with suppress(self._driver.Error, OSError):
                self._connection.cancel_safe(timeout=CONNECT_LIMIT_S)

    def close(self) -> None:
        for held in (self._cursor, self._connection):
            if held is not None:
                with suppress(self._driver.Error, OSError):
                    held.close()

    def _connect(self) -> Any:
        given, address = self.job.connection, self.job.addresses[0][4]
        settings = {
            "default_transaction_read_only": "on",
            "statement_timeout": f"{self.job.timeout_s * 1000:.0f}",
            "standard_conforming_strings": "on",
        }
        return self._driver.connect(
            host=given["host"],
            hostaddr=address[0],
            port=address[1],
            user=given["user"],
            password=given["password"],
            dbname=given["database"],
            connect_timeout=CONNECT_LIMIT_S,
            options=" ".join(f"-c {name}={value}" for name, value in settings.items()),
        )

    def _refused(self, error: Exception) -> Refused:
        if isinstance(error, self._driver.errors.QueryCanceled):
            return self._late()
        return Refused(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__)

    def _late(self) -> Refused:
        return Refused(f"the query took longer than {self.job.timeout_s:g} s")


def driver() -> Any:
    """Return the driver's module. Raises InvalidInput that names the package."""
    try:
        return importlib.import_module("psycopg")
    except ImportError:
        raise InvalidInput.at(
            "connection",
            "PostgreSQL 需要安装 Python 包 psycopg：pip install 'psycopg[binary]'",
            "PostgreSQL needs the Python package psycopg: pip install 'psycopg[binary]'",
        ) from None
