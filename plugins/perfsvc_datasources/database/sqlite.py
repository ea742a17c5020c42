"""SQLite: a file opened for reading only, by a connection that may do nothing but select."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from perfsvc_datasources.database.reader import Job
from perfsvc_datasources.database.reader import Reader
from perfsvc_datasources.database.reader import Refused

LARGEST_VALUE = 1024 * 1024
LONGEST_WILDCARD = 100
STEPS_BETWEEN_LOOKS = 1000
"""Instructions of SQLite's machine between two looks at the clock: on large values, each may take a while."""
LOCKED_WAIT_S = 2.0
"""Wait for a locked file; it cannot be interrupted."""

FUNCTION_NAMES = """
    abs avg ceil ceiling char char_length coalesce concat concat_ws count cume_dist date datetime dense_rank exp
    first_value floor format glob group_concat hex ifnull iif instr julianday json json_array json_array_length
    json_each json_extract json_group_array json_group_object json_object json_quote json_tree json_type json_valid lag
    last_value lead length like likelihood likely ln log log10 log2 lower ltrim max min mod nth_value ntile nullif
    octet_length percent_rank pi pow power printf quote radians random rank replace round row_number rtrim sign soundex
    sqrt strftime string_agg substr substring sum time timediff total trim trunc typeof unhex unicode unixepoch
    unlikely upper acos asin atan atan2 cos degrees sin tan -> ->>
"""
FUNCTIONS = frozenset(FUNCTION_NAMES.split())
"""Functions that a query may call."""

ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE)


def authorize(action: int, _first: str | None, second: str | None, *_: str | None) -> int:
    """Authorizer callback of SQLite, called for every action of a statement: allow reading, deny the rest."""
    called = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in FUNCTIONS
    return sqlite3.SQLITE_OK if called or action in ALLOWED else sqlite3.SQLITE_DENY


class SqliteReader(Reader):
    """Reader of the file ``job.connection["database"]``; the caller has checked that it may be read."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._connection: sqlite3.Connection | None = None
        self._cursor: sqlite3.Cursor | None = None
        self._interrupted = False
        self._deadline = 0.0

    def begin(self) -> None:
        self._deadline = time.monotonic() + self.job.timeout_s
        try:
            self._connection = self._read_only()
            self._cursor = self._connection.execute(self.job.query)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise self._refused(error) from None
        self.columns = [column[0] for column in self._cursor.description]

    def fetch(self, limit: int) -> Sequence[Sequence[Any]]:
        if self._cursor is None:
            return []
        try:
            return self._cursor.fetchmany(limit)
        except sqlite3.Error as error:
            raise self._refused(error) from None

    def interrupt(self) -> None:
        self._interrupted = True

    def close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()

    def _read_only(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(self.job.connection['database'])}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=min(self.job.timeout_s, LOCKED_WAIT_S),
        )
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, LONGEST_WILDCARD)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.set_progress_handler(self._is_over, STEPS_BETWEEN_LOOKS)
        connection.set_authorizer(authorize)
        return connection

    def _is_over(self) -> bool:
        return self._interrupted or time.monotonic() > self._deadline

    def _refused(self, error: Exception) -> Refused:
        late = time.monotonic() > self._deadline
        return Refused(f"the query took longer than {self.job.timeout_s:g} s" if late else str(error))
