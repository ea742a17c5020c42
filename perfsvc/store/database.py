"""Access to the database: ``await store.run(function, …)``.

The function runs in one of the store's own threads, within a connection and a transaction. Functions that write are
marked with ``@writes``; all others get a transaction in which the database itself refuses writes.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from threading import Event
from typing import Generic
from typing import ParamSpec
from typing import TypeVar

from perfsvc.clock import Clock
from perfsvc.errors import Conflict
from perfsvc.errors import StoreBusy
from perfsvc.errors import StoreFull
from perfsvc.errors import StoreUnavailable
from perfsvc.errors import Text
from perfsvc.store.address import parse
from perfsvc.store.backends import FAILURES
from perfsvc.store.backends import Backend
from perfsvc.store.backends import backend_for
from perfsvc.store.backends import is_full
from perfsvc.store.backends import is_our_mistake
from perfsvc.store.binding import DATABASE
from perfsvc.store.binding import bind
from perfsvc.store.migrations import migrate
from perfsvc.store.tables import TABLES

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4
QUEUE_LIMIT = 256
TIME_LIMIT_S = 30.0
ATTEMPTS = 8
FIRST_PAUSE_S = 0.005
"""At most, before a transaction that lost a race is tried again; each further pause may be twice as long."""
DISK_FULL = Text(
    "数据库所在磁盘空间已满，请清理后重试", "the disk of the database is full; make room on it and try again"
)
CONFLICT = "the data conflict: a duplicate, against a rule, or still referred to"

log = logging.getLogger(__name__)


def writes(function: Callable[P, T]) -> Callable[P, T]:
    """Mark a function that changes the database."""
    function.__dict__["store_writes"] = True
    return function


class Unit(Generic[T]):
    """One call of a function as one transaction. ``abandoned``: the caller has gone, so it must not commit."""

    def __init__(self, backend: Backend, function: Callable[[], T], name: str, *, writes: bool) -> None:
        self.name, self.writes, self.abandoned = name, writes, Event()
        self._backend, self._function = backend, function

    def __call__(self) -> T:
        """Run it, again if it lost a race; raises StoreUnavailable, Conflict, and what the function raises."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once()
            except FAILURES as error:
                if attempt == ATTEMPTS or not self._backend.lost_a_race(original(error)):
                    raise self._translated(error) from error
                # Those that lost together must not meet again.
                self.abandoned.wait(random.uniform(0, FIRST_PAUSE_S * 2 ** (attempt - 1)))  # noqa: S311
        raise AssertionError("the last attempt returns or raises")

    def _once(self) -> T:
        with self._backend.transaction(writes=self.writes, abandoned=self.abandoned):
            result = self._function()
            if self.abandoned.is_set():
                raise unavailable()
            return result

    def _translated(self, error: Exception) -> Exception:
        full = next((each for each in chain_of(error) if is_full(each)), None)
        if full is not None:
            log.warning("%s failed: %s", self.name, full)
            return StoreFull(*DISK_FULL)
        cause = original(error)
        if self._backend.wrote_while_reading(cause):
            return RuntimeError(f"{self.name} writes and is not marked with @writes")
        if self._backend.broke_constraint(cause):
            return Conflict("数据冲突：内容重复、不符合约束或正在被引用", CONFLICT)
        if is_our_mistake(cause):
            return RuntimeError(f"{self.name}: {cause}")
        log.warning("%s failed: %s", self.name, cause)
        return unavailable()


class Lane:
    """Threads with a bounded queue in front of them."""

    def __init__(self, name: str, threads: int, queue_limit: int, prepare: Callable[[], None]) -> None:
        self._executor = ThreadPoolExecutor(threads, name, prepare)
        self._room = BoundedSemaphore(threads + queue_limit)

    def submit(self, task: Callable[[], T]) -> Future[T]:
        """Queue a task; raises StoreBusy when there is no room, StoreUnavailable when the lane is closed."""
        if not self._room.acquire(blocking=False):
            raise StoreBusy("数据库繁忙，请稍后重试", "the database is busy; try again later")
        try:
            future = self._executor.submit(task)
        except RuntimeError:
            self._room.release()
            raise unavailable() from None
        future.add_done_callback(lambda _: self._room.release())
        return future

    def close(self) -> None:
        """Refuse what is queued and wait for what is running."""
        self._executor.shutdown(cancel_futures=True)


