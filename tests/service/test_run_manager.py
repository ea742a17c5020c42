"""The run manager over a real store: one run per plan, starting and stopping that cross, storing the end late."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from typing import cast

import pytest

from perfsvc.cluster.interface import RunListener
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.errors import Conflict
from perfsvc.errors import IllegalTransition
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.errors import RunError
from perfsvc.errors import StoreUnavailable
from perfsvc.metrics.histogram import Histogram
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import SceneWeight
from perfsvc.model.entities import User
from perfsvc.model.execution import Execution
from perfsvc.model.run import RunSpec
from perfsvc.model.run import RunState
from perfsvc.model.scene import SceneSpec
from perfsvc.model.window import StepWindow
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.auth.vault import Vault
from perfsvc.service.data.project_data import ProjectData
from perfsvc.service.envs import Envs
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.service.runs import manager
from perfsvc.service.runs import run as run_module
from perfsvc.service.runs.manager import KEPT_FEEDS
from perfsvc.service.runs.manager import RunManager
from perfsvc.service.runs.recovery import close_interrupted
from perfsvc.service.runs.run_windows import RunWindows
from perfsvc.service.runs.run_windows import TimeSelection
from perfsvc.store import executions
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store import reports
from perfsvc.store import scenes
from perfsvc.store import users
from perfsvc.store.database import Store
from perfsvc.store.recorder import Recorder
from tests.support.fake_cluster import FakeNodes
from tests.support.manual_clock import ManualClock
from tests.support.many_nodes import T0
from tests.support.many_nodes import ManyNodes

pytestmark = pytest.mark.asyncio

CONFIG = PlanConfig.parse({"concurrent_users": 2, "target_url": "http://127.0.0.1:1/"})
LIMIT_S = 60


class HeldNodes(ManyNodes):
    """A deployment whose setup lasts until ``setup`` is set or the run is stopped; ``error`` is what it ends with."""

    def __init__(self, setup: asyncio.Event, error: Exception | None) -> None:
        super().__init__("local")
        self.preparing = asyncio.Event()
        self.setup = setup
        self.error = error

    async def prepare(self) -> None:
        self.preparing.set()
        waits = [asyncio.ensure_future(event.wait()) for event in (self.setup, self._ended)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if self.error is not None:
            raise self.error


class HeldCluster(FakeNodes):
    """Makes deployments of one node; ``setup`` is clear while a test holds them in their setup."""

    def __init__(self) -> None:
        super().__init__()
        self.setup = asyncio.Event()
        self.setup.set()
        self.error: Exception | None = None
        self.deployed: list[HeldNodes] = []
        self.another = asyncio.Event()

    def deploy(
        self,
        spec: RunSpec,
        listener: RunListener,
        allocator: RowAllocator | None = None,
    ) -> ManyNodes:
        held = HeldNodes(self.setup, self.error)
        self.deployed.append(held)
        self.another.set()
        return held.deploy(spec, listener, allocator)


class WatchedStore:
    """The store, which can be away, hang, or lose replies; ``calls`` are the names of what was run on it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.away = False
        self.hanging = False
        self.lost_reply = ""
        self.calls: list[str] = []

    async def run(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self.calls.append(function.__name__)
        if self.away:
            raise StoreUnavailable("数据库不可用", "the database is away")
        while self.hanging:
            await asyncio.sleep(0.001)
        result = await self.store.run(function, *arguments, **named)
        if function.__name__ == self.lost_reply:
            self.lost_reply = ""
            raise StoreUnavailable("数据库不可用", "the reply was lost")
        return result


VAULT = Vault("k" * 32)


class NoFiles:
    """A project without data files."""

    def __init__(self, envs: Envs) -> None:
        self.envs = envs

    async def files_of(self, project_id: int) -> dict[str, str]:
        return {}

    def for_run(self, project_id: int, env: Any) -> None: ...


class Rig:
    """A manager over a project with as many plans as a test asks for."""

    def __init__(self, store: Store, folder: Path, user: User, project_id: int) -> None:
        self.store = WatchedStore(store)
        self.user = user
        self.cluster = HeldCluster()
        self._project_id = project_id
        clock, watched = ManualClock(), cast(Store, self.store)
        self.runs = RunManager(
            watched,
            self.cluster,
            clock,
            lambda execution_id, plan_id: Recorder(watched, execution_id, plan_id, folder / "spool", clock),
            cast(ProjectData, NoFiles(Envs(watched, VAULT))),
            PlanSecrets(Catalog([]), VAULT),
        )

    async def plan(self, **config: Any) -> int:
        made = await self.store.store.run(
            plans.create, self._project_id, self.user.id, "peak", CONFIG.merged(config) if config else CONFIG
        )
        return made.id

    def start(self, plan_id: int) -> asyncio.Task[Execution]:
        return asyncio.create_task(self.runs.start(plan_id, self.user))

    async def stored(self, execution_id: str) -> Execution:
        return await self.store.store.run(executions.get, execution_id)

    async def held(self) -> HeldNodes:
        """The deployment that is in its setup."""
        await asyncio.wait_for(self.cluster.another.wait(), LIMIT_S)
        held = self.cluster.deployed[-1]
        await asyncio.wait_for(held.preparing.wait(), LIMIT_S)
        return held


@asynccontextmanager
async def rig_in(folder: Path) -> AsyncIterator[Rig]:
    store = await Store.open("sqlite:///perfsvc.db", clock=ManualClock(), data_dir=folder)
    user = await store.run(users.create, "u", "u@example.com", "x")
    project = await store.run(projects.create, "shop", "u", user.id)
    rig = Rig(store, folder, user, project.id)
    try:
        yield rig
    finally:
        rig.cluster.setup.set()
        await rig.runs.close()
        await store.close()


async def test_a_plan_has_one_run_at_a_time(tmp_path: Path) -> None:
    async with rig_in(tmp_path) as rig:
        plan, other = await rig.plan(), await rig.plan()
        first = await rig.start(plan)
        assert first.state is RunState.RUNNING
        with pytest.raises(Conflict):
            await rig.start(plan)
        await rig.start(other)
        assert (rig.runs.active_count, rig.runs.is_active(plan), rig.runs.is_active(other)) == (2, True, True)
        assert (await rig.runs.stop(plan, rig.user)).state is RunState.STOPPED
        assert (await rig.start(plan)).execution_id != first.execution_id


async def test_a_second_start_while_the_first_is_under_way_is_refused(tmp_path: Path) -> None:
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan()
        first, second = rig.start(plan), rig.start(plan)
        with pytest.raises(Conflict):
            await second
        assert (await first).state is RunState.RUNNING
        assert len(rig.cluster.deployed) == 1


async def test_a_caller_that_gives_up_does_not_open_the_door_to_a_second_run(tmp_path: Path) -> None:
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan()
        first = rig.start(plan)
        await asyncio.sleep(0)  # it is reading the plan
        first.cancel()
        await asyncio.wait([first])
        with pytest.raises(Conflict):
            await rig.start(plan)
        await rig.held()
        assert len(rig.cluster.deployed) == 1


async def test_stopping_while_the_setup_is_under_way(tmp_path: Path) -> None:
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan()
        rig.cluster.setup.clear()
        starting = rig.start(plan)
        await rig.held()
        stopped = await asyncio.wait_for(rig.runs.stop(plan, rig.user), LIMIT_S)
        assert stopped.state is RunState.STOPPED
        assert (await starting).execution_id == stopped.execution_id
        stored = await rig.stored(stopped.execution_id)
        assert stored.reason is not None
        assert (stored.state, stored.reason.code) == (RunState.STOPPED, "stopped_by_user")


async def test_a_start_does_not_wait_for_the_setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "START_WAIT_S", 0.01)
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan()
        rig.cluster.setup.clear()
        started = await asyncio.wait_for(rig.start(plan), LIMIT_S)
        assert started.state is RunState.STARTING
        assert (await rig.runs.execution(started.execution_id)).state is RunState.STARTING


