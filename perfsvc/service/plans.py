"""Plans: scenes with weights, and a config."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated
from typing import Any

from pydantic import Field

from perfsvc.errors import Conflict
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.event_loop import off_loop
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import Page
from perfsvc.model.entities import Plan
from perfsvc.model.entities import SceneWeight
from perfsvc.model.entities import User
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.service.editing import Edit
from perfsvc.service.fields import Description
from perfsvc.service.fields import Id
from perfsvc.service.fields import Name
from perfsvc.service.partial_update import RESOURCE
from perfsvc.service.partial_update import Change
from perfsvc.service.partial_update import may_change
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.store import plans
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.database import writes


class SceneShare(Spec):
    """A scene and its share of the virtual users."""

    scene_id: Id = titled("业务流", "Scene")
    weight: int = titled("权重", "Weight", default=1, ge=1, le=1_000_000)


Shares = Annotated[Many[SceneShare], Field(max_length=100)]


class PlanForm(Spec):
    """A new plan."""

    name: Name = titled("测试计划名称", "Name")
    description: Description | None = titled("测试计划描述", "Description", default=None)
    project_id: Id = titled("所属项目ID", "Project")
    config: PlanConfig = titled("测试配置信息", "Config")
    scenes: Shares = titled("业务流", "Scenes", default=())
    copy_of: Id | None = titled(
        "复制来源计划的ID，****** 取自该计划",
        "Id of the plan that it is a copy of: ****** is taken from there",
        default=None,
    )


class PlanChange(Change):
    """Changes of a plan. ``config`` is merged key by key; ``scenes`` replaces all scenes."""

    read_only = RESOURCE

    name: Name = may_change("测试计划名称", "Name")
    description: Description | None = may_change("测试计划描述", "Description")
    config: dict[str, Any] = may_change("测试配置信息", "Config")
    scenes: Shares = may_change("业务流", "Scenes")


class Plans:
    """Stored plans. ``is_active``: whether a run of the plan with this id is active."""

    def __init__(self, store: Store, secrets: PlanSecrets, is_active: Callable[[int], bool]) -> None:
        self._store = store
        self._secrets = secrets
        self._is_active = is_active

    async def create(self, user: User, form: PlanForm, language: str) -> Plan:
        """Raises InvalidInput, also for a scene, an environment or a copied plan of another project."""
        source = None if form.copy_of is None else (await self._source(form.copy_of, form.project_id)).config
        shares, config = _weights(form.scenes), await off_loop(self._secrets.sealed, form.config, source)
        return await self._store.run(
            plans.create, form.project_id, user.id, form.name, config, shares, form.description, language
        )

    async def get(self, plan_id: int) -> Plan:
        return await self._store.run(plans.get, plan_id)

    async def page(self, project_id: int, page: int, page_size: int, selection: Selection = ALL) -> Page[Plan]:
        return await self._store.run(plans.page, project_id, page, page_size, selection)

    async def update(self, plan_id: int, change: PlanChange, edit: Edit) -> Plan:
        """Update a plan; active runs are not affected. Raises InvalidInput as ``create`` does."""
        return await self._store.run(self._update, plan_id, change, edit)

    async def delete(self, plan_id: int) -> None:
        """Delete a plan with its runs and reports. Raises Conflict while a run is active."""
        if self._is_active(plan_id):
            raise Conflict("测试计划正在执行，不能删除", "The plan is running; it cannot be deleted")
        while await self._store.run(windows.prune, plan_id):
            pass  # in batches: a long history would exceed the store's time limit in one call
        await self._store.run(plans.delete, plan_id)

    async def _source(self, plan_id: int, project_id: int) -> Plan:
        try:
            plan = await self.get(plan_id)
        except NotFound:
            plan = None
        if plan is None or plan.project_id != project_id:
            raise InvalidInput.at("copy_of", "项目中没有该测试计划", "the project has no such plan")
        return plan

    @writes
    def _update(self, plan_id: int, change: PlanChange, edit: Edit) -> Plan:
        plan = plans.get(plan_id)
        edit.refuse_stale(plan.updated_time, plan.updated_by)
        changes = change.changes()
        if "config" in changes:
            changes["config"] = self._secrets.sealed(plan.config.merged(change.config), plan.config)
        if "scenes" in changes:
            changes["scenes"] = _weights(change.scenes)
        return plans.update(replace(plan, **changes, updated_by=edit.user.username), edit.language)


def _weights(shares: tuple[SceneShare, ...]) -> tuple[SceneWeight, ...]:
    return tuple(SceneWeight(share.scene_id, share.weight) for share in shares)
