"""Any time of a run: its figures, its percentile curve, its heat map, its series."""

from __future__ import annotations

import re
from typing import Annotated
from typing import Literal

from pydantic import AfterValidator
from pydantic import Field
from pydantic import model_validator

from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.entities import Role
from perfsvc.model.problems import Fault
from perfsvc.model.scene import Part
from perfsvc.service.auth.access import Kind
from perfsvc.service.runs.run_windows import TimeSelection
from perfsvc.web.api.request_counts import CutOff
from perfsvc.web.api.request_counts import Dropped
from perfsvc.web.api.request_counts import Failed
from perfsvc.web.api.request_counts import Late
from perfsvc.web.api.request_counts import Requests
from perfsvc.web.api.request_counts import Unsent
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.responses import Large
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may

VIEWERS = may(Role.VIEWER, Kind.EXECUTION)
LATEST = 253_402_300_799
"""The last second of the year 9999."""
MAX_STEPS = 20
STEP = re.compile("[0-9]{1,6}")

Second = Annotated[int, Field(ge=0, le=LATEST)]


class WindowQuery(Spec):
    """The time from one Unix second up to and without another. ``latency=plan`` goes with ``outcome=all`` only."""

    since: Second | None = titled("起始（Unix 秒）", "From, Unix s", default=None, alias="from")
    until: Second | None = titled("结束（Unix 秒，不含）", "To, Unix s, exclusive", default=None, alias="to")
    latency: Literal["service", "plan"] = titled("响应时间口径", "Which latency", default="service")
    outcome: Literal["all", "success"] = titled("请求范围", "Of which requests", default="all")

    @model_validator(mode="after")
    def _sound(self) -> WindowQuery:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise Fault("from 必须早于 to", "from must be before to", "from")
        if self.latency == "plan" and self.outcome == "success":
            zh = "从计划时刻算起的响应时间只按全部请求统计，请去掉 outcome"
            raise Fault(zh, "latencies from plan are kept for all requests only; leave outcome out", "outcome")
        return self

    def selection(self, step: int | None = None) -> TimeSelection:
        """The same for the services."""
        return TimeSelection(self.since, self.until, self.latency, self.outcome, step)


class StepQuery(WindowQuery):
    """One step, or all requests, in a time of a run. ``latency=plan`` goes with ``outcome=all`` only."""

    step: int | None = titled("步骤序号", "Step", default=None, ge=0, le=100_000)


class HeatmapQuery(StepQuery):
    """A map of at most so many columns and rows. ``latency=plan`` goes with ``outcome=all`` only."""

    columns: int = titled("最多列数", "Columns at most", default=300, ge=10, le=600)
    rows: int = titled("行数", "Rows", default=60, ge=10, le=120)


def _steps(text: str) -> str:
    numbers = text.split(",")
    if len(numbers) > MAX_STEPS or not all(map(STEP.fullmatch, numbers)):
        zh, en = (
            f"应为逗号分隔的步骤序号，最多 {MAX_STEPS} 个",
            f"must be at most {MAX_STEPS} steps, separated by commas",
        )
        raise Fault(zh, en)
    return text


class SeriesQuery(WindowQuery):
    """Steps, separated by commas, or all requests together. ``latency=plan`` goes with ``outcome=all`` only."""

    step: Annotated[str, AfterValidator(_steps)] | None = titled("步骤序号", "Steps", default=None, max_length=200)
    points: int = titled("最多点数", "Points at most", default=600, ge=10, le=3600)

    @property
    def steps(self) -> list[int | None]:
        return [None] if self.step is None else [int(number) for number in self.step.split(",")]


class WindowHead(Response):
    """The time that was read, as ``from`` and ``to``, and what was asked for.

    ``exact``: these are the edges that were asked for. ``width`` is how many seconds a point, or the whole, spans.
    """

    execution_id: str
    since: int = Field(alias="from")
    until: int = Field(alias="to")
    width: int
    step: int | None
    latency: Literal["service", "plan"]
    outcome: Literal["all", "success"]
    exact: bool


class LatencyBlock(Response):
    """Latencies in ms; null where no request was sent."""

    avg: float | None
    min: float | None
    max: float | None
    percentiles: dict[str, float | None]


class PhaseBlock(Response):
    """Count and durations of a phase, ms."""

    count: int
    avg: float | None
    max: float | None


class GaugeBlock(Response):
    """A gauge of a protocol, in its own unit."""

    count: int
    avg: float
    max: float


