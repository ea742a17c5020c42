"""The frames of a live feed as models: what generated clients know of them, and what tests hold real frames against."""

from __future__ import annotations

from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import Field
from pydantic import RootModel

from perfsvc.model.execution import ValidityState
from perfsvc.model.execution import VerdictState
from perfsvc.model.load import Variable
from perfsvc.model.run import RunState
from perfsvc.model.test_mode import TestMode
from perfsvc.web.api.executions import RunSummary
from perfsvc.web.api.request_counts import AllRequests
from perfsvc.web.api.request_counts import Dropped
from perfsvc.web.api.request_counts import Failed
from perfsvc.web.api.request_counts import Late
from perfsvc.web.api.request_counts import Requests
from perfsvc.web.api.request_counts import Unsent
from perfsvc.web.framework.responses import OpenResponse
from perfsvc.web.framework.responses import Response

Points = list[float | None]


class CauseText(Response):
    """Why a run is not valid: a stable code, and a sentence in both languages."""

    code: str
    zh: str
    en: str


class ValidityNow(Response):
    """Whether the generator is fit to measure the run, as far as it has come."""

    state: ValidityState
    causes: list[CauseText]


class ThresholdState(Response):
    """State of a threshold: for a windowed one ``broken_s`` of ``of_s`` seconds in a row; 0 is the whole run."""

    expression: str
    metric: str
    step: str | None
    state: Literal["holding", "breaking", "breached"]
    value: float | None
    limit: float
    broken_s: int
    of_s: int
    breached_at: int | None


class CurvePointNow(Response):
    """A point of the planned load: s of profile time, and users or arrivals per second."""

    t: float
    level: float


class Planned(Response):
    """The planned load of the whole run. ``moves``: the test mode moves it between ``min`` and ``max``."""

    duration: float | None
    end: int | None
    points: list[CurvePointNow]
    min: float
    max: float
    moves: bool
    iterations: int | None
    iterations_scope: Literal["per_vu", "shared"] | None


class StepNode(Response):
    """A step of a scene. ``index`` is that of other frames; ``parent`` the index of the group around it."""

    index: int | None
    name: str
    type: Literal["request", "group", "loop", "while", "if", "choice", "think"]
    protocol: str | None
    part: Literal["setup", "on_start", "steps", "teardown"]
    parent: int | None
    depth: int


class SceneTree(Response):
    """A scene with its steps in document order."""

    name: str
    weight: int
    steps: list[StepNode]


class RunEvent(OpenResponse):
    """Something that happened to the run; what else there is depends on the kind of event."""

    event: Literal["load", "node", "pause", "resume", "stop", "threshold", "validity"]
    timestamp: int
    time: str
    elapsed: float


class ErrorsSoFar(Response):
    """Errors by class and replies by status since the start."""

    total: int
    failures: dict[str, int]
    statuses: dict[str, int]


class StepSoFar(Response):
    """A step over time."""

    index: int
    rps: Points
    p95: Points
    error_rate: Points


class StepsSoFar(Response):
    """The first 20 steps over time, in points of ``width`` s."""

    width: int
    timestamps: list[int]
    steps: list[StepSoFar]


class WarmUpBlock(OpenResponse):
    """The warm-up: its length in s, its first second and the one after its last (Unix time), and what no total has."""

    seconds: float
    start: int | None
    end: int | None
    over: bool
    requests: int
    errors: int
    iterations: int


class UnfitSpan(Response):
    """Seconds in which the generator was not fit, from ``start`` up to ``end`` (Unix time), and why."""

    start: int
    end: int
    kind: str


class PauseSpan(Response):
    """A pause from ``start`` to ``end`` (Unix time, to a tenth of a second), ``seconds`` long."""

    start: float
    end: float
    seconds: float


class RunData(Response):
    """Description of a run for a viewer who joins."""

    execution_id: str
    name: str
    plan_id: int | None
    plan_name: str
    project_id: int | None
    starter: str
    status: RunState
    mode: TestMode
    variable: Variable
    start_time: str
    now: float
    elapsed: float
    planned: Planned
    warm_up: WarmUpBlock | None
    thresholds: list[ThresholdState]
    abort_on_breach: bool
    scenes: list[SceneTree]
    events: list[RunEvent]
    errors: ErrorsSoFar
    steps: StepsSoFar
    validity: ValidityNow
    pauses: list[PauseSpan] | None = None
    unfit: list[UnfitSpan] | None = None
    search: dict[str, Any] | None


class SystemNow(Response):
    """The generators' machines: percent, percent, MB/s."""

    cpu: float
    memory: float
    network: float


class PlanLatency(Response):
    """Latencies in ms from the planned start."""

    avg: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    max: float | None


class PointFigures(Response):
    """Requests of a point. Latencies are ms, null where no request was sent."""

    requests: Requests
    errors: Failed
    unsent: Unsent
    requests_per_second: float
    response_time: float | None
    error_rate: float
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    max: float | None
    latency_from_plan: PlanLatency | None = None
    failures: dict[str, int] | None = None
    statuses: dict[str, int] | None = None


class GaugeNow(Response):
    """A gauge of a protocol, in its own unit."""

    count: int
    avg: float
    max: float


