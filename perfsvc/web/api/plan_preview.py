"""Preview of an unsaved plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from typing import Literal
from typing import Self

from perfsvc.model.entities import Role
from perfsvc.model.load import Variable
from perfsvc.model.test_mode import TestMode
from perfsvc.service.auth.access import Kind
from perfsvc.service.auth.identity import Needs
from perfsvc.service.plan_preview import PlanPreview
from perfsvc.service.plan_preview import PreviewPlanForm
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.language import Language
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.responses import Problem
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may


class CurvePoint(Response):
    """The planned load at a moment of the profile, s; between two points it goes in a straight line."""

    t: float
    level: float


class PreviewLatency(Response):
    """Latencies of the plan's last report in ms, on which the estimate stands; null where there is none."""

    avg: float | None
    p50: float | None
    from_report_id: int | None


class PreviewScene(Response):
    """A scene's part of the load in percent, and how many requests one iteration of it sends."""

    scene_id: int | None
    name: str
    weight: int
    share: float
    requests_per_iteration: float


class PreviewNode(Response):
    """A node's part of the load in percent, and of its peak."""

    name: str
    share: float
    vus: int | None
    arrival_rate: float | None


class PreviewNeeds(Response):
    """Resources that the peak of the load needs. ``users`` is null where latencies are not known."""

    users: int | None
    open_files: int | None
    open_files_limit: int | None
    nodes: int


class Advice(Response):
    """What the last report of a plan adds to its numbers."""

    code: str
    severity: Literal["info", "warning", "error"]
    zh: str
    en: str


class PlanWarning(Response):
    """A warning about a plan and the path of what it is about; the path is empty where that is the whole plan."""

    path: str
    zh: str
    en: str


class PlanPreviewResponse(Response):
    """A preview. Estimates are null where they cannot be known; ``problems`` is all that a start would refuse.

    ``warnings`` are those that a start of the plan has, too.
    ``savable`` is whether the plan can be saved as it is: its problems, if any, prevent only a start.

    ``iteration_time`` is how long an iteration takes a user, s: think times and the response times of the last run.
    """

    mode: TestMode | None
    variable: Variable | None
    duration: float | None
    points: list[CurvePoint]
    peak: float | None
    min: float | None
    max: float | None
    iteration_time: float | None
    iterations: int | None
    requests: int | None
    latency: PreviewLatency
    scenes: list[PreviewScene]
    nodes: list[PreviewNode]
    needs: PreviewNeeds
    advice: list[Advice]
    warnings: list[PlanWarning]
    problems: list[Problem]
    savable: bool

    @classmethod
    def of(cls, preview: PlanPreview, language: Language) -> Self:
        spec, planned, guess, known = preview.spec, preview.planned or {}, preview.estimate, preview.latency
        needs = {
            "users": guess and guess.users,
            "open_files": preview.open_files,
            "open_files_limit": preview.open_files_limit,
            "nodes": len(preview.nodes),
        }
        values: dict[str, Any] = {
            "mode": preview.mode,
            "variable": spec and spec.load.variable,
            "duration": planned.get("duration"),
            "points": planned.get("points", []),
            "peak": spec and spec.load.peak,
            "min": planned.get("min"),
            "max": planned.get("max"),
            "iteration_time": guess and guess.iteration_time,
            "iterations": guess and guess.iterations,
            "requests": guess and guess.requests,
            "latency": {
                "avg": known and known.avg,
                "p50": known and known.p50,
                "from_report_id": known and known.report_id,
            },
            "scenes": _scenes(preview),
            "nodes": [vars(node) for node in preview.nodes],
            "needs": needs,
            "advice": guess.advice if guess else [],
            "warnings": [{"path": warning.path, **warning.text._asdict()} for warning in preview.warnings],
            "problems": [{"path": problem.path, "message": problem.text.of(language)} for problem in preview.problems],
            "savable": preview.savable,
        }
        return cls.model_validate(values)


def _scenes(preview: PlanPreview) -> list[dict[str, Any]]:
    if preview.estimate is None:
        return []
    ids: Sequence[int | None] = preview.scene_ids or [None] * len(preview.estimate.scenes)
    return [{"scene_id": ident, **scene} for ident, scene in zip(ids, preview.estimate.scenes, strict=True)]


class PlanPreviewHandler(Handler):
    @operation("预览测试计划", "What an unsaved plan would do", may(Role.VIEWER, Kind.PROJECT), needs=Needs.READ)
    async def post(self, body: PreviewPlanForm) -> PlanPreviewResponse:
        return PlanPreviewResponse.of(await self.services.plan_previews.of(body), self.language)


routes = [Route("/api/performance/plans/preview/", PlanPreviewHandler)]