async def test_a_start_that_fails_leaves_a_report_and_no_active_run(tmp_path: Path) -> None:
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan()
        rig.cluster.error = RunError("准备步骤失败", "the setup failed")
        with pytest.raises(RunError):
            await rig.start(plan)
        rig.cluster.error = None
        again = await rig.start(plan)
        failed = await rig.store.store.run(executions.get, rig.cluster.deployed[0].spec.execution_id)
        assert failed.state is RunState.FAILED
        assert (await rig.store.store.run(reports.by_execution, failed.execution_id)).body["status"] == "failed"
        assert again.state is RunState.RUNNING


@pytest.mark.parametrize("when", ["while the plan is read", "during the setup"])
async def test_closing_while_a_run_starts_ends_it_with_its_report(tmp_path: Path, when: str) -> None:
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan()
        rig.cluster.setup.clear()
        starting = rig.start(plan)
        if when == "during the setup":
            await rig.held()
        else:
            await asyncio.sleep(0)
            asyncio.get_running_loop().create_task(release(rig))
        await asyncio.wait_for(rig.runs.close(), LIMIT_S)
        stored = await rig.stored((await starting).execution_id)
        assert stored.reason is not None
        assert (stored.state, stored.reason.code) == (RunState.STOPPED, "server_stopped")
        assert (await rig.store.store.run(reports.by_execution, stored.execution_id)).body["status"] == "stopped"
        assert rig.runs.active_count == 0


