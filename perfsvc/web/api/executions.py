"""Runs in short: listings over plans, projects or all of one's own, and one run with what it was started with."""

from __future__ import annotations

from typing import Any
from typing import Literal
from typing import Self

from perfsvc.model.entities import Role
from perfsvc.model.execution import RunRow
from perfsvc.model.execution import ValidityState
from perfsvc.model.execution import VerdictState
from perfsvc.model.load import Variable
from perfsvc.model.run import RunState
from perfsvc.model.test_mode import TestMode
from perfsvc.service.auth.access import Kind
from perfsvc.web.api.request_counts import AllRequests
from perfsvc.web.api.request_counts import Answered
from perfsvc.web.api.request_counts import CutOff
from perfsvc.web.api.request_counts import Dropped
from perfsvc.web.api.request_counts import Failed
from perfsvc.web.api.request_counts import Late
from perfsvc.web.api.request_counts import Requests
from perfsvc.web.api.request_counts import Sent
from perfsvc.web.api.request_counts import Unsent
from perfsvc.web.api.run_query import RunQuery
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.language import Language
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.responses import Moment
from perfsvc.web.framework.responses import OpenResponse
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may
from perfsvc.web.framework.rules import may_list


class Reason(Response):
    """Why a run ended."""

    code: str
    message: str


class SetupTeardown(OpenResponse):
    """What setup and teardown did: counted in the totals of the run, and in no figure of its load."""

    requests: Requests
    errors: Failed


class RunSummary(OpenResponse):
    """A run in figures: rates in percent, times in milliseconds; null where nothing was measured.

    Counts and the error rate are of all requests; throughput and response times are of the load, without setup and
    teardown.
    """

    total_requests: AllRequests
    success_rate: float | None
    avg_response_time: float | None
    error_count: Failed
    sent: Sent | None = None
    answered: Answered | None = None
    unsent: Unsent | None = None
    cut_off: CutOff | None = None
    dropped: Dropped | None = None
    late: Late | None = None
    setup_teardown: SetupTeardown | None = None
    error_rate: float | None = None
    throughput: float | None = None
    percentiles: dict[str, float | None] | None = None
    max_users: int | None = None
    duration: float | None = None


class Spark(Response):
    """A run as small curves of at most 60 points each: requests per second, p95 in ms, error rate in percent."""

    rps: list[float | None]
    p95: list[float | None]
    error_rate: list[float | None]


class FoundLevel(Response):
    """Users or arrivals per second: ``limit`` is the highest load that was held, ``target`` one that holds a metric."""

    kind: Literal["limit", "knee", "target"]
    level: float
    at_least: bool


class ExecutionResponse(Response):
    """A run. ``reason`` and ``end_time`` are there once it has ended, ``verdict`` and ``report_id`` with its report."""

    execution_id: str
    plan_id: int
    plan_name: str
    project_id: int
    starter_id: int
    starter: str
    status: RunState
    mode: TestMode
    variable: Variable
    start_time: Moment
    end_time: Moment | None
    reason: Reason | None
    report_id: int | None
    verdict: VerdictState | None
    validity: ValidityState | None
    summary: RunSummary | None
    performance_score: float | None
    found: FoundLevel | None
    breached: list[str]

    @classmethod
    def of(cls, row: RunRow, language: Language) -> Self:
        return cls(**fields_of(row, language))


class ExecutionListRow(ExecutionResponse):
    """A run in a listing. ``spark`` is there where it was asked for, and null while there is nothing to draw."""

    spark: Spark | None = None

    @classmethod
    def of(cls, row: RunRow, language: Language) -> Self:
        return cls(**fields_of(row, language))

    @classmethod
    def with_spark(cls, row: RunRow, language: Language) -> Self:
        """The row with its small curves."""
        return cls(**fields_of(row, language), spark=row.spark and Spark.model_validate(row.spark))


class ExecutionDetail(ExecutionResponse):
    """A run with what it was started with: scenes, load, target and options, the secrets in it masked."""

    config: dict[str, Any]


class ExecutionPage(PageOf[ExecutionListRow]):
    """Runs, the latest first unless another order was asked for."""


def fields_of(row: RunRow, language: Language) -> dict[str, Any]:
    """Fields common to all responses about a run."""
    execution, reason = row.execution, row.execution.reason
    return {
        "execution_id": execution.execution_id,
        "plan_id": execution.plan_id,
        "plan_name": row.plan_name,
        "project_id": row.project_id,
        "starter_id": execution.starter_id,
        "starter": row.starter,
        "status": execution.state,
        "mode": row.mode,
        "variable": row.variable,
        "start_time": execution.start_time,
        "end_time": execution.end_time,
        "reason": reason and Reason(code=reason.code, message=reason.text.of(language)),
        "report_id": row.report_id,
        "verdict": row.verdict,
        "validity": row.validity,
        "summary": row.summary and RunSummary.model_validate(row.summary),
        "performance_score": row.performance_score,
        "found": row.found and FoundLevel.model_validate(row.found),
        "breached": row.breached,
    }


class ExecutionsHandler(Handler):
    @operation(
        "获取测试执行列表",
        "List the runs of a plan, of a project or of all one's projects",
        may_list(Role.VIEWER, Kind.PLAN, Kind.PROJECT),
    )
    async def get(self, query: RunQuery) -> ExecutionPage:
        spark = query.spark == "1"
        row = ExecutionListRow.with_spark if spark else ExecutionListRow.of
        page = await self.services.run_list.page(self.user, query.filter(), query.page, query.page_size, spark=spark)
        return ExecutionPage.of(page, lambda run: row(run, self.language))


class ExecutionHandler(Handler):
    @operation("获取测试执行", "One run, with what it was started with", may(Role.VIEWER, Kind.EXECUTION))
    async def get(self, execution_id: str) -> ExecutionDetail:
        runs = self.services.run_list
        row, config = await runs.get(execution_id), await runs.config(execution_id)
        return ExecutionDetail(**fields_of(row, self.language), config=config)


routes = [
    Route("/api/performance/executions/", ExecutionsHandler),
    Route("/api/performance/executions/{execution_id}/", ExecutionHandler),
]
