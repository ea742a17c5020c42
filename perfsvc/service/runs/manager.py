"""Starting, steering and reading the runs of stored plans."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from perfsvc.analysis.breakdown import error_details
from perfsvc.analysis.live import metrics_answer
from perfsvc.analysis.run_frame import RunNames
from perfsvc.clock import Clock
from perfsvc.clock import utc_now
from perfsvc.cluster.interface import Cluster
from perfsvc.errors import Conflict
from perfsvc.errors import IllegalTransition
from perfsvc.errors import InvalidInput
from perfsvc.errors import PerfsvcError
from perfsvc.errors import Problem
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.model.entities import Execution
from perfsvc.model.entities import Plan
from perfsvc.model.entities import User
from perfsvc.model.load import Variable
from perfsvc.model.run import RunEvent
from perfsvc.model.run import RunFiles
from perfsvc.model.run import RunSpec
from perfsvc.model.run import RunState
from perfsvc.model.run import WeightedScene
from perfsvc.model.run import refusal
from perfsvc.service.data.project_data import ProjectData
from perfsvc.service.nodes import NodeSource
from perfsvc.service.runs.ended_feed import ended_feed
from perfsvc.service.runs.live_feed import Subscription
from perfsvc.service.runs.live_output import Broadcast
from perfsvc.service.runs.opening import RunPlan
from perfsvc.service.runs.opening import new_execution_id
from perfsvc.service.runs.opening import open_run
from perfsvc.service.runs.opening import spec_of
from perfsvc.service.runs.recovery import replayed
from perfsvc.service.runs.run import SERVER_STOPPED
from perfsvc.service.runs.run import Run
from perfsvc.service.runs.store_output import Recording
from perfsvc.store import envs
from perfsvc.store import errors_seen
from perfsvc.store import executions
from perfsvc.store import plans
from perfsvc.store import reports
from perfsvc.store import run_list
from perfsvc.store import scenes
from perfsvc.store.database import Store
from perfsvc.store.recorder import Recorder

log = logging.getLogger(__name__)

STOP_MARGIN_S = 60.0
"""Beyond the graceful stop: closing sessions, teardown steps, the last write, the report."""

SETTLE_AGAIN_S = 5.0
PREVIEW = "preview"
"""Stands for the execution id of a run that is only looked at."""
KEPT_RUNS = 8
"""Runs that are over whose metrics stay in memory."""


class ActiveRun:
    """A run in this process, with its live feed."""

    def __init__(self, run: Run, recording: Recording, broadcast: Broadcast, execution: Execution) -> None:
        self.run = run
        self.recording = recording
        self.broadcast = broadcast
        self.execution = execution


class RunManager:
    """The runs of this process, one per plan at a time, and those that are over."""

    def __init__(
        self,
        store: Store,
        cluster: Cluster,
        clock: Clock,
        recorder: Callable[[str, int], Recorder],
        data: ProjectData,
        new_id: Callable[[str], str] = new_execution_id,
    ) -> None:
        self._store = store
        self._cluster = cluster
        self._data = data
        self._clock = clock
        self._recorder = recorder
        self._new_id = new_id
        self._active: dict[int, ActiveRun] = {}
        self._starting: dict[int, asyncio.Task[Execution]] = {}
        self._watchers: set[asyncio.Task[None]] = set()
        self._over: dict[str, RunMetrics] = {}
        self._closing = asyncio.Event()

    # Steering.

    async def start(self, plan_id: int, user: User) -> Execution:
        """Start a plan. Raises NotFound, InvalidInput, Conflict when a run of it is active, RunError."""
        if plan_id in self._starting or plan_id in self._active:
            raise Conflict("该测试计划正在执行中", "a run of this plan is active")
        if self._closing.is_set():
            raise Conflict("服务正在停止", "the server is stopping")
        started = asyncio.get_running_loop().create_task(self._start(plan_id, user))
        self._starting[plan_id] = started
        started.add_done_callback(lambda _: self._starting.pop(plan_id))
        return await asyncio.shield(started)  # a caller that gives up does not leave half a run behind

    async def pause(self, plan_id: int, user: User) -> Execution:
        """Raises NotFound, Conflict when no run is active, IllegalTransition."""
        active = await self._steered(plan_id)
        active.run.pause(user.username)
        return self._now(active)

    async def resume(self, plan_id: int, user: User) -> Execution:
        """Raises NotFound, Conflict when no run is active, IllegalTransition."""
        active = await self._steered(plan_id)
        active.run.resume(user.username)
        return self._now(active)

    async def stop(self, plan_id: int, user: User) -> Execution:
        """Stop, and wait until the report is stored. Raises NotFound, Conflict, IllegalTransition."""
        active = await self._steered(plan_id)
        active.run.stop(by=user.username)
        try:
            await asyncio.wait_for(active.run.wait(), active.run.spec.graceful_stop_s + STOP_MARGIN_S)
        except TimeoutError:
            log.warning("run %s is still being stored", active.execution.execution_id)
        return self._now(active)

    async def set_load(self, execution_id: str, level: float, variable: Variable, user: User) -> Execution:
        """Change the load of a run. Raises NotFound, IllegalTransition, InvalidInput for a wrong variable or level."""
        active = self._by_execution(execution_id)
        if active is None:
            execution = await self._store.run(executions.get, execution_id)
            raise refusal(execution.state, RunEvent.SET_LOAD)
        wanted = active.run.spec.load.variable
        if variable != wanted:
            raise InvalidInput.at(variable, f"该测试的负载是 {wanted}", f"this run's load is {wanted}")
        active.run.set_load(level, user.username)
        return self._now(active)

    async def close(self) -> None:
        """The server stops: every run ends as it would, and its report is written."""
        self._closing.set()
        self._stop_all()
        if self._starting:
            await asyncio.wait(self._starting.values(), timeout=STOP_MARGIN_S)
            self._stop_all()
        if self._watchers:
            await asyncio.wait(self._watchers)

    # Reading.

    def is_active(self, plan_id: int) -> bool:
        """Whether a run of this plan has started and not ended."""
        return plan_id in self._active or plan_id in self._starting

    @property
    def active_count(self) -> int:
        """How many runs are active."""
        return len(self._active)

    @property
    def node_source(self) -> NodeSource:
        """The cluster that runs are carried out on."""
        return self._cluster

    async def execution(self, execution_id: str) -> Execution:
        """Raises NotFound."""
        active = self._by_execution(execution_id)
        return self._now(active) if active else await self._store.run(executions.get, execution_id)

    def running(self, execution_id: str) -> Run | None:
        """The run, while it is under way in this process."""
        active = self._by_execution(execution_id)
        return active.run if active else None

    async def errors(self, execution_id: str) -> list[dict[str, Any]]:
        """The error classes of a run with their counts and examples. Raises NotFound."""
        active = self._by_execution(execution_id)
        if active:
            return error_details(active.run.metrics)
        await self._store.run(executions.get, execution_id)
        records = await self._store.run(errors_seen.of_execution, execution_id)
        return [record.error_data for record in records]

    async def metrics(self, execution_id: str, metric_type: str | None, time_range: int | None) -> dict[str, Any]:
        """The figures of a run, under way or over. Raises NotFound, InvalidInput."""
        active = self._by_execution(execution_id)
        metrics = active.run.metrics if active else await self._replayed(execution_id)
        now = utc_now(self._clock)
        return metrics_answer(execution_id, metrics, now=now, metric_type=metric_type, time_range=time_range)

    async def subscribe(self, execution_id: str, since: int | None = None) -> Subscription:
        """A viewer's place at the live feed; of a run that is over, the history and the end. Raises NotFound."""
        active = self._by_execution(execution_id)
        if active:
            return await active.broadcast.subscribe(since)
        execution = await self._store.run(executions.get, execution_id)
        row = await self._store.run(run_list.get, execution_id)
        metrics = await self._replayed(execution_id)
        report: dict[str, Any] = {}
        if row.report_id is not None:
            report = (await self._store.run(reports.get, row.report_id)).body
        return ended_feed(row, RunSpec.parse(execution.spec), metrics, report)

    # How.

    def _stop_all(self) -> None:
        for active in list(self._active.values()):
            try:
                active.run.stop(SERVER_STOPPED)
            except IllegalTransition:  # it is ending already, or cannot be stopped yet
                log.debug("run %s is %s", active.execution.execution_id, active.run.state)

    async def _start(self, plan_id: int, user: User) -> Execution:
        plan = await self._store.run(plans.get, plan_id)
        execution_id = self._new_id(utc_now(self._clock).strftime("%Y%m%d"))
        recording = Recording(self._store, self._recorder(execution_id, plan_id))
        names = RunNames(plan_id, plan.name, plan.project_id, user.username)
        broadcast = Broadcast(names, lambda: recording.report_id)
        run = open_run(await self._run_plan(plan), execution_id, self._cluster, self._clock, [recording, broadcast])
        execution = Execution(
            execution_id=execution_id,
            plan_id=plan_id,
            starter_id=user.id,
            state=RunState.CREATED,
            spec=run.spec.model_dump(mode="json", by_alias=True, exclude={"files"}),
            start_time=run.start_time,
            end_time=None,
            reason=None,
        )
        await self._store.run(executions.create, execution)
        await self._store.run(plans.set_status, plan_id, "running")
        active = self._active[plan_id] = ActiveRun(run, recording, broadcast, execution)
        self._watch(active)
        await run.start()
        return self._now(active)

    async def preview(self, plan: Plan) -> tuple[RunSpec, list[Problem]]:
        """The specification of a run of a plan that need not be stored, and all that would keep it from starting.

        Raises InvalidInput where there cannot even be a specification.
        """
        run_plan = await self._run_plan(plan)
        spec = spec_of(run_plan, PREVIEW)
        try:
            open_run(run_plan, PREVIEW, self._cluster, self._clock, [])
        except InvalidInput as error:
            return spec, list(error.problems)
        except PerfsvcError as error:
            return spec, [Problem("config", error.text)]
        return spec, []

    async def _run_plan(self, plan: Plan) -> RunPlan:
        """Read what a stored plan refers to. Raises NotFound."""
        env_id = plan.config.env_id
        env = None if env_id is None else await self._store.run(envs.get, env_id)
        found = await self._store.run(scenes.of_ids, [share.scene_id for share in plan.scenes])
        weighted = [WeightedScene(scene=found[share.scene_id].spec, weight=share.weight) for share in plan.scenes]
        files = RunFiles(paths=await self._data.files_of(plan.project_id))
        data = self._data.for_run(plan.project_id, env)
        return RunPlan(plan.name, plan.config, weighted, env, data, files, id=plan.id)

    def _watch(self, active: ActiveRun) -> None:
        async def forget() -> None:
            await active.run.wait()
            self._keep(active.execution.execution_id, active.run.metrics)
            del self._active[active.execution.plan_id]
            await self._settle(active.recording)

        task = asyncio.get_running_loop().create_task(forget())
        self._watchers.add(task)
        task.add_done_callback(self._watchers.discard)

    async def _settle(self, recording: Recording) -> None:
        """Until the end of a run is stored. When the server stops first, the next start does it from what is stored."""
        while not recording.settled and not self._closing.is_set():
            try:
                await asyncio.wait_for(self._closing.wait(), SETTLE_AGAIN_S)
            except TimeoutError:
                await recording.settle()

    async def _steered(self, plan_id: int) -> ActiveRun:
        active = self._active.get(plan_id)
        if active is None:
            await self._store.run(plans.get, plan_id)
            raise Conflict("该测试计划没有正在执行的测试", "no run of this plan is active")
        return active

    def _by_execution(self, execution_id: str) -> ActiveRun | None:
        return next((run for run in self._active.values() if run.execution.execution_id == execution_id), None)

    @staticmethod
    def _now(active: ActiveRun) -> Execution:
        return replace(
            active.execution, state=active.run.state, reason=active.run.reason, start_time=active.run.start_time
        )

    async def _replayed(self, execution_id: str) -> RunMetrics:
        """The metrics of a run that is over; the latest few are kept."""
        if execution_id not in self._over:
            metrics, _ = await replayed(self._store, execution_id)
            self._keep(execution_id, metrics)
        return self._over[execution_id]

    def _keep(self, execution_id: str, metrics: RunMetrics) -> None:
        if len(self._over) >= KEPT_RUNS:
            self._over.pop(next(iter(self._over)))
        self._over[execution_id] = metrics