async def release(rig: Rig) -> None:
    """Let the setup end once it is under way."""
    await rig.held()
    rig.cluster.setup.set()


async def test_nothing_starts_once_the_server_is_closing(tmp_path: Path) -> None:
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan()
        await rig.runs.close()
        with pytest.raises(Conflict):
            await rig.start(plan)


async def test_the_end_of_a_run_is_stored_when_the_database_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "RETRY_S", 0.01)
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan()
        run = await rig.start(plan)
        rig.store.away = True
        assert (await rig.runs.stop(plan, rig.user)).state is RunState.STOPPED
        async with asyncio.timeout(LIMIT_S):
            while rig.store.calls.count("close_run") < 3:
                await asyncio.sleep(0.001)
        assert not (await rig.stored(run.execution_id)).state.ended
        rig.store.away = False
        async with asyncio.timeout(LIMIT_S):
            while not (await rig.stored(run.execution_id)).state.ended:
                await asyncio.sleep(0.001)
        assert (await rig.store.store.run(reports.by_execution, run.execution_id)).body["status"] == "stopped"


async def ended(rig: Rig, execution_id: str) -> Execution:
    """The run, once its end is stored."""
    async with asyncio.timeout(LIMIT_S):
        while not (stored := await rig.stored(execution_id)).state.ended:
            await asyncio.sleep(0.001)
    return stored


async def test_the_end_of_a_run_is_stored_when_a_hanging_database_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "RETRY_S", 0.01)
    monkeypatch.setattr(run_module, "OUTPUT_TIMEOUT_S", 0.05)
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan()
        run = await rig.start(plan)
        rig.store.hanging = True
        assert (await rig.runs.stop(plan, rig.user)).state is RunState.STOPPED
        assert not (await rig.stored(run.execution_id)).state.ended
        rig.store.hanging = False
        assert (await ended(rig, run.execution_id)).state is RunState.STOPPED


async def test_an_end_that_was_stored_though_the_reply_was_lost_is_not_stored_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(manager, "RETRY_S", 0.01)
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan()
        run = await rig.start(plan)
        rig.store.lost_reply = "close_run"
        await rig.runs.stop(plan, rig.user)
        async with asyncio.timeout(LIMIT_S):
            while "by_execution" not in rig.store.calls:
                await asyncio.sleep(0.001)
        assert (await ended(rig, run.execution_id)).state is RunState.STOPPED
    assert rig.store.calls.count("close_run") == 2
    assert "cannot be stored" not in caplog.text


class EndlessNodes(ManyNodes):
    """A deployment that does not end."""

    def stop(self) -> None: ...


