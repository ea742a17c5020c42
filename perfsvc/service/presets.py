"""Presets: configs saved under a name for reuse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from perfsvc.errors import InvalidInput
from perfsvc.event_loop import off_loop
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import Page
from perfsvc.model.entities import Preset
from perfsvc.model.entities import User
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.model.test_mode import TestMode
from perfsvc.service.fields import Description
from perfsvc.service.fields import Id
from perfsvc.service.fields import Name
from perfsvc.service.partial_update import Change
from perfsvc.service.partial_update import may_change
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.store import presets
from perfsvc.store.database import Store
from perfsvc.store.database import writes


class PresetForm(Spec):
    """A new preset. ``config_data`` is a plan's config; its ``test_mode`` is ``config_type``."""

    name: Name = titled("预设名称", "Name")
    description: Description | None = titled("预设描述", "Description", default=None)
    project_id: Id = titled("所属项目", "Project")
    config_type: TestMode = titled("配置类型", "Kind")
    config_data: dict[str, Any] = titled("配置详细数据", "Config")


class PresetChange(Change):
    """Changes of a preset; ``config_data`` is replaced as a whole."""

    name: Name = may_change("预设名称", "Name")
    description: Description | None = may_change("预设描述", "Description")
    config_type: TestMode = may_change("配置类型", "Kind")
    config_data: dict[str, Any] = may_change("配置详细数据", "Config")


class Presets:
    """The presets of projects."""

    def __init__(self, store: Store, secrets: PlanSecrets) -> None:
        self._store = store
        self._secrets = secrets

    async def create(self, user: User, form: PresetForm) -> Preset:
        """Raises InvalidInput for a config that a plan would refuse."""
        config = await off_loop(self._checked, form.config_type, form.config_data, {})
        return await self._store.run(
            presets.create, form.project_id, user.id, form.name, form.config_type, config, form.description
        )

    async def get(self, preset_id: int) -> Preset:
        return await self._store.run(presets.get, preset_id)

    async def page(self, project_id: int, page: int, page_size: int, selection: Selection = ALL) -> Page[Preset]:
        return await self._store.run(presets.page, project_id, page, page_size, selection)

    async def update(self, user: User, preset_id: int, change: PresetChange) -> Preset:
        """Raises InvalidInput as ``create`` does."""
        return await self._store.run(self._update, user, preset_id, change)

    async def delete(self, preset_id: int) -> None:
        await self._store.run(presets.delete, preset_id)

    @writes
    def _update(self, user: User, preset_id: int, change: PresetChange) -> Preset:
        preset = presets.get(preset_id)
        changed = replace(preset, **change.changes())
        kept = changed.config_data if "config_data" in change.model_fields_set else _without_mode(changed.config_data)
        config = self._checked(changed.config_type, kept, preset.config_data)
        return presets.update(replace(changed, config_data=config, updated_by=user.username))

    def _checked(self, config_type: str, config_data: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
        before = PlanConfig.parse(stored) if stored else None
        config = self._secrets.sealed(checked(config_type, config_data), before, "config_data")
        return config.model_dump(mode="json", by_alias=True, exclude_unset=True)


def checked(config_type: str, config_data: dict[str, Any]) -> PlanConfig:
    """Return the given config with its mode. Raises InvalidInput."""
    if config_data.get("test_mode", config_type) != config_type:
        raise InvalidInput.at(
            "config_data.test_mode", f"与 config_type {config_type} 不一致", f"differs from config_type {config_type}"
        )
    return PlanConfig.parse({**config_data, "test_mode": config_type}, "config_data")


def _without_mode(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != "test_mode"}
