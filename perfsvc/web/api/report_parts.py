"""The parts of a report as models. Keys may be missing in reports of earlier versions; others may stand beside them."""

from __future__ import annotations

from typing import Any
from typing import Literal

from perfsvc.model.scene import Part
from perfsvc.web.api.live_models import FinalValidity
from perfsvc.web.api.live_models import FinalVerdict
from perfsvc.web.api.live_models import NodeLoss
from perfsvc.web.api.live_models import ReasonTexts
from perfsvc.web.api.live_models import RunEvent
from perfsvc.web.api.live_models import WarmUpBlock
from perfsvc.web.api.request_counts import CutOff
from perfsvc.web.api.request_counts import Dropped
from perfsvc.web.api.request_counts import Failed
from perfsvc.web.api.request_counts import Late
from perfsvc.web.api.request_counts import Requests
from perfsvc.web.api.run_windows import GaugeBlock
from perfsvc.web.api.run_windows import PhaseBlock
from perfsvc.web.framework.responses import OpenResponse

Points = list[float | None]
Percentiles = dict[str, float | None]


class Texts(OpenResponse):
    """A sentence in both languages."""

    zh: str
    en: str


class ScorePart(OpenResponse):
    """A part of the score: its weight in percent, what was measured, and its value from 0 to 100."""

    name: str
    title: Texts
    formula: Texts
    weight: float
    measured: float | None
    value: float | None


class NoScore(OpenResponse):
    """Why a run has no score, in both languages."""

    zh: str
    en: str


class Score(OpenResponse):
    """The performance score with its parts, or why the run was not scored."""

    score: float | None
    reason: NoScore | None = None
    parts: list[ScorePart]


class ReportLatency(OpenResponse):
    """Latencies in ms; null where no request was sent."""

    avg: float | None
    min: float | None
    max: float | None
    percentiles: Percentiles


class Checks(OpenResponse):
    """Checks that passed and failed; the rate is percent, null without checks."""

    passed: int
    failed: int
    rate: float | None


class Counted(ReportLatency):
    """Counts of requests, with their latencies."""

    requests: Requests
    errors: Failed
    rps: float
    error_rate: float | None
    bytes_sent: int
    bytes_received: int
    checks: Checks


class ReportStep(Counted):
    """A step or a group over the whole run. ``unsent`` is counted by class."""

    index: int
    name: str
    type: Literal["request", "group"]
    part: Part | None = None
    latency_from_plan: ReportLatency | None = None
    phases: dict[str, PhaseBlock]
    statuses: dict[str, int]
    failures: dict[str, int]
    unsent: dict[str, int] | None = None
    counters: dict[str, float]
    gauges: dict[str, GaugeBlock]


class ReportNode(Counted):
    """A node's part of the load over the whole run."""

    node: str
    host: str
    share: float | None
    state: str
    iterations: int
    dropped: Dropped
    late: Late
    cut_off: CutOff
    losses: list[NodeLoss] | None = None


class ReportErrorSample(OpenResponse):
    """A failed request, secrets masked. ``message`` is what was found, in English; ``message_zh`` in Chinese."""

    scene: str | None = None
    step: str | None
    index: int | None = None
    timestamp: float
    message: str
    message_zh: str = ""
    request: str
    response_head: str
    body: str


class ReportError(OpenResponse):
    """An error class with its share of all requests in percent, and the first few samples."""

    error_class: str
    count: int
    share: float | None
    samples: list[ReportErrorSample]


class RunSeries(OpenResponse):  # size: one list for each figure
    """The run over time: all lists are as long as ``timestamps``; a point spans ``width`` s."""

    timestamps: list[int]
    width: int | None = None
    elapsed: list[float] | None = None
    throughput: Points
    active_users: Points | None = None
    planned_users: Points | None = None
    planned_rate: Points | None = None
    requests: list[int] | None = None
    errors: list[int] | None = None
    error_rate: Points
    avg: Points | None = None
    p50: Points | None = None
    p90: Points | None = None
    p95: Points
    p99: Points | None = None
    max: Points | None = None
    latency_from_plan: dict[str, Points] | None = None
    node_count: list[int] | None = None
    dropped: list[int] | None = None
    late: list[int] | None = None
    bytes_sent: list[int] | None = None
    bytes_received: list[int] | None = None
    paused: list[bool] | None = None
    loop_lag: Points | None = None
    send_lag: Points | None = None
    process_cpu: Points | None = None


class LatencyBucket(OpenResponse):
    """How many requests took at most ``upto`` ms, and longer than the bucket before allows."""

    upto: float
    count: int


class StepOverTime(OpenResponse):
    """A step over time."""

    index: int
    name: str
    throughput: Points
    p95: Points
    counters: dict[str, list[float]]
    gauges: dict[str, Points]


class StepsOverTime(OpenResponse):
    """The first 20 steps over time."""

    width: int
    timestamps: list[int]
    steps: list[StepOverTime]


class PlanLatencies(ReportLatency):
    """Latencies from the planned start, with a note on what that means."""

    note: Texts


class ReportParts(OpenResponse):
    """Further parts of every report. ``search`` and ``data`` are present where the run had them."""

    name: str | None = None
    seed: int | None = None
    reason: ReasonTexts | None = None
    verdict: FinalVerdict | None = None
    validity: FinalValidity | None = None
    performance_score: Score | None = None
    steps: list[ReportStep] | None = None
    nodes: list[ReportNode] | None = None
    errors: list[ReportError] | None = None
    series: RunSeries | None = None
    latency_histogram: list[LatencyBucket] | None = None
    step_series: StepsOverTime | None = None
    latency_from_plan: PlanLatencies | None = None
    warm_up: WarmUpBlock | None = None
    pauses: list[dict[str, Any]] | None = None
    gaps: list[dict[str, Any]] | None = None
    events: list[RunEvent] | None = None
    warnings: list[Texts] | None = None
    search: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
