"""The right to be the one service on a database; it ends with the process or its connection, not by a timeout."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import Any
from typing import Protocol

from peewee import PeeweeException
from pymysql.err import MySQLError

from perfsvc.errors import StartupError
from perfsvc.file_lock import FileLock

SUFFIX = ".service"
MAX_LOCK_NAME = 64
CHECK_S = 2.0
"""How often a service that runs should ask ``still_held``."""
SETTLED_S = 3 * CHECK_S
"""A database server that was restarted has forgotten who held the lock; by then that service has it again."""
LOOK_S = 0.2
LOST = (PeeweeException, MySQLError, OSError)
"""Exceptions of a connection that is gone."""

log = logging.getLogger(__name__)


class ServiceLock(Protocol):
    """``acquire`` and ``still_held`` block, so they belong in a thread."""

    def acquire(self) -> None:
        """Raise StartupError while another service has the database."""
        ...

    def still_held(self) -> bool:
        """Return whether this process has the lock, taken again where its connection was lost.

        Raise the driver's error while the database is away.
        """
        ...

    def release(self) -> None: ...


class SqliteServiceLock:
    """A lock beside the database file."""

    def __init__(self, database: Path) -> None:
        self._lock = FileLock(database.with_name(database.name + SUFFIX))

    def acquire(self) -> None:
        try:
            acquired = self._lock.acquire()
        except OSError as error:
            path = self._lock.path
            raise StartupError(f"无法创建锁文件 {path}：{error}", f"cannot make the lock {path}: {error}") from error
        if not acquired:
            raise in_use(f"{self._lock.path.name.removesuffix(SUFFIX)}, process {self._lock.holder}")

    def still_held(self) -> bool:
        return True

    def release(self) -> None:
        self._lock.release()


class ServerServiceLock:
    """``GET_LOCK`` on a connection of its own. ``connect`` makes that connection."""

    def __init__(self, connect: Callable[[], Any], database: str) -> None:
        self._connect = connect
        self._name = f"perfsvc.service.{database}"[:MAX_LOCK_NAME]
        self._database = database
        self._connection: Any = None

    def acquire(self) -> None:
        """Take the lock; of a server that has just been started, once a service that runs has had its turn."""
        self._connection = self._connect()
        wait_s = SETTLED_S - self._uptime()
        if wait_s > 0:
            log.info("the database server has just been started: waiting %.0f s for services that use it", wait_s)
            sleep(wait_s)
        self._await_turn()
        self._take()

    def _await_turn(self) -> None:
        """Wait while a service that has only lost the lock's connection may be about to take the lock again."""
        for _ in range(round(SETTLED_S / LOOK_S)):
            if self._ask("SELECT IS_USED_LOCK(%s) IS NOT NULL") or not self._others():
                return
            sleep(LOOK_S)

    def _others(self) -> bool:
        """Whether the database has other connections: those of a killed process end with it."""
        own = self._connection.execute_sql("SELECT CONNECTION_ID()").fetchone()[0]
        rows = self._connection.execute_sql("SHOW PROCESSLIST").fetchall()
        return any(row[0] != own and row[3] == self._database for row in rows)

    def _take(self) -> None:
        if not self._ask("SELECT GET_LOCK(%s, 0)"):
            self.release()
            raise in_use(self._database)

    def _uptime(self) -> float:
        return float(self._connection.execute_sql("SHOW GLOBAL STATUS LIKE 'Uptime'").fetchone()[1])

    def still_held(self) -> bool:
        if self._connection is not None and self._holds():
            return True
        self.release()
        self._connection = self._connect()
        try:
            self._take()
        except StartupError:
            return False
        log.warning("the lock of database %s was lost with its connection and is taken again", self._database)
        return True

    def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*LOST):
                connection.close_all()

    def _holds(self) -> bool:
        try:
            return self._ask("SELECT IS_USED_LOCK(%s) = CONNECTION_ID()")
        except LOST as error:
            log.warning("the connection that holds the lock of database %s is lost: %s", self._database, error)
            return False

    def _ask(self, sql: str) -> bool:
        return bool(self._connection.execute_sql(sql, (self._name,)).fetchone()[0])


def in_use(what: str) -> StartupError:
    """Return what a second service is refused with."""
    return StartupError(
        f"已有另一个 perfsvc 服务在使用该数据库（{what}），请先停止它，或使用其他数据目录和数据库",
        f"another perfsvc service uses this database ({what}); stop it, or use another data folder and database",
    )
