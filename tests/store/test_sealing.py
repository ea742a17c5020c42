"""Secrets that are stored in plain text are sealed, on each kind of database, and nothing else changes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from perfsvc.model.config import PlanConfig
from perfsvc.model.scene import SceneSpec
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.auth.vault import Vault
from perfsvc.service.plain_secrets import PlainSecrets
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.store import plans
from perfsvc.store import presets
from perfsvc.store import scenes
from perfsvc.store import sealing
from perfsvc.store.database import Store
from tests.store.conftest import FakeClock
from tests.store.conftest import World

SECRETS = PlanSecrets(Catalog.load(), Vault("k" * 32))
PROXY = {"execution_config": {"protocol_options": {"http": {"proxy": {"url": "http://p:1", "password": "pr0xy"}}}}}
ROWS = {
    "data_source_type": "pool",
    "data_config": {"rows": [{"user": "li", "word": "w0rd"}], "secret_columns": ["word"]},
}


def scene(name: str, *passwords: str) -> SceneSpec:
    steps = [
        {
            "name": f"step {number}",
            "request": {"url": "/", "auth": {"type": "basic", "username": "li", "password": password}},
        }
        for number, password in enumerate(passwords)
    ]
    return SceneSpec.parse({"name": name, "steps": steps})


def text(value: Any) -> str:
    return json.dumps(value, default=lambda each: each.model_dump(mode="json", by_alias=True))


@pytest.mark.asyncio
async def test_secrets_of_scenes_plans_and_presets(store: Store, world: World, clock: FakeClock) -> None:
    project, user = world.project.id, world.user.id
    made = [
        await store.run(scenes.create, project, user, scene(f"s{number}", "pl4in", "{{word}}", ""))
        for number in range(45)
    ]
    config = PlanConfig.parse({"vus": 1, **PROXY, **ROWS})
    plan = await store.run(plans.update, replace(world.plan, config=config))
    preset = await store.run(presets.create, project, user, "p", "concurrent", {"vus": 1, **PROXY})
    clock.seconds += 60

    sealing_them = PlainSecrets(store, SECRETS)
    assert await sealing_them.seal() == 47
    assert await sealing_them.seal() == 0

    for before in made:
        after = await store.run(scenes.get, before.id)
        assert replace(after, spec=before.spec) == before
        assert "pl4in" not in text(after.spec)
        opened, found = SECRETS.scenes.opened(after.spec)
        assert (opened, found) == (before.spec, {"pl4in"})
    stored = await store.run(plans.get, plan.id)
    assert replace(stored, config=plan.config) == plan
    assert "pr0xy" not in text(stored.config)
    assert "w0rd" not in text(stored.config)
    assert SECRETS.opened(stored.config)[0] == plan.config
    kept = await store.run(presets.get, preset.id)
    assert "pr0xy" not in text(kept.config_data)
    assert SECRETS.opened(PlanConfig.parse(kept.config_data))[0] == PlanConfig.parse(preset.config_data)


@pytest.mark.asyncio
async def test_what_was_saved_meanwhile_stays(store: Store, world: World) -> None:
    before = await store.run(scenes.create, world.project.id, world.user.id, scene("s", "pl4in"))
    ((key, document),) = await store.run(sealing.documents_after, sealing.SCENES, 0, 10)
    await store.run(scenes.update, replace(before, spec=scene("s", "newer")))
    sealed = SECRETS.scenes.with_plain_sealed(document)
    assert not await store.run(sealing.replace, sealing.SCENES, key, document, sealed)
    assert (await store.run(scenes.get, key)).spec == scene("s", "newer")
    assert not await store.run(sealing.replace, sealing.SCENES, key + 1, document, sealed)
