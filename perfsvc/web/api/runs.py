"""Runs: starting and steering them, and what is known about each."""

from __future__ import annotations

from datetime import datetime

from pydantic import model_validator

from perfsvc.clock import utc_now
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.entities import Role
from perfsvc.model.load import MAX_RATE
from perfsvc.model.load import MAX_VUS
from perfsvc.model.load import Variable
from perfsvc.model.problems import Fault
from perfsvc.service.access import Kind
from perfsvc.web.handler import Handler
from perfsvc.web.operation import operation
from perfsvc.web.queries import MetricsQuery
from perfsvc.web.queries import OfPlanOrProject
from perfsvc.web.queries import PageQuery
from perfsvc.web.routing import Route
from perfsvc.web.rules import may
from perfsvc.web.run_answers import ErrorPage
from perfsvc.web.run_answers import ErrorSample
from perfsvc.web.run_answers import ExecutionAnswer
from perfsvc.web.run_answers import ExecutionPage
from perfsvc.web.run_answers import MetricsAnswer
from perfsvc.web.run_answers import Paused
from perfsvc.web.run_answers import Resumed
from perfsvc.web.run_answers import Started
from perfsvc.web.run_answers import Stopped

EDITORS = may(Role.EDITOR, Kind.PLAN)
VIEWERS = may(Role.VIEWER, Kind.EXECUTION)


class RunHandler(Handler):
    @property
    def now(self) -> datetime:
        return utc_now(self.services.clock)

    def websocket_url(self, execution_id: str) -> str:
        """The live feed, at the address that the caller knows us by."""
        scheme = "wss" if self.request.protocol == "https" else "ws"
        return f"{scheme}://{self.request.host}/ws/performance/{execution_id}/"


class Start(RunHandler):
    @operation("启动性能测试", "Start a run", EDITORS, relays=True)
    async def post(self, plan_id: int) -> Started:
        run = await self.services.runs.start(plan_id, self.user)
        url = self.websocket_url(run.execution_id)
        return Started(execution_id=run.execution_id, status=run.state, start_time=run.start_time, websocket_url=url)


class Stop(RunHandler):
    @operation("停止性能测试", "Stop the run", EDITORS)
    async def post(self, plan_id: int) -> Stopped:
        run = await self.services.runs.stop(plan_id)
        return Stopped(execution_id=run.execution_id, status=run.state, stop_time=run.end_time or self.now)


class Pause(RunHandler):
    @operation("暂停性能测试", "Pause the run", EDITORS)
    async def post(self, plan_id: int) -> Paused:
        run = await self.services.runs.pause(plan_id)
        return Paused(execution_id=run.execution_id, status=run.state, pause_time=self.now)


class Resume(RunHandler):
    @operation("恢复性能测试", "Resume the run", EDITORS)
    async def post(self, plan_id: int) -> Resumed:
        run = await self.services.runs.resume(plan_id)
        return Resumed(execution_id=run.execution_id, status=run.state, resume_time=self.now)


class Executions(Handler):
    @operation("获取测试执行列表", "List the runs of a plan or a project", may(Role.VIEWER, Kind.PLAN, Kind.PROJECT))
    async def get(self, query: OfPlanOrProject) -> ExecutionPage:
        page = await self.services.runs.executions(query.plan_id, query.project_id, query.page, query.page_size)
        return ExecutionPage.of(page, lambda run: ExecutionAnswer.of(run, self.language))


class Execution(Handler):
    @operation("获取测试执行", "One run", VIEWERS)
    async def get(self, execution_id: str) -> ExecutionAnswer:
        return ExecutionAnswer.of(await self.services.runs.execution(execution_id), self.language)


class Errors(Handler):
    @operation("获取测试执行的错误", "A run's error classes, each with an example", VIEWERS)
    async def get(self, execution_id: str, query: PageQuery) -> ErrorPage:
        errors = await self.services.runs.errors(execution_id)
        return ErrorPage.of(query.cut(errors), ErrorSample.model_validate)


class LoadChange(Spec):
    """A new load: virtual users, or arrivals per second where the run's load is a rate."""

    vus: int | None = titled("虚拟用户数", "Virtual users", default=None, ge=0, le=MAX_VUS)
    arrival_rate: float | None = titled("到达率（次/秒）", "Arrivals per second", default=None, ge=0, le=MAX_RATE)

    @model_validator(mode="after")
    def _one(self) -> LoadChange:
        if (self.vus is None) == (self.arrival_rate is None):
            raise Fault("vus 与 arrival_rate 必须且只能填一个", "needs exactly one of vus and arrival_rate")
        return self


class Load(Handler):
    @operation("调整负载", "Change the load of a run", may(Role.EDITOR, Kind.EXECUTION))
    async def post(self, execution_id: str, body: LoadChange) -> ExecutionAnswer:
        variable: Variable = "arrival_rate" if body.vus is None else "vus"
        level = float(body.arrival_rate or 0) if body.vus is None else float(body.vus)
        run = await self.services.runs.set_load(execution_id, level, variable, self.user)
        return ExecutionAnswer.of(run, self.language)


class Metrics(Handler):
    @operation("获取实时性能指标", "A run's figures up to now", VIEWERS)
    async def get(self, execution_id: str, query: MetricsQuery) -> MetricsAnswer:
        figures = await self.services.runs.metrics(execution_id, query.metric_type, query.time_range)
        return MetricsAnswer.model_validate(figures)


routes = [
    Route("/api/performance/plans/{plan_id}/start/", Start),
    Route("/api/performance/plans/{plan_id}/stop/", Stop),
    Route("/api/performance/plans/{plan_id}/pause/", Pause),
    Route("/api/performance/plans/{plan_id}/resume/", Resume),
    Route("/api/performance/executions/", Executions),
    Route("/api/performance/executions/{execution_id}/", Execution),
    Route("/api/performance/executions/{execution_id}/errors/", Errors),
    Route("/api/performance/executions/{execution_id}/load/", Load),
    Route("/api/performance/metrics/{execution_id}/", Metrics),
]
