"""The one way to the database: transactions, limits, and what errors become."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from pathlib import Path
from typing import cast

import pymysql
import pytest

from perfsvc.clock import SystemClock
from perfsvc.errors import Conflict
from perfsvc.errors import SettingsError
from perfsvc.errors import StartupError
from perfsvc.errors import StoreBusy
from perfsvc.errors import StoreUnavailable
from perfsvc.store import database
from perfsvc.store import users
from perfsvc.store.backends import Backend
from perfsvc.store.binding import DATABASE
from perfsvc.store.binding import now
from perfsvc.store.database import ATTEMPTS
from perfsvc.store.database import Store
from perfsvc.store.database import Unit
from perfsvc.store.database import writes
from perfsvc.store.tables import UserRow
from tests.store.conftest import MakeStore
from tests.support.mariadb import Server
from tests.support.mariadb import url as mariadb_url
from tests.support.ports import free_port

ENDLESS = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t"


def names() -> list[str]:
    return [row.username for row in UserRow.select().order_by(UserRow.id)]


def add_user(name: str) -> int:
    return UserRow.add(username=name, email="", password="")


@writes
def add_user_marked(name: str) -> int:
    return add_user(name)


@writes
def add_and_fail(name: str) -> None:
    add_user(name)
    raise ZeroDivisionError


@writes
def add_when(name: str, started: threading.Event, gate: threading.Event) -> None:
    add_user(name)
    started.set()
    gate.wait(30)


def wait_for(gate: threading.Event) -> None:
    gate.wait(30)


def never_ends() -> None:
    DATABASE.execute_sql(
        ENDLESS if DATABASE.returning_clause is False and DATABASE.param == "?" else "SELECT SLEEP(60)"
    )


@pytest.mark.asyncio
async def test_a_function_gets_its_arguments_and_gives_its_result(store: Store) -> None:
    assert await store.run(add_user_marked, "wang") == 1
    assert await store.run(names) == ["wang"]


@pytest.mark.asyncio
async def test_an_unmarked_write_fails_loudly_and_writes_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError, match="add_user writes and is not marked with @writes"):
        await store.run(add_user, "wang")
    assert await store.run(names) == []


@pytest.mark.asyncio
async def test_reading_works_on_a_connection_that_has_written_and_the_other_way_round(open_store: MakeStore) -> None:
    store = await open_store(threads=1)
    for name in ("a", "b"):
        await store.run(add_user_marked, name)
        with pytest.raises(RuntimeError):
            await store.run(add_user, "c")
    assert await store.run(names) == ["a", "b"]


@pytest.mark.asyncio
async def test_what_the_function_raises_comes_through_after_a_rollback(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        await store.run(add_and_fail, "wang")
    assert await store.run(names) == []


def ask_nonsense() -> None:
    DATABASE.execute_sql("SELECT x FROM no_such_table")


@pytest.mark.asyncio
async def test_wrong_sql_is_not_taken_for_a_database_that_is_away(store: Store) -> None:
    with pytest.raises(RuntimeError, match=r"ask_nonsense: .*no_such_table"):
        await store.run(ask_nonsense)


@pytest.mark.asyncio
async def test_a_duplicate_is_a_conflict(store: Store) -> None:
    await store.run(add_user_marked, "wang")
    with pytest.raises(Conflict) as caught:
        await store.run(add_user_marked, "wang")
    assert caught.value.text.zh == "数据冲突：内容重复、不符合约束或正在被引用"


@pytest.mark.asyncio
async def test_names_that_look_different_are_different(store: Store) -> None:
    for name in ("wang", "Wang", "wäng", "王"):
        await store.run(add_user_marked, name)
    assert await store.run(names) == ["wang", "Wang", "wäng", "王"]


@pytest.mark.asyncio
async def test_a_full_queue_says_busy_and_recovers(open_store: MakeStore) -> None:
    store = await open_store(threads=1, queue_limit=2)
    gate = threading.Event()
    taken = [asyncio.create_task(store.run(wait_for, gate)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(StoreBusy) as caught:
        await store.run(names)
    assert caught.value.status == 503
    gate.set()
    await asyncio.gather(*taken)
    assert await store.run(names) == []


@pytest.mark.asyncio
async def test_a_call_that_takes_too_long_is_given_up(open_store: MakeStore) -> None:
    store = await open_store(threads=1, time_limit=0.3)
    with pytest.raises(StoreUnavailable):
        await store.run(never_ends)
    await answers(store)


async def answers(store: Store) -> None:
    """Wait, for a few time limits at most, until the one thread is free again."""
    for _ in range(20):
        try:
            return await store.ping()
        except StoreUnavailable:
            continue
    raise AssertionError("the thread is still held by the call that was given up")


@pytest.mark.asyncio
async def test_a_write_that_was_given_up_is_rolled_back(open_store: MakeStore) -> None:
    store = await open_store(threads=1)
    patient, store._time_limit = store._time_limit, 0.3
    started, gate = threading.Event(), threading.Event()
    with pytest.raises(StoreUnavailable):
        await store.run(add_when, "late", started, gate)
    assert await asyncio.to_thread(started.wait, 30)
    gate.set()
    store._time_limit = patient
    await store.run(add_user_marked, "next")
    assert await store.run(names) == ["next"]


@pytest.mark.asyncio
async def test_a_write_whose_caller_was_cancelled_is_rolled_back(open_store: MakeStore) -> None:
    store = await open_store(threads=1)
    started, gate = threading.Event(), threading.Event()
    task = asyncio.create_task(store.run(add_when, "gone", started, gate))
    await asyncio.to_thread(started.wait, 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.set()
    await store.run(add_user_marked, "next")
    assert await store.run(names) == ["next"]


@pytest.mark.asyncio
async def test_a_closed_store_refuses(store: Store) -> None:
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.run(names)


@pytest.mark.asyncio
async def test_closing_lets_what_runs_end_and_refuses_what_waits(open_store: MakeStore) -> None:
    store = await open_store(threads=1)
    started, gate = threading.Event(), threading.Event()
    running = asyncio.create_task(store.run(add_when, "running", started, gate))
    await asyncio.to_thread(started.wait, 30)
    waiting = asyncio.create_task(store.run(add_user_marked, "waiting"))
    await asyncio.sleep(0)
    closing = asyncio.create_task(store.close())
    with pytest.raises(StoreUnavailable):
        await waiting
    gate.set()
    await asyncio.gather(running, closing)
    again = await open_store()
    assert await again.run(names) == ["running"]


@pytest.mark.asyncio
async def test_many_writers_at_once_lose_nothing(open_store: MakeStore) -> None:
    stores = [await open_store(), await open_store()]
    writing = [stores[number % 2].run(add_user_marked, f"u{number}") for number in range(60)]
    await asyncio.gather(*writing)
    assert sorted(await stores[0].run(names)) == sorted(f"u{number}" for number in range(60))


@pytest.mark.asyncio
async def test_writers_that_block_each_other_are_tried_again(mariadb: Server) -> None:
    store = await Store.open(mariadb.new_database(), clock=SystemClock(), threads=2)
    keys = [await store.run(add_user_marked, name) for name in ("a", "b")]
    both_hold_one = threading.Barrier(2, timeout=30)
    attempts: list[int] = []

    @writes
    def append_to(first: int, second: int) -> None:
        attempts.append(first)
        append_dot(first)
        if attempts.count(first) == 1:
            both_hold_one.wait()
        append_dot(second)

    await asyncio.gather(store.run(append_to, *keys), store.run(append_to, *reversed(keys)))
    assert [(await store.run(users.get, key)).password_hash for key in keys] == ["..", ".."]
    assert len(attempts) == 3
    await store.close()


def append_dot(key: int) -> None:
    UserRow.update(password=UserRow.password.concat(".")).where(UserRow.id == key).execute()


def test_outside_of_the_store_nothing_works() -> None:
    with pytest.raises(AttributeError):
        names()
    with pytest.raises(RuntimeError):
        now()


@pytest.mark.asyncio
async def test_the_database_comes_back(tmp_path: Path) -> None:
    server = Server(tmp_path / "m", durable=True)
    server.install()
    server.start()
    try:
        store = await Store.open(server.new_database(), clock=SystemClock(), time_limit=10)
        await store.run(add_user_marked, "before")
        server.kill()
        for function in (names, users.purge_expired):
            with pytest.raises(StoreUnavailable):
                await store.run(function)
        server.start()
        await store.run(add_user_marked, "after")
        assert await store.run(names) == ["before", "after"]
        await store.close()
    finally:
        server.stop()


@pytest.mark.asyncio
async def test_a_server_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(StoreUnavailable):
        await Store.open(mariadb_url(free_port(), "x"), clock=SystemClock())
    assert "cannot open mysql://perfsvc:***@127.0.0.1" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.asyncio
async def test_a_wrong_password_is_not_told(mariadb: Server, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        await Store.open(mariadb.new_database().replace("s3cret", "0ther"), clock=SystemClock())
    assert "0ther" not in caplog.text + str(caught.value)


@pytest.mark.asyncio
async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartupError):
        await Store.open("sqlite:///file/x.db", clock=SystemClock(), data_dir=tmp_path)


@pytest.mark.asyncio
async def test_the_file_of_sqlite_is_for_its_owner_only(tmp_path: Path) -> None:
    store = await Store.open("sqlite:///new/x.db", clock=SystemClock(), data_dir=tmp_path)
    await store.close()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "x.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.asyncio
async def test_a_url_that_means_nothing() -> None:
    with pytest.raises(SettingsError):
        await Store.open("oracle://x", clock=SystemClock())


@pytest.mark.asyncio
async def test_transactions_that_deadlock_are_tried_again(open_store: MakeStore) -> None:
    store = await open_store()
    first, second = await store.run(add_user_marked, "first"), await store.run(add_user_marked, "second")
    met = threading.Barrier(2)

    @writes
    def change(one: int, other: int) -> None:
        UserRow.update(email=f"{one}").where(UserRow.id == one).execute()
        if not met.broken:
            with suppress(threading.BrokenBarrierError):  # of the second attempt, or where writers take turns
                met.wait(0.2)
            met.abort()
        UserRow.update(email=f"{one}").where(UserRow.id == other).execute()

    await asyncio.gather(store.run(change, first, second), store.run(change, second, first))


class Unlucky:
    """A backend on which a transaction loses its race so many times."""

    def __init__(self, times: int) -> None:
        self.left = times

    @contextmanager
    def transaction(self, *, writes: bool, abandoned: threading.Event) -> Iterator[None]:
        yield
        self.left -= 1
        if self.left >= 0:
            raise pymysql.err.OperationalError(1213, "Deadlock found when trying to get lock; try restarting")

    def lost_a_race(self, error: Exception) -> bool:
        return error.args[0] == 1213

    def wrote_while_reading(self, error: Exception) -> bool:
        return False

    broke_constraint = wrote_while_reading


def test_a_race_that_is_lost_several_times_is_no_failure() -> None:
    unit = Unit(cast("Backend", Unlucky(ATTEMPTS - 1)), lambda: "done", "name", writes=True)
    assert unit() == "done"
    with pytest.raises(StoreUnavailable):
        Unit(cast("Backend", Unlucky(ATTEMPTS)), lambda: "done", "name", writes=True)()


def test_a_caller_that_has_gone_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "FIRST_PAUSE_S", 60.0)
    unit = Unit(cast("Backend", Unlucky(1)), lambda: "done", "name", writes=True)
    unit.abandoned.set()
    with pytest.raises(StoreUnavailable):
        unit()
