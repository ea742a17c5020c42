"""Starts, controls and reads the runs of stored plans."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from perfsvc.analysis.breakdown import error_details
from perfsvc.analysis.live_frames import check_query
from perfsvc.analysis.live_frames import figures_now
from perfsvc.analysis.live_frames import metrics_answer
from perfsvc.analysis.plan_warnings import placed_warnings
from perfsvc.analysis.run_frame import RunNames
from perfsvc.clock import Clock
from perfsvc.clock import utc_now
from perfsvc.cluster.interface import Cluster
from perfsvc.engine.masking import Masker
from perfsvc.engine.setup_teardown import setup_limit_s
from perfsvc.errors import Conflict
from perfsvc.errors import IllegalTransition
from perfsvc.errors import InvalidInput
from perfsvc.errors import PerfsvcError
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.event_loop import off_loop
from perfsvc.model.config import PlanConfig
from perfsvc.model.data import split_config
from perfsvc.model.entities import Plan
from perfsvc.model.entities import User
from perfsvc.model.execution import Execution
from perfsvc.model.execution import RunRow
from perfsvc.model.load import Variable
from perfsvc.model.run import RunEvent
from perfsvc.model.run import RunFiles
from perfsvc.model.run import RunSpec
from perfsvc.model.run import RunState
from perfsvc.model.run import WeightedScene
from perfsvc.model.run import refusal
from perfsvc.model.test_mode import mode_of_load
from perfsvc.service.data.project_data import ProjectData
from perfsvc.service.nodes import NodeSource
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.service.runs.ended_feed import ended_feed
from perfsvc.service.runs.ended_runs import EndedRuns
from perfsvc.service.runs.live_feed import Subscription
from perfsvc.service.runs.live_output import LiveOutput
from perfsvc.service.runs.opening import RunPlan
from perfsvc.service.runs.opening import new_execution_id
from perfsvc.service.runs.opening import open_run
from perfsvc.service.runs.opening import spec_of
from perfsvc.service.runs.opening import try_rows
from perfsvc.service.runs.run import SERVER_STOPPED
from perfsvc.service.runs.run import Run
from perfsvc.service.runs.run_windows import RunWindows
from perfsvc.service.runs.start_form import StartForm
from perfsvc.service.runs.start_form import with_variables
from perfsvc.service.runs.store_output import StoreOutput
from perfsvc.service.secrets import shown
from perfsvc.store import errors_seen
from perfsvc.store import executions
from perfsvc.store import plans
from perfsvc.store import reports
from perfsvc.store import run_list
from perfsvc.store import scenes
from perfsvc.store.database import Store
from perfsvc.store.recorder import Recorder
from perfsvc.store.run_bounds import begin_run

T = TypeVar("T")

PLAIN_START = StartForm()
log = logging.getLogger(__name__)

STOP_MARGIN_S = 60.0
"""On top of the graceful stop: closing sessions, teardown steps, the last write, the report."""

CLOSE_MARGIN_S = 180.0
"""On top of the graceful stop and the teardown steps: lost nodes, and outputs that wait for the database."""

RETRY_S = 5.0
START_WAIT_S = 0.5
"""A start that takes longer is answered with the state ``starting``; what fails sooner is the answer."""
PREVIEW = "preview"
"""The execution id in a preview."""
KEPT_FEEDS = 4
"""Ended runs whose feed stays in memory, for viewers that were away as they ended."""


class Preview(NamedTuple):
    """The RunSpec of a plan, everything that would prevent a start, and the warnings that a start would have."""

    spec: RunSpec
    problems: list[Problem]
    warnings: list[Problem]


class ActiveRun:
    """A run in this process with its outputs."""

    def __init__(
        self, run: Run, store_output: StoreOutput, live_output: LiveOutput, execution: Execution, names: RunNames
    ) -> None:
        self.run = run
        self.names = names
        self.store_output = store_output
        self.live_output = live_output
        self.execution = execution


class RunManager:  # size: one short method per request about runs; they share the table of active runs
    """The active runs of this process, at most one per plan, and access to ended ones."""

    def __init__(
        self,
        store: Store,
        cluster: Cluster,
        clock: Clock,
        recorder: Callable[[str, int], Recorder],
        data: ProjectData,
        secrets: PlanSecrets,
        new_id: Callable[[str], str] = new_execution_id,
    ) -> None:
        self._store = store
        self._cluster = cluster
        self._data = data
        self._secrets = secrets
        self._clock = clock
        self._recorder = recorder
        self._new_id = new_id
        self._active: dict[int, ActiveRun] = {}
        self._starting: dict[int, asyncio.Task[Execution]] = {}
        self._watchers: set[asyncio.Task[None]] = set()
        self._beginning: set[asyncio.Task[None]] = set()
        self.windows = RunWindows(store, self.running)
        self._ended = EndedRuns(store, self.windows)
        self._past_feeds: dict[str, LiveOutput] = {}
        self._closing = asyncio.Event()

    # Control.

    async def start(self, plan_id: int, user: User, form: StartForm = PLAIN_START) -> Execution:
        """Start a run, with the variables of ``form``.

        Raises NotFound, InvalidInput, RunError, Conflict when a run of the plan is active.
        """
        if plan_id in self._starting or plan_id in self._active:
            raise Conflict("该测试计划正在执行中", "a run of this plan is active")
        if self._closing.is_set():
            raise Conflict("服务正在停止", "the server is stopping")
        started = asyncio.get_running_loop().create_task(self._start(plan_id, user, form))
        self._starting[plan_id] = started
        started.add_done_callback(lambda _: self._starting.pop(plan_id))
        return await asyncio.shield(started)  # a cancelled request must not leave half a run behind

    async def pause(self, plan_id: int, user: User) -> Execution:
        """Raises NotFound, Conflict when no run is active, IllegalTransition."""
        active = await self._active_run(plan_id)
        active.run.pause(user.username)
        return self._current(active)

    async def resume(self, plan_id: int, user: User) -> Execution:
        """Raises NotFound, Conflict when no run is active, IllegalTransition."""
        active = await self._active_run(plan_id)
        active.run.resume(user.username)
        return self._current(active)

    async def stop(self, plan_id: int, user: User) -> Execution:
        """Stop the run and wait until its report is stored. Raises NotFound, Conflict, IllegalTransition."""
        active = await self._active_run(plan_id)
        active.run.stop(by=user.username)
        try:
            await asyncio.wait_for(active.run.wait(), active.run.spec.graceful_stop_s + STOP_MARGIN_S)
        except TimeoutError:
            log.warning("run %s is still being stored", active.execution.execution_id)
        return self._current(active)

    async def set_load(self, execution_id: str, level: float, variable: Variable, user: User) -> Execution:
        """Change the load. Raises NotFound, IllegalTransition, InvalidInput for a wrong variable or level."""
        active = self._active_by_id(execution_id)
        if active is None:
            execution = await self._store.run(executions.get, execution_id)
            raise refusal(execution.state, RunEvent.SET_LOAD)
        own = active.run.spec.load.variable
        if variable != own:
            raise InvalidInput.at(variable, f"该测试的负载类型是 {own}", f"the load of this run is {own}")
        active.run.set_load(level, user.username)
        return self._current(active)

    async def close(self) -> None:
        """Stop every run gracefully and wait for the reports."""
        self._closing.set()
        self._stop_all()
        if self._starting:
            await asyncio.wait(self._starting.values(), timeout=STOP_MARGIN_S)
            self._stop_all()
        if self._watchers:
            _, late = await asyncio.wait(self._watchers, timeout=self._end_limit())
            if late:
                log.error("%d runs did not end in time; the next start of the server closes them", len(late))

    # Read.

    def is_active(self, plan_id: int) -> bool:
        """Return whether a run of this plan is starting or active."""
        return plan_id in self._active or plan_id in self._starting

    def plan_of_run(self, execution_id: str) -> int | None:
        """Return the plan of an active run."""
        active = self._active_by_id(execution_id)
        return active.execution.plan_id if active else None

    def row_of(self, execution_id: str) -> RunRow | None:
        """Return an active run as a listing has it."""
        active = self._active_by_id(execution_id)
        if active is None:
            return None
        names, load = active.names, active.run.spec.load
        execution = replace(self._current(active), spec={})
        return RunRow(
            execution, names.plan_name, names.project_id or 0, names.starter, mode_of_load(load), load.variable
        )

    @property
    def active_count(self) -> int:
        """The number of active runs."""
        return len(self._active)

    @property
    def node_source(self) -> NodeSource:
        """The source of node information."""
        return self._cluster

    async def execution(self, execution_id: str) -> Execution:
        """Raises NotFound."""
        active = self._active_by_id(execution_id)
        return self._current(active) if active else await self._store.run(executions.get, execution_id)

    def running(self, execution_id: str) -> Run | None:
        """Return the run while it is active in this process."""
        active = self._active_by_id(execution_id)
        return active.run if active else None

    def warnings(self, execution_id: str) -> list[Text]:
        """Return the warnings about the plan of a run that is active."""
        active = self._active_by_id(execution_id)
        return active.run.warnings() if active else []

    async def errors(self, execution_id: str) -> list[dict[str, Any]]:
        """Return the error classes of a run with counts and samples. Raises NotFound."""
        active = self._active_by_id(execution_id)
        if active:
            return error_details(active.run.metrics)
        await self._store.run(executions.get, execution_id)
        records = await self._store.run(errors_seen.of_execution, execution_id)
        return [record.error_data for record in records]

    async def metrics(self, execution_id: str, metric_type: str | None, time_range: int | None) -> dict[str, Any]:
        """Return the metrics of an active or ended run. Raises NotFound, InvalidInput."""
        check_query(metric_type, time_range)
        active = self._active_by_id(execution_id)
        if active:
            figures = figures_now(active.run.metrics, time_range)
        else:
            figures = await self._ended.figures(execution_id, time_range)
        return metrics_answer(execution_id, figures, utc_now(self._clock), metric_type)

    async def subscribe(self, execution_id: str, since: int | None = None) -> Subscription:
        """Subscribe to the live feed; for an ended run, to its history and end. Raises NotFound."""
        active = self._active_by_id(execution_id)
        if active:
            return await active.live_output.subscribe(since)
        execution = await self._store.run(executions.get, execution_id)
        if since is not None and execution_id in self._past_feeds:
            return await self._past_feeds[execution_id].subscribe(since)
        row = await self._store.run(run_list.get, execution_id)
        ended = await self._ended.read(execution_id)
        report: dict[str, Any] = {}
        if row.report_id is not None:
            report = (await self._store.run(reports.get, row.report_id)).body
        return await off_loop(lambda: ended_feed(row, RunSpec.parse(execution.spec), ended, report))

    # Internals.

    def _end_limit(self) -> float:
        """Return how long the end of the active runs may take, in seconds."""
        specs = [active.run.spec for active in self._active.values()]
        return max((spec.graceful_stop_s + setup_limit_s(spec) for spec in specs), default=0.0) + CLOSE_MARGIN_S

    def _stop_all(self) -> None:
        for active in list(self._active.values()):
            try:
                active.run.stop(SERVER_STOPPED)
            except IllegalTransition:  # ending already, or not yet stoppable
                log.debug("run %s is %s", active.execution.execution_id, active.run.state)

    async def _start(self, plan_id: int, user: User, form: StartForm) -> Execution:
        plan = await self._store.run(plans.get, plan_id)
        execution_id = self._new_id(utc_now(self._clock).strftime("%Y%m%d"))
        store_output = StoreOutput(self._store, self._recorder(execution_id, plan_id))
        names = RunNames(plan_id, plan.name, plan.project_id, user.username)
        live_output = LiveOutput(names, lambda: store_output.report_id)
        run_plan = with_variables(await self._run_plan(plan), form)
        run = await open_run(run_plan, execution_id, self._cluster, self._clock, [store_output, live_output])
        execution = Execution(
            execution_id=execution_id,
            plan_id=plan_id,
            starter_id=user.id,
            state=RunState.CREATED,
            spec=stored_spec(run.spec, plan.config),
            start_time=run.start_time,
            end_time=None,
            reason=None,
        )
        await self._store.run(begin_run, execution)
        active = self._active[plan_id] = ActiveRun(run, store_output, live_output, execution, names)
        self._watch(active)
        starting = asyncio.get_running_loop().create_task(run.start())
        self._beginning.add(starting)
        starting.add_done_callback(self._begun)
        done, _ = await asyncio.wait([starting], timeout=START_WAIT_S)
        if done:
            starting.result()
        return self._current(active)

    def _begun(self, starting: asyncio.Task[None]) -> None:
        self._beginning.discard(starting)
        if not starting.cancelled() and starting.exception() is not None:
            log.info("a run could not begin: %s", starting.exception())

    async def preview(self, plan: Plan) -> Preview:
        """Preview a run of a plan, stored or not. Raises InvalidInput when not even a RunSpec can be made."""
        run_plan = await self._run_plan(plan)
        spec, rows, problems = spec_of(run_plan, PREVIEW), None, []
        try:
            await open_run(run_plan, PREVIEW, self._cluster, self._clock, [])
            rows = await try_rows(run_plan, spec)
        except InvalidInput as error:
            problems = list(error.problems)
        except PerfsvcError as error:
            problems = [Problem("config", error.text)]
        return Preview(spec, problems, placed_warnings(spec, rows))

    async def _run_plan(self, plan: Plan) -> RunPlan:
        """Read what a stored plan refers to. Raises NotFound."""
        env_id = plan.config.env_id
        env = None if env_id is None else await self._data.envs.get(env_id)
        plain = None if env is None else self._data.envs.opened(env)
        config, secrets = self._secrets.opened(plan.config)
        secrets |= frozenset() if plain is None else plain.secrets
        stored_scenes = await self._store.run(scenes.of_ids, [share.scene_id for share in plan.scenes])
        weighted = []
        for share in plan.scenes:
            scene, own = await off_loop(self._secrets.scenes.opened, stored_scenes[share.scene_id].spec)
            weighted.append(WeightedScene(scene=scene, weight=share.weight))
            secrets |= own
        files = RunFiles(paths=await self._data.files_of(plan.project_id))
        data = self._data.for_run(plan.project_id, env)
        return RunPlan(plan.name, config, weighted, plain, data, files, id=plan.id, secrets=secrets)

    def _watch(self, active: ActiveRun) -> None:
        async def forget() -> None:
            await active.run.wait()
            keep(self._past_feeds, active.execution.execution_id, active.live_output, KEPT_FEEDS)
            del self._active[active.execution.plan_id]
            try:
                await self._store_end(active)
            except Exception:  # the next start of the server closes the run
                log.exception("the end of run %s cannot be stored", active.execution.execution_id)

        task = asyncio.get_running_loop().create_task(forget())
        self._watchers.add(task)
        task.add_done_callback(self._watchers.discard)

    async def _store_end(self, active: ActiveRun) -> None:
        """Retry until the end of the run is stored; if the server stops first, recovery does it at the next start."""
        while not active.store_output.end_stored and not self._closing.is_set():
            try:
                await asyncio.wait_for(self._closing.wait(), RETRY_S)
            except TimeoutError:
                await active.store_output.store_end(active.run.report)
        if not active.store_output.end_stored:
            log.error("run %s: its end is not stored; the next start closes it", active.execution.execution_id)

    async def _active_run(self, plan_id: int) -> ActiveRun:
        active = self._active.get(plan_id)
        if active is None:
            await self._store.run(plans.get, plan_id)
            raise Conflict("该测试计划没有正在执行的测试", "no run of this plan is active")
        return active

    def _active_by_id(self, execution_id: str) -> ActiveRun | None:
        return next((run for run in self._active.values() if run.execution.execution_id == execution_id), None)

    @staticmethod
    def _current(active: ActiveRun) -> Execution:
        return replace(
            active.execution, state=active.run.state, reason=active.run.reason, start_time=active.run.start_time
        )


def keep(kept: dict[str, T], key: str, value: T, most: int) -> None:
    """Add to a cache of at most ``most`` entries; the oldest makes room."""
    if len(kept) >= most:
        kept.pop(next(iter(kept)))
    kept[key] = value


def stored_spec(spec: RunSpec, config: PlanConfig) -> dict[str, Any]:
    """Return the RunSpec as it is stored, without secrets. ``config`` is the plan's, sealed."""
    document = spec.model_dump(mode="json", by_alias=True, exclude={"files", "secrets"})
    document["protocol_options"] = shown(config.execution_config.protocol_options)
    if document["data"] is not None:
        document["data"]["options"] = shown(split_config(config.data_config)[1])
    hidden: dict[str, Any] = Masker(spec.secrets).document(document)
    return hidden
