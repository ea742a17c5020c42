"""Runs: starting and steering them, and what is known about each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import model_validator

from perfsvc.clock import utc_now
from perfsvc.model.base import Spec
from perfsvc.model.base import exactly_one
from perfsvc.model.base import titled
from perfsvc.model.entities import Role
from perfsvc.model.load import MAX_RATE
from perfsvc.model.load import MAX_VUS
from perfsvc.model.load import Variable
from perfsvc.model.problems import Fault
from perfsvc.model.rate import PerSecond
from perfsvc.model.run import RunState
from perfsvc.service.auth.access import Kind
from perfsvc.service.auth.identity import Needs
from perfsvc.service.runs.start_form import StartForm
from perfsvc.web.api.executions import ExecutionResponse
from perfsvc.web.api.report_parts import ReportError
from perfsvc.web.api.report_parts import Texts
from perfsvc.web.api.request_counts import AllRequests
from perfsvc.web.api.request_counts import Failed
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import MetricsQuery
from perfsvc.web.framework.queries import PageQuery
from perfsvc.web.framework.responses import Moment
from perfsvc.web.framework.responses import OpenResponse
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may


class Started(Response):
    """A run has started; its live feed is at ``websocket_url``, or ``websocket_path`` of the address that is known."""

    execution_id: str
    status: RunState
    start_time: Moment
    websocket_url: str
    websocket_path: str
    warnings: list[Texts]
    """Warnings about the plan; its preview and the report have these, too."""


class Stopped(Response):
    """A run has been stopped."""

    execution_id: str
    status: RunState
    stop_time: Moment


class Paused(Response):
    """No new request starts until the run is resumed."""

    execution_id: str
    status: RunState
    pause_time: Moment


class Resumed(Response):
    """The run goes on."""

    execution_id: str
    status: RunState
    resume_time: Moment


class ErrorPage(PageOf[ReportError]):
    """The error classes of a run."""


class ResponseTimes(OpenResponse):
    """Milliseconds; null before the first reply."""

    current: float | None
    avg: float | None
    min: float | None
    max: float | None
    p95: float | None


class Throughput(OpenResponse):
    """Requests of the load per second of running time. Without ``time_range`` the total is that of the run."""

    current_rps: float
    avg_rps: float
    total_requests: AllRequests


class ErrorRate(OpenResponse):
    """Percent."""

    current: float | None
    total_errors: Failed


class SystemUse(OpenResponse):
    """The load generator itself: percent, percent, MB/s."""

    cpu_usage: float | None
    memory_usage: float | None
    network_io: float | None


class Figures(OpenResponse):
    """All blocks, or the one asked for by ``metric_type``."""

    response_time: ResponseTimes | None = None
    throughput: Throughput | None = None
    error_rate: ErrorRate | None = None
    system: SystemUse | None = None


class MetricsResponse(OpenResponse):
    """The figures of a run up to now."""

    execution_id: str
    timestamp: str
    metrics: Figures


EDITORS = may(Role.EDITOR, Kind.PLAN)


VIEWERS = may(Role.VIEWER, Kind.EXECUTION)


class RunHandler(Handler):
    @property
    def now(self) -> datetime:
        return utc_now(self.services.clock)

    def websocket_url(self, execution_id: str) -> str:
        """The live feed, at the public address or the one that the request came in at; ``Host`` may be forged."""
        return f"{self.address_of_service().replace('http', 'ws', 1)}{self.websocket_path(execution_id)}"

    def websocket_path(self, execution_id: str) -> str:
        """The live feed below the address of the service."""
        return f"/ws/performance/{execution_id}/"

    def address_of_service(self) -> str:
        """The URL of the service, without a slash at the end."""
        if self.context.settings.public_url:
            return self.context.settings.public_url
        host, port = self.request.connection.stream.socket.getsockname()[:2]  # type: ignore[union-attr]  # it is HTTP/1
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class StartHandler(RunHandler):
    @operation(
        "启动性能测试", "Start a run, with variables of its own if wanted", EDITORS, relays=True, needs=Needs.RUN
    )
    async def post(self, plan_id: int, body: StartForm) -> Started:
        run = await self.services.runs.start(plan_id, self.user, body)
        url = self.websocket_url(run.execution_id)
        return Started(
            execution_id=run.execution_id,
            status=run.state,
            start_time=run.start_time,
            websocket_url=url,
            websocket_path=self.websocket_path(run.execution_id),
            warnings=[Texts(**text._asdict()) for text in self.services.runs.warnings(run.execution_id)],
        )


class StopHandler(RunHandler):
    @operation("停止性能测试", "Stop the run", EDITORS, needs=Needs.RUN)
    async def post(self, plan_id: int) -> Stopped:
        run = await self.services.runs.stop(plan_id, self.user)
        return Stopped(execution_id=run.execution_id, status=run.state, stop_time=run.end_time or self.now)


class PauseHandler(RunHandler):
    @operation("暂停性能测试", "Pause the run", EDITORS, needs=Needs.RUN)
    async def post(self, plan_id: int) -> Paused:
        run = await self.services.runs.pause(plan_id, self.user)
        return Paused(execution_id=run.execution_id, status=run.state, pause_time=self.now)


class ResumeHandler(RunHandler):
    @operation("恢复性能测试", "Resume the run", EDITORS, needs=Needs.RUN)
    async def post(self, plan_id: int) -> Resumed:
        run = await self.services.runs.resume(plan_id, self.user)
        return Resumed(execution_id=run.execution_id, status=run.state, resume_time=self.now)


class ErrorsHandler(Handler):
    @operation("获取测试执行的错误", "A run's error classes, each with an example", VIEWERS)
    async def get(self, execution_id: str, query: PageQuery) -> ErrorPage:
        errors = await self.services.runs.errors(execution_id)
        return ErrorPage.of(query.cut(errors), ReportError.model_validate)


class LoadChange(Spec):
    """A new load: virtual users, or arrivals per second where the run's load is a rate."""

    model_config = exactly_one("vus", "arrival_rate")

    vus: int | None = titled("虚拟用户数", "Virtual users", default=None, ge=0, le=MAX_VUS)
    arrival_rate: Annotated[float, PerSecond(MAX_RATE, zero=True)] | None = titled(
        "到达率（次/秒）", "Arrivals per second", default=None
    )

    @model_validator(mode="after")
    def _one(self) -> LoadChange:
        if (self.vus is None) == (self.arrival_rate is None):
            raise Fault("vus 与 arrival_rate 必须且只能填一个", "needs exactly one of vus and arrival_rate")
        return self


