"""The recorder and its spool: nothing lost, nothing twice, whatever the database does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import cast

import pytest

from perfsvc.clock import SystemClock
from perfsvc.errors import StoreUnavailable
from perfsvc.model.config import PlanConfig
from perfsvc.model.window import Snapshot
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store import recorder as recorders
from perfsvc.store import spool
from perfsvc.store import users
from perfsvc.store import window_rows
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.recorder import Recorder
from perfsvc.store.spool import Replayed
from perfsvc.store.spool import SnapshotSpool
from perfsvc.store.spool import files_in
from perfsvc.store.spool import replay_spool
from tests.store.conftest import FakeClock
from tests.store.conftest import MakeSnapshot
from tests.store.conftest import World
from tests.support.mariadb import Server

QUICK = 0.02


def unreadable(path: Path, error: Exception) -> None:
    raise AssertionError(path) from error


class FailingStore:
    """A store that can be made unavailable, or made to hang."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.unavailable = False
        self.hanging = False
        self.loses_reply = False
        self.called = asyncio.Event()

    async def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.called.set()
        if self.hanging:
            await asyncio.Event().wait()
        if self.unavailable:
            raise StoreUnavailable("", "unavailable")
        result = await self._store.run(function, *args, **kwargs)
        if self.loses_reply:
            raise StoreUnavailable("", "the reply was lost")
        return result

    def as_store(self) -> Store:
        return cast("Store", self)


@pytest.fixture
def failing(store: Store) -> FailingStore:
    return FailingStore(store)


def recorder_of(
    store: Store | FailingStore, world: World, tmp_path: Path, clock: FakeClock, **options: Any
) -> Recorder:
    options = {"interval": QUICK, **options}
    return Recorder(cast("Store", store), "run-1", world.plan.id, tmp_path / "spool", clock, **options)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another task does."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


def files(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "spool").glob("*")]


@pytest.mark.asyncio
async def test_snapshots_are_written_while_the_run_goes_on(
    store: Store, world: World, tmp_path: Path, clock: FakeClock, snapshot: MakeSnapshot
) -> None:
    recorder = recorder_of(store, world, tmp_path, clock)
    await recorder.start()
    recorder.add(snapshot(1))
    found: list[Snapshot] = []
    async with asyncio.timeout(60):
        while not found:
            found = await store.run(windows.of_execution, "run-1")
    recorder.add(snapshot(2))
    recorder.add(snapshot(2))
    await recorder.stop()
    assert await store.run(windows.of_execution, "run-1") == [snapshot(1), snapshot(2)]
    assert recorder.lost == 0
    assert files(tmp_path) == []


@pytest.mark.asyncio
async def test_while_the_database_is_away_snapshots_wait_in_the_spool(
    store: Store, failing: FailingStore, world: World, tmp_path: Path, clock: FakeClock, snapshot: MakeSnapshot,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    recorder = recorder_of(failing, world, tmp_path, clock)
    await recorder.start()
    failing.unavailable = True
    for seq in range(3):
        recorder.add(snapshot(seq))
        await until(lambda seq=seq: spooled(tmp_path) == seq + 1)  # type: ignore[misc]
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "spool" / "run-1.jsonl").stat().st_mode & 0o777 == 0o600
    clock.seconds += 7
    failing.unavailable = False
    recorder.add(snapshot(3))
    await until(lambda: files(tmp_path) == [])
    await recorder.stop()
    assert await store.run(windows.of_execution, "run-1") == [snapshot(seq) for seq in range(4)]
    assert recorder.lost == 0
    assert "the database is back after 7.0 s" in caplog.text


def spooled(tmp_path: Path) -> int:
    path = tmp_path / "spool" / "run-1.jsonl"
    return len(path.read_bytes().splitlines()) if path.exists() else 0


@pytest.mark.asyncio
async def test_the_spool_is_emptied_even_when_nothing_new_comes(
    store: Store, failing: FailingStore, world: World, tmp_path: Path, clock: FakeClock, snapshot: MakeSnapshot
) -> None:
    recorder = recorder_of(failing, world, tmp_path, clock)
    await recorder.start()
    failing.unavailable = True
    recorder.add(snapshot(1))
    await until(lambda: spooled(tmp_path) == 1)
    failing.unavailable = False
    await until(lambda: files(tmp_path) == [])
    await recorder.stop()
    assert await store.run(windows.of_execution, "run-1") == [snapshot(1)]


