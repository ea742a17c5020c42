"""Reports."""

from __future__ import annotations

from typing import Any
from typing import Self

from perfsvc.model.entities import Report
from perfsvc.model.entities import Role
from perfsvc.model.execution import RunRow
from perfsvc.model.execution import ValidityState
from perfsvc.model.execution import VerdictState
from perfsvc.model.run import RunState
from perfsvc.model.test_mode import TestMode
from perfsvc.service.auth.access import Kind
from perfsvc.web.api.executions import RunSummary
from perfsvc.web.api.executions import Spark
from perfsvc.web.api.report_parts import ReportParts
from perfsvc.web.api.run_query import RunQuery
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.responses import Message
from perfsvc.web.framework.responses import Moment
from perfsvc.web.framework.responses import OpenResponse
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may
from perfsvc.web.framework.rules import may_list


class ReportRow(Response):
    """A report in a listing. ``spark`` is there where it was asked for."""

    id: int
    plan_id: int
    plan_name: str
    project_id: int
    execution_id: str
    starter: str
    mode: TestMode
    start_time: Moment
    end_time: Moment
    status: RunState
    verdict: VerdictState | None
    validity: ValidityState | None
    summary: RunSummary
    performance_score: float | None
    spark: Spark | None = None

    @classmethod
    def of(cls, row: RunRow) -> Self:
        return cls(**fields_of(row))

    @classmethod
    def with_spark(cls, row: RunRow) -> Self:
        """The row with its small curves."""
        return cls(**fields_of(row), spark=row.spark and Spark.model_validate(row.spark))


def fields_of(row: RunRow) -> dict[str, Any]:
    """A report in a listing."""
    run = row.execution
    return {
        "id": row.report_id,
        "plan_id": run.plan_id,
        "plan_name": row.plan_name,
        "project_id": row.project_id,
        "execution_id": run.execution_id,
        "starter": row.starter,
        "mode": row.mode,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "status": run.state,
        "verdict": row.verdict,
        "validity": row.validity,
        "summary": RunSummary.model_validate(row.summary),
        "performance_score": row.performance_score,
    }


class ReportPage(PageOf[ReportRow]):
    """Reports, the latest first unless another order was asked for."""


class ReportSeries(OpenResponse):
    """Average response time in milliseconds per Unix second, with the whole run's percentiles."""

    timestamps: list[int]
    values: list[float | None]
    percentiles: dict[str, float | None]


class ErrorCounts(OpenResponse):
    """Number of errors by class."""

    labels: list[str]
    values: list[int]


class SystemSeries(OpenResponse):
    """The load generator itself, per timestamp: percent, percent, MB/s."""

    cpu: list[float | None]
    memory: list[float | None]
    network: list[float | None]


class ReportMetrics(OpenResponse):
    """The documented series."""

    response_times: ReportSeries
    errors: ErrorCounts
    system_metrics: SystemSeries


class ReportResponse(ReportParts):
    """A whole report.

    ``config`` is what the run was started with, its secrets masked.
    """

    id: int
    plan_id: int
    plan_name: str
    project_id: int
    execution_id: str
    starter: str
    mode: TestMode
    start_time: str
    end_time: str
    status: RunState
    summary: RunSummary
    metrics: ReportMetrics
    config: dict[str, Any]

    @classmethod
    def of(cls, report: Report, row: RunRow, config: dict[str, Any]) -> Self:
        names = {"plan_name": row.plan_name, "project_id": row.project_id, "starter": row.starter, "mode": row.mode}
        own = {"id": report.id, "plan_id": report.plan_id, "config": config}
        return cls.model_validate({**report.body, **names, **own})


class ReportsHandler(Handler):
    @operation(
        "获取测试报告列表",
        "List the reports of a plan, of a project or of all one's projects",
        may_list(Role.VIEWER, Kind.PLAN, Kind.PROJECT),
    )
    async def get(self, query: RunQuery) -> ReportPage:
        spark, report_filter = query.spark == "1", query.filter(reported=True)
        page = await self.services.run_list.page(self.user, report_filter, query.page, query.page_size, spark=spark)
        return ReportPage.of(page, ReportRow.with_spark if spark else ReportRow.of)


class ReportHandler(Handler):
    @operation("获取测试报告详情", "One report", may(Role.VIEWER, Kind.REPORT))
    async def get(self, report_id: int) -> ReportResponse:
        report, runs = await self.services.reports.get(report_id), self.services.run_list
        row, config = await runs.get(report.execution_id), await runs.config(report.execution_id)
        return ReportResponse.of(report, row, config)

    @operation("删除测试报告", "Delete a report", may(Role.EDITOR, Kind.REPORT))
    async def delete(self, report_id: int) -> Message:
        await self.services.reports.delete(report_id)
        return self.message("测试报告已删除", "The report was deleted")


routes = [
    Route("/api/performance/reports/", ReportsHandler),
    Route("/api/performance/reports/{report_id}/", ReportHandler),
]