async def test_closing_gives_up_a_run_that_does_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(RunManager, "_end_limit", lambda _: 0.05)
    async with rig_in(tmp_path) as rig:
        endless = EndlessNodes("local")
        monkeypatch.setattr(rig.cluster, "deploy", endless.deploy)
        run = await rig.start(await rig.plan())
        await asyncio.wait_for(rig.runs.close(), LIMIT_S)
        assert "1 runs did not end in time" in caplog.text
        ManyNodes.stop(endless)
        assert (await ended(rig, run.execution_id)).state is RunState.STOPPED


async def test_closing_does_not_wait_for_a_database_that_is_away(tmp_path: Path) -> None:
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan()
        run = await rig.start(plan)
        rig.store.away = True
        await rig.runs.stop(plan, rig.user)
        await asyncio.wait_for(rig.runs.close(), LIMIT_S)
        assert not (await rig.stored(run.execution_id)).state.ended
        runs = await rig.store.store.run(executions.unfinished)
        assert await close_interrupted(rig.store.store, runs, never) == [run.execution_id]
        assert (await rig.stored(run.execution_id)).state is RunState.FAILED


def never(execution_id: str, error: Exception) -> None:
    raise AssertionError(f"{execution_id} was not closed") from error


@pytest.mark.parametrize(("warm_up", "requests"), [(0, 325), (7, 297)])
async def test_an_ended_run_has_the_metrics_that_it_had_at_its_end(tmp_path: Path, warm_up: int, requests: int) -> None:
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan(execution_config={"warm_up": warm_up})
        run = await rig.start(plan)
        for second in range(25):
            rig.cluster.deployed[-1].tell("local", second + 1, requests=second + 1)
        under_way = await rig.runs.metrics(run.execution_id, None, None)
        last = await rig.runs.metrics(run.execution_id, None, 5)
        await rig.runs.stop(plan, rig.user)
        ended = await rig.runs.metrics(run.execution_id, None, None)
        assert ended["metrics"]["throughput"]["total_requests"] == requests
        for block in ("response_time", "error_rate"):
            assert {**ended["metrics"][block], "current": None} == {**under_way["metrics"][block], "current": None}
        found = await rig.runs.metrics(run.execution_id, None, 5)
        assert found["metrics"]["throughput"]["total_requests"] == last["metrics"]["throughput"]["total_requests"]
        assert "of_execution" not in rig.store.calls  # its seconds are not read one by one


SCENE = SceneSpec.parse(
    {
        "name": "buy",
        "steps": [{"name": "list", "request": {"url": "/"}}],
        "setup": [{"name": "token", "request": {"url": "/token"}}],
    }
)


