"""Preview of an unsaved plan: its load, and everything that would prevent saving or starting it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from typing import Annotated
from typing import Any

from pydantic import Field

from perfsvc.analysis.curve import planned_block
from perfsvc.analysis.plan_estimate import Estimate
from perfsvc.analysis.plan_estimate import KnownLatency
from perfsvc.analysis.plan_estimate import estimate
from perfsvc.engine.probe import OTHER_FILES
from perfsvc.engine.probe import raise_open_files_limit
from perfsvc.engine.share import Share
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.event_loop import off_loop
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import Plan
from perfsvc.model.entities import SceneWeight
from perfsvc.model.execution import RunFilter
from perfsvc.model.placement import Placement
from perfsvc.model.run import RunSpec
from perfsvc.model.test_mode import TestMode
from perfsvc.model.test_mode import mode_of_load
from perfsvc.service.fields import Id
from perfsvc.service.fields import Name
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.service.plans import Shares
from perfsvc.service.runs.manager import Preview
from perfsvc.service.runs.manager import RunManager
from perfsvc.store import plans
from perfsvc.store import reports
from perfsvc.store import run_list
from perfsvc.store.database import Store
from perfsvc.store.tables import PlanRow

WEIGHT_UNITS = 1000
"""Node weights are split in whole thousandths."""


class PreviewShare(Spec):
    """A scene and its share, as far as they are filled in: a weight that a plan cannot have is among the problems."""

    scene_id: Id = titled("业务流", "Scene")
    weight: int = titled("权重", "Weight", default=1)


class _Scenes(Spec):
    scenes: Shares


class PreviewPlanForm(Spec):
    """A plan as it would be saved. Latencies are estimated from the last report of ``plan_id``."""

    project_id: Id = titled("所属项目ID", "Project")
    plan_id: Id | None = titled("测试计划ID", "Plan", default=None)
    name: Name = titled("测试计划名称", "Name", default="preview")
    config: dict[str, Any] = titled("测试配置信息", "Config")
    scenes: Annotated[Many[PreviewShare], Field(max_length=100)] = titled("业务流", "Scenes", default=())


@dataclass(frozen=True)
class NodePart:
    """A node's part of the load: percent, and users or arrivals per second at the peak."""

    name: str
    share: float
    vus: int | None
    arrival_rate: float | None


@dataclass(frozen=True)
class PlanPreview:
    """All but ``problems`` and ``savable`` is None or empty when the config cannot be read.

    ``savable``: whether the problems prevent a start only.
    """

    spec: RunSpec | None
    scene_ids: Sequence[int]
    mode: TestMode | None
    planned: dict[str, Any] | None
    latency: KnownLatency | None
    estimate: Estimate | None
    nodes: list[NodePart]
    open_files: int | None
    open_files_limit: int | None
    problems: list[Problem]
    warnings: list[Problem]
    savable: bool


class PlanPreviews:
    """Previews of plans."""

    def __init__(self, store: Store, runs: RunManager, secrets: PlanSecrets) -> None:
        self._store = store
        self._secrets = secrets
        self._runs = runs

    async def of(self, form: PreviewPlanForm) -> PlanPreview:
        """Preview a plan. What is wrong with it is part of the preview."""
        try:
            shares = _shares(form)
            plan = _plan(form, await self._sealed(form), shares)
            await self._store.run(plans.refuse_strangers, form.project_id, plan.config, shares)
        except InvalidInput as error:
            return _refused(error.problems, savable=False)
        try:
            preview = await self._runs.preview(plan)
        except InvalidInput as error:
            return _refused(error.problems, savable=True)
        latency = None if form.plan_id is None else await self._store.run(_measured_latency, form)
        return self._preview(preview, [share.scene_id for share in shares], latency)

    async def _sealed(self, form: PreviewPlanForm) -> PlanConfig:
        """The config as it would be stored; a masked secret is the plan's."""
        config = PlanConfig.parse(form.config, "config")
        stored = None if form.plan_id is None else await self._store.run(_stored_config, form)
        return await off_loop(self._secrets.sealed, config, stored)

    def _preview(self, preview: Preview, scene_ids: Sequence[int], latency: KnownLatency | None) -> PlanPreview:
        spec = preview.spec
        parts = _parts(spec, [node.name for node in self._runs.node_source.nodes() if node.kind == "agent"])
        on_one = max((part.vus or 0 for part in parts), default=0) if not spec.load.open else spec.load.most_users
        return PlanPreview(
            spec=spec,
            scene_ids=scene_ids,
            mode=mode_of_load(spec.load),
            planned=planned_block(spec.load),
            latency=latency,
            estimate=estimate(spec, latency),
            nodes=parts,
            open_files=on_one + OTHER_FILES,
            open_files_limit=raise_open_files_limit() or None,
            problems=preview.problems,
            warnings=preview.warnings,
            savable=True,
        )