class FiguresBlock(LatencyBlock):
    """Requests of a time. ``running_time`` is s without pauses."""

    requests: Requests
    errors: Failed
    unsent: Unsent
    error_rate: float | None
    rps: float
    latency_from_plan: LatencyBlock | None
    bytes_sent: int
    bytes_received: int
    checks_passed: int
    checks_failed: int
    failures: dict[str, int]
    statuses: dict[str, int]
    running_time: float
    phases: dict[str, PhaseBlock]
    counters: dict[str, float]
    gauges: dict[str, GaugeBlock]


class FiguresSummary(FiguresBlock):
    """All requests of the load in a time, with what is counted of the run itself."""

    iterations: int
    dropped: Dropped
    late: Late
    cut_off: CutOff


class StepFigures(FiguresBlock):
    """One step of a time."""

    index: int
    name: str
    type: Literal["request", "group"]
    part: Part


class FiguresResponse(WindowHead):
    """A time in figures."""

    summary: FiguresSummary
    steps: list[StepFigures]


class DistributionResponse(WindowHead):
    """A percentile curve: each point is a percentile, its latency in ms, and how many requests were no slower."""

    count: int
    min: float | None
    max: float | None
    avg: float | None
    points: list[tuple[float, float, int]]


class HeatmapResponse(WindowHead):
    """Counts by time and latency: cells are column, row and count; ``edges`` are the rows' bounds in ms."""

    timestamps: list[int]
    edges: list[float]
    cells: list[tuple[int, int, int]]
    max: int


Points = list[float | None]


class StepSeries(Response):
    """A step, or all requests together, over time; all lists are as long as ``timestamps``."""

    index: int | None
    name: str | None
    rps: Points
    requests: list[int]
    errors: list[int]
    error_rate: Points
    avg: Points
    p50: Points
    p90: Points
    p95: Points
    p99: Points
    max: Points
    failures: dict[str, list[int]]
    statuses: dict[str, list[int]]
    counters: dict[str, list[float]]
    gauges: dict[str, Points]


class NodeOverTime(Response):
    """A node over time; null where it reported nothing."""

    name: str
    active_users: Points
    rps: Points
    errors: list[int | None]
    process_cpu: Points
    loop_lag: Points


class RunOverTime(Response):
    """The run over time besides its requests: users are means, CPU (percent) and lags (ms) the highest."""

    active_users: Points
    planned_users: Points
    planned_rate: Points
    paused: list[bool]
    process_cpu: Points
    loop_lag: Points
    send_lag: Points


class SeriesResponse(WindowHead):
    """Steps, the run and its nodes over time."""

    timestamps: list[int]
    series: list[StepSeries]
    nodes: list[NodeOverTime]
    run: RunOverTime


class FiguresHandler(Handler):
    @operation("查询任意时间段的指标", "The figures of any time of a run", VIEWERS)
    async def get(self, execution_id: str, query: StepQuery) -> Large[FiguresResponse]:
        return Large(await self.services.run_windows.figures(execution_id, query.selection(query.step)))


class DistributionHandler(Handler):
    @operation("查询任意时间段的响应时间分布", "The percentile curve of any time of a run", VIEWERS)
    async def get(self, execution_id: str, query: StepQuery) -> Large[DistributionResponse]:
        return Large(await self.services.run_windows.distribution(execution_id, query.selection(query.step)))


class HeatmapHandler(Handler):
    @operation("查询任意时间段的响应时间热力图", "The latency heat map of any time of a run", VIEWERS)
    async def get(self, execution_id: str, query: HeatmapQuery) -> Large[HeatmapResponse]:
        selection = query.selection(query.step)
        return Large(await self.services.run_windows.heatmap(execution_id, selection, query.columns, query.rows))


class SeriesHandler(Handler):
    @operation("查询任意时间段的时间序列", "The series of any time of a run", VIEWERS)
    async def get(self, execution_id: str, query: SeriesQuery) -> Large[SeriesResponse]:
        return Large(await self.services.run_windows.series(execution_id, query.selection(), query.points, query.steps))


routes = [
    Route("/api/performance/executions/{execution_id}/figures/", FiguresHandler),
    Route("/api/performance/executions/{execution_id}/distribution/", DistributionHandler),
    Route("/api/performance/executions/{execution_id}/heatmap/", HeatmapHandler),
    Route("/api/performance/executions/{execution_id}/series/", SeriesHandler),
]