async def test_any_time_of_a_run_is_what_was_measured_unless_one_is_named(tmp_path: Path) -> None:
    """Its warm-up is left out by every reader, while it runs, afterwards, and when its report was deleted."""
    async with rig_in(tmp_path) as rig:
        scene = await rig.store.store.run(scenes.create, 1, rig.user.id, SCENE)
        config = CONFIG.merged({"execution_config": {"warm_up": 7}, "target_url": None})
        plan = (await rig.store.store.run(plans.create, 1, rig.user.id, "p", config, [SceneWeight(scene.id, 1)])).id
        run = (await rig.start(plan)).execution_id
        node, windows = rig.cluster.deployed[-1], RunWindows(rig.store.store, rig.runs.running)
        names = (await windows.steps_of(run)).names
        setup = StepWindow(step=names.index("token"), requests=3, latency=Histogram.of_ns([10**6] * 3).pack())

        async def reached(second: int) -> dict[str, Any]:
            while (seen := await windows.figures(run, TimeSelection(None, None)))["to"] < T0 + second:
                await asyncio.sleep(0.005)
            return seen

        for second in range(1, 6):
            load = StepWindow(step=names.index("list"), requests=10, latency=Histogram.of_ns([10**6] * 10).pack())
            node.tell("local", second, windows=[load, setup] if second == 1 else [load])
        warming_up = await reached(5)
        assert (warming_up["from"], warming_up["exact"], warming_up["summary"]["requests"]) == (T0 + 5, True, 0)
        for second in range(6, 30):
            node.tell("local", second, windows=[load])
        under_way = await reached(29)
        await rig.runs.stop(plan, rig.user)
        report = await rig.store.store.run(reports.by_execution, run)
        of_steps = {row["name"]: row["requests"] for row in report.body["steps"]}
        for reported in (True, False):
            if not reported:
                await rig.store.store.run(reports.delete, report.id)
            seen = await RunWindows(rig.store.store, rig.runs.running).figures(run, TimeSelection(None, None))
            assert seen == under_way
            assert (seen["from"], seen["to"], seen["exact"]) == (T0 + 7, T0 + 29, True)
            assert seen["summary"]["requests"] == 220
            assert {row["name"]: row["requests"] for row in seen["steps"]} == of_steps == {"token": 3, "list": 220}
        assert report.summary["total_requests"] == 223
        metrics = await rig.runs.metrics(run, None, None)
        assert metrics["metrics"]["throughput"]["total_requests"] == 223
        heat = await windows.heatmap(run, TimeSelection(None, None), 10, 10)
        series = await windows.series(run, TimeSelection(None, None), 10, [None, names.index("list")])
        assert (heat["from"], heat["to"], sum(count for _, _, count in heat["cells"])) == (T0 + 7, T0 + 29, 220)
        assert (series["from"], series["width"], series["timestamps"]) == (T0 + 7, 10, [T0, T0 + 10, T0 + 20])
        assert [each["requests"] for each in series["series"]] == [[30, 100, 90]] * 2
        assert series["series"][0]["rps"] == [10.0] * 3
        assert (await windows.distribution(run, TimeSelection(0, None)))["count"] == 290


async def test_the_feeds_of_the_latest_runs_go_on_from_where_a_viewer_left(tmp_path: Path) -> None:
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan()
        ids = []
        for _ in range(KEPT_FEEDS + 1):
            run = await rig.start(plan)
            for second in (1, 2, 3):
                rig.cluster.deployed[-1].tell("local", second)
            await rig.runs.stop(plan, rig.user)
            ids.append(run.execution_id)
        for number, complete in ((0, False), (1, True), (KEPT_FEEDS, True)):
            feed = [json.loads(text) async for text in await rig.runs.subscribe(ids[number], T0)]
            assert [frame["type"] for frame in feed] == ["run", "history", "end"]
            assert feed[1]["complete"] is complete
            seconds = [point["timestamp"] for point in feed[1]["data"]]
            assert seconds == ([T0 + 1, T0 + 2] if complete else [T0, T0 + 1, T0 + 2])


async def test_what_no_run_can_do(tmp_path: Path) -> None:
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan()
        for steer in (rig.runs.stop, rig.runs.pause, rig.runs.resume):
            with pytest.raises(Conflict):
                await steer(plan, rig.user)
            with pytest.raises(NotFound):
                await steer(plan + 1, rig.user)
        with pytest.raises(NotFound):
            await rig.start(plan + 1)
        run = await rig.start(plan)
        with pytest.raises(InvalidInput) as caught:
            await rig.runs.set_load(run.execution_id, 5, "arrival_rate", rig.user)
        assert [problem.path for problem in caught.value.problems] == ["arrival_rate"]
        await rig.runs.set_load(run.execution_id, 5, "vus", rig.user)
        assert rig.cluster.deployed[0].levels == [5]
        await rig.runs.stop(plan, rig.user)
        with pytest.raises(IllegalTransition):
            await rig.runs.set_load(run.execution_id, 5, "vus", rig.user)
        with pytest.raises(NotFound):
            await rig.runs.set_load("none", 5, "vus", rig.user)


async def test_a_plan_that_cannot_be_run_leaves_nothing_behind(tmp_path: Path) -> None:
    async with rig_in(tmp_path) as rig:
        plan = await rig.plan(execution_config={"max_vus": 5})
        with pytest.raises(InvalidInput):
            await rig.start(plan)
        assert not rig.runs.is_active(plan)
        assert await rig.store.store.run(executions.unfinished) == []