class Store:
    """A database, open and at this version's schema. Made by ``open``.

    ``service_lock`` is the lock by which one service at a time uses the database; its methods block.
    """

    def __init__(self, backend: Backend, clock: Clock, *, threads: int, queue_limit: int, time_limit: float) -> None:
        self._backend, self._time_limit = backend, time_limit
        self.full = False
        self.service_lock = backend.service_lock()
        prepare = partial(bind, backend, clock)
        if backend.serial_writes:
            self._writing = Lane("store-writer", 1, queue_limit, prepare)
            self._reading = Lane("store-reader", threads, queue_limit, prepare)
        else:
            self._writing = self._reading = Lane("store", threads, queue_limit, prepare)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        clock: Clock,
        data_dir: Path = Path(),
        threads: int = THREADS,
        queue_limit: int = QUEUE_LIMIT,
        time_limit: float = TIME_LIMIT_S,
        lock: bool = False,
    ) -> Store:
        """Connect and migrate. ``url`` as in ``address.parse``; ``time_limit`` in seconds for each call.

        With ``lock``, take the service lock before anything is migrated, and keep it until ``close``.
        Raises SettingsError for a URL that cannot be used, StoreUnavailable, MigrationError, StartupError.
        """
        # One connection more than readers: SQLite's writer has a thread of its own.
        backend = backend_for(parse(url, data_dir), threads + 1, time_limit)
        store = cls(backend, clock, threads=threads, queue_limit=queue_limit, time_limit=time_limit)
        try:
            await asyncio.wrap_future(store._writing.submit(partial(store._prepare, lock=lock)))
        except BaseException:
            await store.close()
            raise
        return store

    def __repr__(self) -> str:
        return f"Store({self._backend.address})"

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function and return its result after the commit.

        Raises what the function raises, after a rollback; Conflict when the database refuses a duplicate or a broken
        reference; StoreBusy when too much is queued; StoreUnavailable when the database is away or the time limit is
        over. A cancelled call is rolled back unless its commit is under way.
        """
        name = getattr(function, "__qualname__", repr(function))
        marked = hasattr(function, "store_writes")
        unit = Unit(self._backend, partial(function, *args, **kwargs), name, writes=marked)
        future = (self._writing if marked else self._reading).submit(unit)
        try:
            result = await self._result(future, unit)
        except StoreFull:
            self.full = True
            raise
        except asyncio.CancelledError:
            unit.abandoned.set()
            if is_being_cancelled():
                raise
            raise unavailable() from None
        self.full = self.full and not marked
        return result

    async def _result(self, future: Future[T], unit: Unit[T]) -> T:
        try:
            async with asyncio.timeout(self._time_limit) as limit:
                return await asyncio.wrap_future(future)
        except TimeoutError:
            if not limit.expired():
                raise
            unit.abandoned.set()
            log.warning("%s took longer than %g s", unit.name, self._time_limit)
            raise unavailable() from None

    async def ping(self) -> None:
        """Raises StoreUnavailable if the database does not respond."""
        await self.run(ping)

    async def close(self) -> None:
        """Let what is running end, which takes the time limit at most, refuse the rest, close all connections."""
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        self._writing.close()
        self._reading.close()
        self._backend.database.close_all()
        self.service_lock.release()

    def _prepare(self, *, lock: bool) -> None:
        try:
            self._backend.prepare()
            if lock:
                self.service_lock.acquire()
            with self._backend.exclusive() as database:
                migrate(database, dict(table.shape() for table in TABLES))
        except FAILURES as error:
            log.error("cannot open %s: %s", self._backend.address, original(error))
            raise unavailable() from error


def is_being_cancelled() -> bool:
    """Whether the present task was cancelled, rather than the future that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def ping() -> None:
    """The smallest query that shows that the database responds."""
    DATABASE.execute_sql("SELECT 1")


def original(error: Exception) -> Exception:
    """Return the driver's error from Peewee's wrapper."""
    cause: Exception = getattr(error, "orig", error)
    return cause


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those before it: SQLite has rolled back by itself when its disk is full, and says so after that."""
    while error is not None:
        yield getattr(error, "orig", error)
        error = error.__cause__ or error.__context__


def unavailable() -> StoreUnavailable:
    """The error for callers when the database is unavailable; the cause goes to the log."""
    return StoreUnavailable("数据库暂时不可用，请稍后重试", "the database is not available; try again later")