@pytest.mark.asyncio
async def test_a_write_whose_answer_was_lost_counts_once(
    store: Store, failing: FailingStore, world: World, tmp_path: Path, clock: FakeClock, snapshot: MakeSnapshot
) -> None:
    recorder = recorder_of(failing, world, tmp_path, clock)
    await recorder.start()
    failing.loses_reply = True
    recorder.add(snapshot(1))
    await until(lambda: spooled(tmp_path) == 1)
    failing.loses_reply = False
    await recorder.stop()
    assert await store.run(windows.of_execution, "run-1") == [snapshot(1)]
    assert (recorder.lost, files(tmp_path)) == (0, [])


@pytest.mark.asyncio
async def test_stop_leaves_the_rest_for_the_next_start(
    store: Store, failing: FailingStore, world: World, tmp_path: Path, clock: FakeClock, snapshot: MakeSnapshot
) -> None:
    recorder = recorder_of(failing, world, tmp_path, clock)
    await recorder.start()
    failing.unavailable = True
    recorder.add(snapshot(1))
    await recorder.stop()
    assert (recorder.lost, files(tmp_path)) == (0, ["run-1.jsonl"])
    assert await replay_spool(store, files_in(tmp_path / "spool"), unreadable) == Replayed(1, 0)
    assert await replay_spool(store, files_in(tmp_path / "spool"), unreadable) == Replayed(0, 0)
    assert await store.run(windows.of_execution, "run-1") == [snapshot(1)]


@pytest.mark.asyncio
@pytest.mark.parametrize("hangs_before_stop", [True, False])
async def test_stop_waits_only_so_long(
    store: Store, failing: FailingStore, world: World, tmp_path: Path, clock: FakeClock, snapshot: MakeSnapshot,
    hangs_before_stop: bool,
) -> None:  # fmt: skip
    recorder = recorder_of(failing, world, tmp_path, clock, stop_limit=0.1, interval=QUICK if hangs_before_stop else 60)
    await recorder.start()
    failing.hanging = True
    recorder.add(snapshot(1))
    if hangs_before_stop:
        await failing.called.wait()
    recorder.add(snapshot(2))
    async with asyncio.timeout(60):
        await recorder.stop()
    assert (recorder.lost, spooled(tmp_path)) == (0, 2)
    assert await replay_spool(store, files_in(tmp_path / "spool"), unreadable) == Replayed(2, 0)


