"""Rows of test data in the hands of users: in virtual time, an engine and an allocator on one loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from perfsvc.cluster.local import DirectSupply
from perfsvc.cluster.local import LocalCluster
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.engine.engine import Callbacks
from perfsvc.engine.engine import Engine
from perfsvc.engine.engine import Node
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.share import Share
from perfsvc.engine.share import Slot
from perfsvc.errors import RunError
from perfsvc.model.data import Grant
from tests.engine.rig import spec_of
from tests.support import fake_protocol
from tests.support import virtual_time
from tests.support.fake_protocol import Answer
from tests.support.feeds import Numbered
from tests.support.run_recorder import RunRecorder

ROW = {"name": "get", "request": {"path": "{{n}}"}}
TWO_USERS = {"stages": [{"duration": 0, "target": 2}, {"duration": 5, "target": 2}]}


class DataRun:
    """A run with rows: what users asked the target for, and what the allocator reports of it."""

    def __init__(self, feed: Numbered, allocation: dict[str, Any], **more: Any) -> None:
        self.feed = feed
        more.setdefault("steps", [ROW])
        data = {"source": "numbered", "allocation": allocation}
        self.spec = spec_of(**{"load": TWO_USERS, **more}, data=data)
        self.recorder = RunRecorder()
        self.snapshots = self.recorder.snapshots
        self.ended = 0.0

    async def opened(self) -> Numbered:
        return self.feed

    async def run_to_end(self, script: Any = Answer()) -> DataRun:  # noqa: B008 - never changed
        assert self.spec.data is not None
        protocol = fake_protocol.answering(script)
        clock = virtual_time.current_clock()
        self.allocator = RowAllocator(self.opened, self.spec.data, self.spec.seed)
        cluster = LocalCluster(lambda name: protocol, clock, TargetPolicy())
        self.engine: Engine = cluster.deploy(self.spec, self.recorder, self.allocator)
        self.engine.compile()
        await self.allocator.open()
        await self.engine.prepare()
        self.engine.start()
        try:
            await self.engine.wait()
        finally:
            await self.allocator.close()
        self.log = protocol.made[-1].log
        return self

    @property
    def requested_paths(self) -> list[str]:
        return [path for _, _, path in self.log]

    @property
    def by_user(self) -> dict[int, list[str]]:
        return {vu: [path for _, user, path in self.log if user == vu] for vu in {user for _, user, _ in self.log}}

    @property
    def report(self) -> dict[str, Any]:
        return {name: value for name, value in self.allocator.report().items() if name not in ("source", "columns")}


def run_with(feed: Numbered, script: Any = Answer(), steps: Any = None, **allocation: Any) -> DataRun:  # noqa: B008
    return virtual_time.run(DataRun(feed, allocation, steps=steps or [ROW]).run_to_end(script))


def test_each_iteration_has_the_next_row_and_the_data_begins_again() -> None:
    run = run_with(Numbered(3))
    assert run.requested_paths[:7] == ["0", "1", "2", "0", "1", "2", "0"]
    assert len(run.requested_paths) == 1000
    assert run.report["used"] == 1000
    assert (run.report["total"], run.report["left"]) == (3, None)
    assert run.feed.rewinds == 0  # so little is kept
    assert run.feed.closed == 1


def test_a_unique_row_is_used_once_and_the_run_ends_with_the_data() -> None:
    run = run_with(Numbered(100), unique=True)
    assert sorted(map(int, run.requested_paths)) == list(range(100))
    assert run.log[-1][0] == pytest.approx(0.49, abs=0.02)
    assert run.allocator.over
    assert run.report == {
        "total": 100,
        "used": 100,
        "in_doubt": 0,
        "returned": 0,
        "left": 0,
        "recycled": 0,
        "warnings": [],
    }


def test_a_row_for_each_user_stays_with_it() -> None:
    run = run_with(Numbered(9), scope="vu")
    assert {vu: set(paths) for vu, paths in run.by_user.items()} == {1: {"0"}, 2: {"1"}}
    assert len(run.requested_paths) == 1000
    assert (run.report["used"], run.report["left"]) == (2, 7)
    assert not run.allocator.over


def test_one_row_for_everybody() -> None:
    run = run_with(Numbered(9), scope="run")
    assert set(run.requested_paths) == {"0"}
    assert len(run.requested_paths) == 1000
    assert (run.report["used"], run.report["left"]) == (1, 8)


def test_users_without_a_row_of_their_own_stop_and_the_others_go_on() -> None:
    run = run_with(Numbered(1), scope="vu", unique=True, at_end="stop_vu")
    assert run.by_user.keys() == {1}
    assert len(run.requested_paths) == 500
    assert not run.allocator.over
    assert [snapshot.vus for snapshot in run.snapshots[:5]] == [1] * 5


def test_a_user_without_a_row_of_its_own_stops_the_run() -> None:
    run = run_with(Numbered(1), scope="vu", unique=True)
    assert run.allocator.over
    assert run.engine.time.elapsed() < 0.1


def test_users_stop_one_by_one_when_the_data_is_used_up() -> None:
    run = run_with(Numbered(11), lambda scope, path: Answer(after=1.0 if scope.vu == 1 else 0.1), at_end="stop_vu")
    assert {vu: len(paths) for vu, paths in run.by_user.items()} == {1: 1, 2: 10}
    assert run.allocator.over
    assert run.engine.time.elapsed() == pytest.approx(1.0, abs=0.1)


def test_iterations_under_way_end_before_the_run_does() -> None:
    steps = [ROW, {"name": "again", "request": {"path": "{{n}}"}}]
    run = run_with(Numbered(5), steps=steps, unique=True)
    assert sorted(run.requested_paths) == sorted("0123401234")


def test_the_end_of_the_data_gives_no_more_time_than_a_stop() -> None:
    steps = [ROW, {"type": "think", "think_time": {"type": "constant", "value": 60}}, ROW]
    more = {"steps": steps, "load": {"stages": [{"duration": 0, "target": 2}, {"duration": 99, "target": 2}]}}
    slow = DataRun(Numbered(1), {"unique": True}, graceful_stop_s=3.0, **more)
    run = virtual_time.run(slow.run_to_end())
    assert run.requested_paths == ["0"]
    assert run.engine.time.elapsed() == pytest.approx(3, abs=0.1)


def test_the_last_row_is_held() -> None:
    run = run_with(Numbered(3), at_end="hold")
    assert run.requested_paths[:3] == ["0", "1", "2"]
    assert {vu: paths[-1] for vu, paths in run.by_user.items()} == {1: "2", 2: "1"}
    assert len(run.requested_paths) == 1000


def test_a_user_that_never_had_a_row_holds_the_last_one() -> None:
    run = run_with(Numbered(1), at_end="hold")
    assert set(run.requested_paths) == {"0"}
    assert run.by_user.keys() == {1, 2}


def test_on_start_has_the_row_of_the_first_iteration() -> None:
    scene = {"on_start": [{"name": "login", "request": {"path": "login-{{n}}"}}]}
    run = virtual_time.run(DataRun(Numbered(1000), {"unique": True}, scene=scene).run_to_end())
    for paths in run.by_user.values():
        assert paths[0] == f"login-{paths[1]}"
        assert len(set(paths[1:])) == len(paths[1:])


def test_a_column_wins_over_a_variable_of_the_environment() -> None:
    target = {"variables": {"n": "of-the-environment", "other": "kept"}}
    steps = [{"name": "get", "request": {"path": "{{n}}/{{other}}"}}]
    run = virtual_time.run(DataRun(Numbered(3), {}, steps=steps, target=target).run_to_end())
    assert run.requested_paths[:3] == ["0/kept", "1/kept", "2/kept"]


def test_users_wait_for_a_slow_source_and_the_wait_is_reported() -> None:
    feed = Numbered(1_000_000, after=5.0)
    load = {"stages": [{"duration": 0, "target": 2}, {"duration": 18, "target": 2}]}
    run = virtual_time.run(DataRun(feed, {}, load=load).run_to_end(Answer(after=0.0001)))
    waits = [snapshot.health.data_wait for snapshot in run.snapshots]
    assert max(waits) > 90
    assert len(run.requested_paths) == 4000  # what was read by then, block by block


def test_no_row_is_taken_in_a_pause_nor_lost_by_it() -> None:
    async def paused() -> DataRun:
        run = DataRun(Numbered(1_000), {"unique": True})
        whole = asyncio.create_task(run.run_to_end())
        await asyncio.sleep(1)
        run.engine.pause()
        await asyncio.sleep(5)
        run.engine.resume()
        return await whole

    run = virtual_time.run(paused())
    assert sorted(map(int, run.requested_paths)) == list(range(1000))
    assert run.report["used"] == 1000


def test_a_stop_gives_back_what_was_not_used() -> None:
    run = run_with(Numbered(100_000), unique=True)
    assert len(set(run.requested_paths)) == len(run.requested_paths) == run.report["used"] == 1000
    assert (run.report["left"], run.report["in_doubt"]) == (99_000, 0)
    assert run.feed.closed == 1


class Shared(DataRun):
    """Two nodes with rows of one allocator: one with a slow user, one with a fast one."""

    async def both(self) -> list[tuple[float, int, str]]:
        assert self.spec.data is not None
        protocol = fake_protocol.answering(lambda scope, path: Answer(after=90.0 if scope.vu == 1 else 0.001))
        clock = virtual_time.current_clock()
        self.allocator = RowAllocator(self.opened, self.spec.data, self.spec.seed)
        await self.allocator.open()
        engines = [self.engine_of(index, protocol, clock) for index in (0, 1)]
        for engine in engines:
            engine.compile()
            await engine.prepare()
        for engine in engines:
            engine.start()
            await asyncio.sleep(0.1)
        for engine in engines:
            await engine.wait()
        await self.allocator.close()
        return [path for made in protocol.made for path in made.log]

    def engine_of(self, index: int, protocol: Any, clock: Any) -> Engine:
        supply = DirectSupply(self.allocator, f"node-{index}")
        slot = Slot(Share(index, (1, 1)))
        return Engine(
            self.spec,
            Node(lambda name: protocol, clock, TargetPolicy(), slot=slot),
            Callbacks(self.snapshots.append),
            supply,
        )


def test_a_slow_node_gives_its_rows_to_one_that_needs_them_though_it_asks_for_more() -> None:
    shared = Shared(
        Numbered(12), {"unique": True}, load={"stages": [{"duration": 0, "target": 2}, {"duration": 99, "target": 2}]}
    )
    log = virtual_time.run(shared.both())
    assert len({path for _, _, path in log}) == len(log) == 11  # the slow one has claimed one more
    assert shared.report["left"] == 1
    assert max(moment for moment, vu, _ in log if vu != 1) < 5


def test_rows_that_a_node_has_claimed_are_used_though_no_user_is_busy_at_the_end_of_the_data() -> None:
    load = {"stages": [{"duration": 0, "target": 2}, {"duration": 30, "target": 2}], "variable": "arrival_rate"}
    run = virtual_time.run(DataRun(Numbered(7), {"unique": True}, load={**load, "max_vus": 10}).run_to_end())
    assert sorted(map(int, run.requested_paths)) == list(range(7))
    assert run.report["left"] == 0
    assert run.engine.time.elapsed() == pytest.approx(3.02, abs=0.05)


@pytest.mark.parametrize("late", ["drop", "wait"])
def test_arrivals_that_find_no_row_are_dropped_and_counted(late: str) -> None:
    load = {"stages": [{"duration": 0, "target": 100}, {"duration": 5, "target": 100}], "variable": "arrival_rate"}
    more = {**load, "max_vus": 10, "when_late": late}
    allocation = {"unique": True, "scope": "vu", "at_end": "stop_vu"}
    run = virtual_time.run(DataRun(Numbered(1), allocation, load=more).run_to_end(Answer(after=0.1)))
    assert len(run.requested_paths) + sum(snapshot.dropped for snapshot in run.snapshots) == 500
    assert (
        sum(snapshot.iterations for snapshot in run.snapshots) == len(run.requested_paths) == pytest.approx(50, abs=5)
    )
    assert len(run.by_user) == 1


def test_waiting_users_leave_at_an_unexpected_end() -> None:
    async def main() -> None:
        run = DataRun(Numbered(5000, after=5.0), {})
        whole = asyncio.create_task(run.run_to_end(Answer(after=0.0001)))
        await asyncio.sleep(9)
        assert run.engine.rows is not None
        run.engine.rows.on_grant(Grant(ended=True))
        await whole
        assert len(run.requested_paths) == 1000
        assert run.snapshots[-1].vus == 0

    virtual_time.run(main())


def test_a_failure_of_the_source_fails_the_run() -> None:
    with pytest.raises(RunError, match="data source numbered: the line is cut"):
        run_with(Numbered(100, fails_at=50))


def test_arrivals_wait_for_rows_and_the_run_ends_with_the_data() -> None:
    load = {"stages": [{"duration": 0, "target": 100}, {"duration": 10, "target": 100}], "variable": "arrival_rate"}
    run = virtual_time.run(DataRun(Numbered(150), {"unique": True}, load={**load, "max_vus": 10}).run_to_end())
    assert sorted(map(int, run.requested_paths)) == list(range(150))
    assert run.allocator.over
    assert run.engine.time.elapsed() == pytest.approx(1.51, abs=0.1)
