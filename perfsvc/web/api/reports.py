"""Reports."""

from __future__ import annotations

from typing import Self

from perfsvc.model.entities import Report
from perfsvc.model.entities import Role
from perfsvc.model.run import RunState
from perfsvc.service.auth.access import Kind
from perfsvc.web.framework.answers import Answer
from perfsvc.web.framework.answers import Message
from perfsvc.web.framework.answers import Moment
from perfsvc.web.framework.answers import OpenAnswer
from perfsvc.web.framework.answers import PageOf
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import OfPlan
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may


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


class ReportsHandler(Handler):
    @operation("获取测试报告列表", "List a plan's reports", may(Role.VIEWER, Kind.PLAN))
    async def get(self, query: OfPlan) -> ReportPage:
        page = await self.services.reports.page(query.plan_id, query.page, query.page_size)
        return ReportPage.of(page, ReportRow.of)


class ReportHandler(Handler):
    @operation("获取测试报告详情", "One report", may(Role.VIEWER, Kind.REPORT))
    async def get(self, report_id: int) -> ReportAnswer:
        return ReportAnswer.of(await self.services.reports.get(report_id))

    @operation("删除测试报告", "Delete a report", may(Role.EDITOR, Kind.REPORT))
    async def delete(self, report_id: int) -> Message:
        await self.services.reports.delete(report_id)
        return self.message("测试报告已删除", "The report was deleted")


routes = [
    Route("/api/performance/reports/", ReportsHandler),
    Route("/api/performance/reports/{report_id}/", ReportHandler),
]