class StepPoint(PointFigures):
    """A step in one second."""

    index: int
    name: str
    counters: dict[str, float]
    gauges: dict[str, GaugeNow]


class LostText(Response):
    """A sentence about a loss in both languages."""

    zh: str
    en: str


class MissingLoad(Response):
    """Planned load that a lost node did not carry: user-seconds or arrivals, and about how many requests."""

    variable: Variable
    amount: float
    requests: int | None


class NodeLoss(Response):
    """A loss of a node, known at ``time``, its ``share`` (percent) taken over at ``until``.

    ``elapsed`` is from when to when its load was missing, in s of the load; what is not over yet ends with null, and
    ``missing`` is then counted until now.
    """

    time: str
    until: str | None
    elapsed: tuple[float, float | None]
    share: float
    reason: LostText
    missing: MissingLoad
    remark: LostText


class NodePoint(OpenResponse):
    """A node in one second; ``losses`` are there once it was lost."""

    name: str
    host: str
    share: float
    state: str
    active_users: int
    requests_per_second: float
    errors: int
    process_cpu: float
    loop_lag: float
    losses: list[NodeLoss] | None = None


class PointData(PointFigures):
    """A run in one second, or in ``width`` s."""

    active_users: int
    system_metrics: SystemNow
    width: int
    elapsed: float
    paused: bool
    planned_users: int
    planned_rate: float
    bytes_sent: int
    bytes_received: int
    iterations: int
    node_count: int
    dropped: Dropped
    late: Late
    loop_lag: float
    send_lag: float
    process_cpu: float


class SecondData(PointData):
    """The load in one second, with its steps, nodes and thresholds; ``total_…`` are of all requests so far."""

    total_requests: AllRequests
    total_errors: Failed
    total_unsent: Unsent
    validity: ValidityState
    validity_causes: list[str]
    validity_texts: list[CauseText]
    warm_up: bool = False
    thresholds: list[ThresholdState]
    steps: list[StepPoint]
    nodes: list[NodePoint]


class HistoryPoint(PointData):
    """A point of the history."""

    timestamp: int


class WholeHistoryPoint(SecondData):
    """A second of a complete history."""

    timestamp: int


class StatusData(Response):
    """The new state, and since when."""

    status: RunState
    time: str


class Bracket(Response):
    """Interim result of a search: the breaking point lies between ``low`` and ``high``."""

    low: float | None
    high: float | None
    value: float | None


class SearchData(Response):
    """A row that is new in ``search.evidence`` of the report."""

    mode: TestMode
    row: dict[str, Any]
    bracket: Bracket
    complete: bool


class TokenData(Response):
    """Whether a new token was accepted, and until when (Unix time) the feed may go on."""

    accepted: bool
    expires: int


class ReasonTexts(Response):
    """Why a run ended."""

    code: str
    zh: str
    en: str


class FinalVerdict(OpenResponse):
    """The verdict by thresholds."""

    state: VerdictState
    thresholds: list[dict[str, Any]]


class FinalValidity(OpenResponse):
    """The generator's verdict on its own measurement. ``at_least``: read throughput as “at least N”."""

    state: ValidityState
    at_least: bool
    causes: list[dict[str, Any]]


class EndData(OpenResponse):
    """End of a run. Fields of the report are present where there is one."""

    status: RunState
    plan_id: int | None
    plan_name: str
    project_id: int | None
    starter: str
    report_id: int | None
    name: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    summary: RunSummary | None = None
    verdict: FinalVerdict | None = None
    validity: FinalValidity | None = None
    reason: ReasonTexts | None = None
    performance_score: float | None = None


class RunFrame(Response):
    """The first frame: what the run is."""

    type: Literal["run"]
    timestamp: int
    data: RunData


class HistoryFrame(Response):
    """The second frame: the run so far. ``complete``: every second after ``since``, each as its frame was."""

    type: Literal["history"]
    timestamp: int | None
    complete: bool
    data: list[WholeHistoryPoint | HistoryPoint]


class MetricsFrame(Response):
    """A closed second."""

    type: Literal["metrics"]
    timestamp: int
    data: SecondData


class StatusFrame(Response):
    """The run is in a new state."""

    type: Literal["status"]
    timestamp: int
    data: StatusData


class EventFrame(Response):
    """Something happened to the run."""

    type: Literal["event"]
    timestamp: int
    data: RunEvent


class SearchFrame(Response):
    """A search or an adaptive load has something new."""

    type: Literal["search"]
    timestamp: int
    data: SearchData


class TokenFrame(Response):
    """The reply to a new token."""

    type: Literal["token"]
    timestamp: int
    data: TokenData


class EndFrame(Response):
    """The last frame."""

    type: Literal["end"]
    timestamp: int
    execution_id: str
    data: EndData


class LiveFrame(
    RootModel[
        Annotated[
            RunFrame | HistoryFrame | MetricsFrame | StatusFrame | EventFrame | SearchFrame | TokenFrame | EndFrame,
            Field(discriminator="type"),
        ]
    ]
):
    """A frame of a live feed; ``type`` is the discriminator."""