def _shares(form: PreviewPlanForm) -> tuple[SceneWeight, ...]:
    """Return the scenes as a plan has them; raise InvalidInput."""
    parsed = _Scenes.parse({"scenes": [share.model_dump() for share in form.scenes]})
    return tuple(SceneWeight(share.scene_id, share.weight) for share in parsed.scenes)


def _plan(form: PreviewPlanForm, config: PlanConfig, shares: tuple[SceneWeight, ...]) -> Plan:
    """Return the plan as if it were stored."""
    never = datetime.fromtimestamp(0, UTC)
    return Plan(form.plan_id or 0, form.name, None, form.project_id, 0, shares, config, "pending", never, never)


def _stored_config(form: PreviewPlanForm) -> PlanConfig | None:
    """The config of the plan that is edited, if it is one of the project."""
    if form.plan_id is None or not plans.own_ids(PlanRow, form.project_id, [form.plan_id]):
        return None
    return plans.get(form.plan_id).config


def _refused(problems: Sequence[Problem], *, savable: bool) -> PlanPreview:
    return PlanPreview(None, (), None, None, None, None, [], None, None, list(problems), [], savable)


def _parts(spec: RunSpec, agents: list[str]) -> list[NodePart]:
    """Split the load over the expected nodes."""
    names = _names(spec.placement, agents)
    if not names:
        return []
    weighted = spec.placement.strategy == "weight"
    weights = tuple(round(spec.placement.weights.get(name, 1.0) * WEIGHT_UNITS) if weighted else 1 for name in names)
    shares = [Share(index, weights) for index in range(len(names))]
    peak = spec.load.peak
    return [
        NodePart(
            name=name,
            share=round(100 * share.fraction, 3),
            vus=None if spec.load.open else share.of(int(peak)),
            arrival_rate=round(peak * share.fraction, 3) if spec.load.open else None,
        )
        for name, share in zip(names, shares, strict=True)
    ]


def _names(placement: Placement, agents: list[str]) -> list[str]:
    if placement.mode == "single":
        return ["local"]
    if placement.mode == "central":
        return [f"central-{number}" for number in range(1, placement.count + 1)]
    return agents[: placement.count]


def _measured_latency(form: PreviewPlanForm) -> KnownLatency | None:
    """Latencies of the plan's last report that has any."""
    reported = RunFilter(plan_id=form.plan_id, project_id=form.project_id, reported=True)
    for row in run_list.page(reported, 1, 1).results:
        summary = row.summary or {}
        if row.report_id is None or summary.get("avg_response_time") is None:
            continue
        steps = reports.get(row.report_id).body.get("steps") or []
        by_step = {step["name"]: step["avg"] for step in steps if step.get("avg") is not None}
        p50 = (summary.get("percentiles") or {}).get("p50")
        return KnownLatency(row.report_id, summary["avg_response_time"], p50, by_step)
    return None