@pytest.mark.asyncio
async def test_a_recorder_that_is_cancelled_keeps_what_it_was_given(
    store: Store, failing: FailingStore, world: World, tmp_path: Path, clock: FakeClock, snapshot: MakeSnapshot
) -> None:
    recorder = recorder_of(failing, world, tmp_path, clock)
    await recorder.start()
    failing.hanging = True
    recorder.add(snapshot(1))
    await failing.called.wait()
    stopping = asyncio.create_task(recorder.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert await replay_spool(store, files_in(tmp_path / "spool"), unreadable) == Replayed(1, 0)


@pytest.mark.asyncio
async def test_what_finds_no_room_in_the_spool_is_counted(
    store: Store, failing: FailingStore, world: World, tmp_path: Path, clock: FakeClock, snapshot: MakeSnapshot,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    recorder = recorder_of(failing, world, tmp_path, clock, spool_limit=1000)
    failing.unavailable = True
    for seq in range(10):
        recorder.add(snapshot(seq))
    await recorder.start()
    await recorder.stop()
    kept = spooled(tmp_path)
    assert kept in (1, 2)
    assert (tmp_path / "spool" / "run-1.jsonl").stat().st_size <= 1000
    assert recorder.lost == 10 - kept
    assert sum(last + 1 - first for first, last in recorder.lost_seconds) == 10 - kept
    assert f"{10 - kept} snapshots lost: there is no room in the spool" in caplog.text
    assert await replay_spool(store, files_in(tmp_path / "spool"), unreadable) == Replayed(kept, 0)


@pytest.mark.asyncio
async def test_add_never_raises_and_never_grows_without_bound(
    store: Store,
    world: World,
    tmp_path: Path,
    clock: FakeClock,
    snapshot: MakeSnapshot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorders, "MAX_PENDING", 3)
    recorder = recorder_of(store, world, tmp_path, clock)
    recorder.add(snapshot(1, node="\ud800"))
    for seq in range(4):
        recorder.add(snapshot(seq))
    assert recorder.lost == 2
    await recorder.start()
    await recorder.stop()
    assert recorder.lost == 3
    recorder.add(snapshot(9))
    assert recorder.lost == 4
    assert await store.run(windows.of_execution, "run-1") == [snapshot(seq) for seq in range(2)]


@pytest.mark.asyncio
async def test_snapshots_of_a_deleted_plan_are_counted_and_do_not_stay(
    store: Store, failing: FailingStore, world: World, tmp_path: Path, clock: FakeClock, snapshot: MakeSnapshot
) -> None:
    recorder = recorder_of(failing, world, tmp_path, clock)
    await recorder.start()
    failing.unavailable = True
    recorder.add(snapshot(1))
    await until(lambda: spooled(tmp_path) == 1)
    await store.run(plans.delete, world.plan.id)
    failing.unavailable = False
    recorder.add(snapshot(2))
    await recorder.stop()
    assert (recorder.lost, files(tmp_path)) == (2, [])


@pytest.mark.asyncio
async def test_lines_cut_short_by_a_crash_are_passed_over(
    store: Store, world: World, tmp_path: Path, snapshot: MakeSnapshot
) -> None:
    own = SnapshotSpool(tmp_path, "run-1")
    rows = [window_rows.encode(world.plan.id, "run-1", snapshot(seq)) for seq in range(500)]
    assert own.append(rows) == 0
    with own.path.open("r+b") as file:
        file.truncate(own.path.stat().st_size - 10)
    other = SnapshotSpool(tmp_path, "run-0")
    other.append([window_rows.encode(99, "run-0", snapshot(1))])
    assert await replay_spool(store, files_in(tmp_path), unreadable) == Replayed(499, 2)
    assert len(await store.run(windows.of_execution, "run-1")) == 499
    assert list(tmp_path.glob("*.jsonl")) == []


@pytest.mark.asyncio
async def test_replay_that_is_interrupted_goes_on_the_next_time(
    store: Store,
    failing: FailingStore,
    world: World,
    tmp_path: Path,
    snapshot: MakeSnapshot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spool, "BATCH", 2)
    own = SnapshotSpool(tmp_path, "run-1")
    own.append([window_rows.encode(world.plan.id, "run-1", snapshot(seq)) for seq in range(5)])
    first = True

    async def once(function: Callable[..., Any], *args: Any) -> Any:
        nonlocal first
        if not first:
            raise StoreUnavailable("", "unavailable")
        first = False
        return await store.run(function, *args)

    monkeypatch.setattr(failing, "run", once)
    with pytest.raises(StoreUnavailable):
        await replay_spool(failing.as_store(), files_in(tmp_path), unreadable)
    assert await replay_spool(store, files_in(tmp_path), unreadable) == Replayed(5, 0)
    assert await store.run(windows.of_execution, "run-1") == [snapshot(seq) for seq in range(5)]


def test_a_disk_that_fails_loses_only_what_it_did_not_take(
    tmp_path: Path, snapshot: MakeSnapshot, caplog: pytest.LogCaptureFixture
) -> None:
    own = SnapshotSpool(tmp_path / "spool", "run-1")
    row = window_rows.encode(1, "run-1", snapshot(1))
    assert own.append([row]) == 0
    own.path.chmod(0o600)
    own.path.rename(tmp_path / "kept")
    own.path.mkdir()
    assert own.append([row, row]) == 2
    assert "the spool cannot be written" in caplog.text
    own.path.rmdir()
    (tmp_path / "kept").rename(own.path)
    with own.path.open("ab") as file:
        file.write(b"half a li")
    assert own.append([row]) == 0
    assert len(own.path.read_bytes().splitlines()) == 2
    assert own.empty is False
    own.clear()
    own.clear()
    assert own.empty is True


@pytest.mark.asyncio
async def test_a_database_killed_and_restarted_in_mid_recording(
    tmp_path: Path, snapshot: MakeSnapshot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    server = Server(tmp_path / "m", durable=True)
    server.install()
    server.start()
    try:
        store = await Store.open(server.new_database(), clock=SystemClock(), time_limit=5)
        user = await store.run(users.create, "wang", "", "hash")
        project = await store.run(projects.create, "shop", "wang", user.id)
        plan = await store.run(plans.create, project.id, user.id, "p", PlanConfig.parse({"vus": 1}))
        recorder = Recorder(store, "run-1", plan.id, tmp_path / "spool", SystemClock(), interval=QUICK)
        await recorder.start()

        async def feed(first: int, count: int) -> None:
            for seq in range(first, first + count):
                recorder.add(snapshot(seq))
                await asyncio.sleep(0.005)

        await feed(0, 40)
        killing = asyncio.create_task(asyncio.to_thread(server.kill))
        await feed(40, 40)
        await killing
        await until(lambda: spooled(tmp_path) > 0)
        await asyncio.gather(asyncio.to_thread(server.start), feed(80, 40))
        await until(lambda: files(tmp_path) == [])
        await feed(120, 10)
        await recorder.stop()
        assert await store.run(windows.of_execution, "run-1") == [snapshot(seq) for seq in range(130)]
        assert recorder.lost == 0
        await store.close()
    finally:
        server.stop()
