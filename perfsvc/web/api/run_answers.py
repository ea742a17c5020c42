"""What the API answers about runs: executions, their figures and their reports."""

from __future__ import annotations

from typing import Self

from perfsvc.model.entities import Execution
from perfsvc.model.entities import Report
from perfsvc.model.run import RunState
from perfsvc.web.answers import Answer
from perfsvc.web.answers import Moment
from perfsvc.web.answers import OpenAnswer
from perfsvc.web.answers import PageOf
from perfsvc.web.language import Language


class Started(Answer):
    """A run has started; its live feed is at ``websocket_url``."""

    execution_id: str
    status: RunState
    start_time: Moment
    websocket_url: str


class Stopped(Answer):
    """A run has been stopped."""

    execution_id: str
    status: RunState
    stop_time: Moment


class Paused(Answer):
    """No new request starts until the run is resumed."""

    execution_id: str
    status: RunState
    pause_time: Moment


class Resumed(Answer):
    """The run goes on."""

    execution_id: str
    status: RunState
    resume_time: Moment


class Reason(Answer):
    """Why a run ended."""

    code: str
    message: str


class ExecutionAnswer(Answer):
    """A run. ``reason`` and ``end_time`` are there once it has ended."""

    execution_id: str
    plan_id: int
    starter_id: int
    status: RunState
    start_time: Moment
    end_time: Moment | None
    reason: Reason | None

    @classmethod
    def of(cls, execution: Execution, language: Language) -> Self:
        reason = execution.reason
        return cls(
            execution_id=execution.execution_id,
            plan_id=execution.plan_id,
            starter_id=execution.starter_id,
            status=execution.state,
            start_time=execution.start_time,
            end_time=execution.end_time,
            reason=reason and Reason(code=reason.code, message=reason.text.of(language)),
        )


class ExecutionPage(PageOf[ExecutionAnswer]):
    """Runs, the latest first."""


class ErrorSample(OpenAnswer):
    """How often an error class occurred in a run, with one example."""


class ErrorPage(PageOf[ErrorSample]):
    """The error classes of a run."""


class ResponseTimes(OpenAnswer):
    """Milliseconds; null before the first reply."""

    current: float | None
    avg: float | None
    min: float | None
    max: float | None
    p95: float | None


class Throughput(OpenAnswer):
    """Requests per second of running time."""

    current_rps: float
    avg_rps: float
    total_requests: int


class ErrorRate(OpenAnswer):
    """Percent."""

    current: float | None
    total_errors: int


class SystemUse(OpenAnswer):
    """The load generator itself: percent, percent, MB/s."""

    cpu_usage: float | None
    memory_usage: float | None
    network_io: float | None


class Figures(OpenAnswer):
    """All blocks, or the one asked for by ``metric_type``."""

    response_time: ResponseTimes | None = None
    throughput: Throughput | None = None
    error_rate: ErrorRate | None = None
    system: SystemUse | None = None


class MetricsAnswer(OpenAnswer):
    """The figures of a run up to now."""

    execution_id: str
    timestamp: str
    metrics: Figures


class ReportSummary(OpenAnswer):
    """A run in four figures: rates in percent, times in milliseconds."""

    total_requests: int
    success_rate: float | None
    avg_response_time: float | None
    error_count: int


class ReportRow(Answer):
    """A report in a listing."""

    id: int
    plan_id: int
    execution_id: str
    start_time: Moment
    end_time: Moment
    status: RunState
    summary: ReportSummary
    performance_score: float | None

    @classmethod
    def of(cls, report: Report) -> Self:
        return cls(
            id=report.id,
            plan_id=report.plan_id,
            execution_id=report.execution_id,
            start_time=report.start_time,
            end_time=report.end_time,
            status=RunState(report.status),
            summary=ReportSummary.model_validate(report.summary),
            performance_score=report.performance_score,
        )


class ReportPage(PageOf[ReportRow]):
    """Reports, the latest first."""


class ReportSeries(OpenAnswer):
    """Average response time in milliseconds per Unix second, with the whole run's percentiles."""

    timestamps: list[int]
    values: list[float | None]
    percentiles: dict[str, float | None]


class ErrorCounts(OpenAnswer):
    """How often each error class occurred."""

    labels: list[str]
    values: list[int]


class SystemSeries(OpenAnswer):
    """The load generator itself, per timestamp: percent, percent, MB/s."""

    cpu: list[float | None]
    memory: list[float | None]
    network: list[float | None]


class ReportMetrics(OpenAnswer):
    """The documented series."""

    response_times: ReportSeries
    errors: ErrorCounts
    system_metrics: SystemSeries


class ReportAnswer(OpenAnswer):
    """A whole report. Beside these keys: verdict, validity, score with its parts, steps, nodes, series and more."""

    id: int
    plan_id: int
    execution_id: str
    start_time: str
    end_time: str
    status: RunState
    summary: ReportSummary
    metrics: ReportMetrics

    @classmethod
    def of(cls, report: Report) -> Self:
        return cls.model_validate({**report.body, "id": report.id, "plan_id": report.plan_id})