class LoadHandler(Handler):
    @operation("调整负载", "Change the load of a run", may(Role.EDITOR, Kind.EXECUTION), needs=Needs.RUN)
    async def post(self, execution_id: str, body: LoadChange) -> ExecutionResponse:
        variable: Variable = "arrival_rate" if body.vus is None else "vus"
        level = float(body.arrival_rate or 0) if body.vus is None else float(body.vus)
        await self.services.runs.set_load(execution_id, level, variable, self.user)
        return ExecutionResponse.of(await self.services.run_list.get(execution_id), self.language)


class MetricsHandler(Handler):
    @operation("获取实时性能指标", "A run's figures up to now", VIEWERS)
    async def get(self, execution_id: str, query: MetricsQuery) -> MetricsResponse:
        figures = await self.services.runs.metrics(execution_id, query.metric_type, query.time_range)
        return MetricsResponse.model_validate(figures)


routes = [
    Route("/api/performance/plans/{plan_id}/start/", StartHandler),
    Route("/api/performance/plans/{plan_id}/stop/", StopHandler),
    Route("/api/performance/plans/{plan_id}/pause/", PauseHandler),
    Route("/api/performance/plans/{plan_id}/resume/", ResumeHandler),
    Route("/api/performance/executions/{execution_id}/errors/", ErrorsHandler),
    Route("/api/performance/executions/{execution_id}/load/", LoadHandler),
    Route("/api/performance/metrics/{execution_id}/", MetricsHandler),
]
