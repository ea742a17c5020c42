"""Scenes, plans with their configs, presets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

import pytest
from playhouse.test_utils import assert_query_count

from perfsvc.errors import Conflict
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import Page
from perfsvc.model.entities import Plan
from perfsvc.model.entities import Preset
from perfsvc.model.entities import Scene
from perfsvc.model.entities import SceneWeight
from perfsvc.model.scene import SceneSpec
from perfsvc.store import envs
from perfsvc.store import plans
from perfsvc.store import presets
from perfsvc.store import projects
from perfsvc.store import scenes
from perfsvc.store.binding import DATABASE
from perfsvc.store.database import Store
from tests.store.conftest import T0
from tests.store.conftest import FakeClock
from tests.store.conftest import World

BORN = datetime.fromtimestamp(T0 + 0.25, UTC)

SPEC: dict[str, Any] = {
    "name": "买",
    "steps": [
        {
            "name": "login",
            "request": {"method": "POST", "url": "/login", "json": {"user": "{{u}}", "big": 2**60, "x": None}},
            "extract": [{"name": "token", "from": "json", "path": "$.token"}],
            "checks": [{"type": "status", "equals": 200}, {"type": "json", "path": "$.ok", "equals": None}],
            "think_time": {"type": "uniform", "min": 0.5, "max": 1.5},
        },
        {
            "type": "if",
            "condition": {"variable": "token", "is": "present"},
            "steps": [{"type": "loop", "times": 2, "steps": [{"name": "again", "request": {"url": "/"}}]}],
        },
    ],
}

CONFIGS: list[dict[str, Any]] = [
    {"vus": 1},
    {"concurrent_users": 100, "ramp_up_time": 30, "hold_time": 0, "request_timeout": 5000, "test_type": "stress"},
    {"vus": 5, "target_url": "http://example.com/路径?a=1", "protocol": "mqtt"},
    {"vus": 9, "test_mode": "step", "step_users": 3, "step_time": 60},
    {"vus": 9, "test_mode": "error_rate", "error_threshold": 1.1},
    {"vus": 9, "test_mode": "adaptive", "adaptive_target": {"metric": "p95", "target": 200}},
    {"vus": 1, "data_source_type": "csv", "data_config": {"datafile_id": 7, "unique": False}, "data_cache_ttl": 0},
    {
        "vus": 1,
        "control_mode": "central",
        "node_count": 3,
        "node_distribution": {"a": 0.1, "二": 3},
        "load_balance_strategy": "weight",
    },
    {"vus": 1, "execution_config": {"stages": [{"duration": 1.5, "target": 3}], "seed": 2**63 - 1}},
    {"vus": 1, "execution_config": {"thresholds": ["p95{login} < 300", "requests > 1000000"], "abort_grace": 0.1}},
    {"vus": 1, "execution_config": {"protocol_options": {"http": {"verify": False}}, "pacing": 1e-7}},
]


async def scene_of(store: Store, world: World, name: str) -> Scene:
    spec = SceneSpec.parse({**SPEC, "name": name})
    return await store.run(scenes.create, world.project.id, world.user.id, spec)


@pytest.mark.asyncio
async def test_a_scene_comes_back_as_it_was(store: Store, world: World) -> None:
    spec = SceneSpec.parse(SPEC)
    scene = await store.run(scenes.create, world.project.id, world.user.id, spec, "说明")
    assert scene == Scene(1, world.project.id, world.user.id, "说明", spec, BORN, BORN, world.user.username)
    assert await store.run(scenes.get, scene.id) == scene
    assert scene.spec.model_dump(by_alias=True, exclude_unset=True) == spec.model_dump(
        by_alias=True, exclude_unset=True
    )


@pytest.mark.asyncio
async def test_scenes_change(store: Store, world: World, clock: FakeClock) -> None:
    one, two = await scene_of(store, world, "one"), await scene_of(store, world, "two")
    clock.seconds += 5
    wanted = replace(one, spec=SceneSpec.parse({**SPEC, "name": "first"}), description="d")
    changed = await store.run(scenes.update, wanted)
    assert changed == replace(wanted, updated_time=BORN + timedelta(seconds=5))
    assert await store.run(scenes.page, world.project.id) == Page(2, 1, 10, [two, changed])
    assert await store.run(scenes.of_ids, [two.id, one.id, two.id]) == {one.id: changed, two.id: two}
    assert await store.run(scenes.of_ids, []) == {}
    await store.run(scenes.delete, one.id)
    for call in (scenes.get, scenes.delete):
        with pytest.raises(NotFound) as caught:
            await store.run(call, one.id)
        assert caught.value.text.zh == "业务流不存在"
    with pytest.raises(NotFound):
        await store.run(scenes.of_ids, [one.id, two.id])
    with pytest.raises(NotFound):
        await store.run(scenes.update, one)


@pytest.mark.asyncio
async def test_a_scene_in_a_plan_stays(store: Store, world: World) -> None:
    scene = await scene_of(store, world, "one")
    await store.run(plans.update, replace(world.plan, scenes=(SceneWeight(scene.id, 1),)))
    with pytest.raises(Conflict) as caught:
        await store.run(scenes.delete, scene.id)
    assert caught.value.text.zh == "业务流正被测试计划“evening peak”使用，不能删除"


@pytest.mark.asyncio
@pytest.mark.parametrize("document", CONFIGS)
async def test_a_config_comes_back_as_it_was(store: Store, world: World, document: dict[str, Any]) -> None:
    config = PlanConfig.parse(document)
    plan = await store.run(plans.create, world.project.id, world.user.id, "p", config)
    expected = config.merged({"env_id": world.plan.config.env_id})
    assert plan.config == expected
    assert plan.config.answer() == expected.answer()
    assert (await store.run(plans.get, plan.id)).config.merged({"vus": 77}) == expected.merged({"vus": 77})


@pytest.mark.asyncio
async def test_every_key_of_a_config_has_a_column_of_its_own(store: Store) -> None:
    names = {"concurrent_users": "vus", "ramp_up_time": "ramp_up", "hold_time": "duration"}
    expected = {names.get(field, field) for field in PlanConfig.model_fields} | {"id", "plan_id"}
    columns = await store.run(lambda: {column.name for column in DATABASE.get_columns("performance_config")})
    assert columns == expected | {"exact_durations"}


@pytest.mark.asyncio
async def test_a_plan_with_scenes(store: Store, world: World) -> None:
    ids = [(await scene_of(store, world, name)).id for name in "abc"]
    shares = (SceneWeight(ids[2], 3), SceneWeight(ids[0], 1))
    config = PlanConfig.parse({"vus": 1, "env_id": 1})
    plan = await store.run(plans.create, world.project.id, world.user.id, "晚高峰", config, shares, "描述")
    who = world.user
    assert plan == Plan(
        2, "晚高峰", "描述", world.project.id, who.id, shares, config, "pending", BORN, BORN, who.username
    )
    assert await store.run(plans.get, plan.id) == plan


@pytest.mark.asyncio
async def test_a_plan_changes(store: Store, world: World, clock: FakeClock) -> None:
    ids = [(await scene_of(store, world, name)).id for name in "ab"]
    env = await store.run(envs.create, world.project.id, "pre")
    clock.seconds += 5
    wanted = replace(
        world.plan,
        name="n",
        description="d",
        config=world.plan.config.merged({"vus": 3, "env_id": env.id}),
        scenes=(SceneWeight(ids[1], 2), SceneWeight(ids[0], 1)),
    )
    changed = await store.run(plans.update, wanted)
    assert changed == replace(wanted, updated_time=BORN + timedelta(seconds=5))
    fewer = replace(changed, scenes=(SceneWeight(ids[0], 9),))
    assert await store.run(plans.update, fewer) == fewer


@pytest.mark.asyncio
async def test_status(store: Store, world: World) -> None:
    for status in ("running", "completed", "failed", "pending"):
        await store.run(plans.set_status, world.plan.id, status)
        assert (await store.run(plans.get, world.plan.id)).status == status
    with pytest.raises(InvalidInput) as caught:
        await store.run(plans.set_status, world.plan.id, "created")
    assert caught.value.problems[0].text.en == "must be one of pending, running, completed, failed"


@pytest.mark.asyncio
async def test_what_is_not_the_projects_own_is_refused(store: Store, world: World) -> None:
    other = await store.run(projects.create, "other", "", world.user.id)
    theirs = await store.run(scenes.create, other.id, world.user.id, SceneSpec.parse(SPEC))
    own = await scene_of(store, world, "own")
    their_env = (await store.run(envs.page, other.id)).results[0].id
    shares = (SceneWeight(theirs.id, 1), SceneWeight(own.id, 1), SceneWeight(99, 1), SceneWeight(own.id, 2))
    config = PlanConfig.parse({"vus": 1, "env_id": their_env})
    for call in (
        store.run(plans.create, world.project.id, world.user.id, "p", config, shares),
        store.run(plans.update, replace(world.plan, config=config, scenes=shares)),
    ):
        with pytest.raises(InvalidInput) as caught:
            await call
        assert [(problem.path, problem.text.zh) for problem in caught.value.problems] == [
            ("config.env_id", "项目中没有该测试环境"),
            ("scenes[0].scene_id", "项目中没有该业务流"),
            ("scenes[2].scene_id", "项目中没有该业务流"),
            ("scenes[3].scene_id", "业务流重复"),
        ]
    assert (await store.run(plans.page, world.project.id)).total == 1


@pytest.mark.asyncio
async def test_a_plan_that_cannot_be(store: Store, world: World) -> None:
    config = PlanConfig.parse({"vus": 1})
    scene = await scene_of(store, world, "a")
    with pytest.raises(InvalidInput) as caught:
        await store.run(plans.create, world.project.id, world.user.id, "x" * 101, config)
    assert [problem.path for problem in caught.value.problems] == ["name"]
    with pytest.raises(InvalidInput) as caught:
        await store.run(plans.create, world.project.id, world.user.id, "x", config, [SceneWeight(scene.id, 0)])
    assert [problem.path for problem in caught.value.problems] == ["weight"]
    for project, user in ((99, world.user.id), (world.project.id, 99)):
        with pytest.raises(NotFound):
            await store.run(plans.create, project, user, "x", config)
    assert (await store.run(plans.page, world.project.id)).total == 1


@pytest.mark.asyncio
async def test_a_default_environment_that_is_gone_is_made_again(store: Store, world: World) -> None:
    await store.run(plans.delete, world.plan.id)
    await store.run(envs.delete, 1)
    await store.run(envs.create, world.project.id, "production", "https://example.com")
    plan = await store.run(plans.create, world.project.id, world.user.id, "p", PlanConfig.parse({"vus": 1}))
    env = await store.run(envs.get, plan.config.env_id or 0)
    assert (env.name, env.host) == ("默认环境", "")


@pytest.mark.asyncio
async def test_a_plan_is_deleted(store: Store, world: World) -> None:
    await store.run(plans.delete, world.plan.id)
    for call in (plans.get, plans.delete):
        with pytest.raises(NotFound) as caught:
            await store.run(call, world.plan.id)
        assert caught.value.text == ("测试计划不存在", "the plan does not exist")
    with pytest.raises(NotFound):
        await store.run(plans.update, world.plan)
    with pytest.raises(NotFound):
        await store.run(plans.set_status, world.plan.id, "running")


@pytest.mark.asyncio
async def test_a_page_of_plans_takes_three_queries_however_long_it_is(store: Store, world: World) -> None:
    config = PlanConfig.parse({"vus": 1})
    shares = [SceneWeight((await scene_of(store, world, name)).id, 1) for name in "ab"]
    made = [
        await store.run(plans.create, world.project.id, world.user.id, f"p{number}", config, shares[: number % 3])
        for number in range(7)
    ]
    with assert_query_count(3, only_select=True):
        page = await store.run(plans.page, world.project.id, 1, 5)
    assert page == Page(8, 1, 5, made[:1:-1])
    assert (await store.run(plans.page, world.project.id, 2, 5)).results == [made[1], made[0], world.plan]
    assert await store.run(plans.page, 99) == Page(0, 1, 10, [])


@pytest.mark.asyncio
async def test_presets(store: Store, world: World) -> None:
    data = {"concurrent_users": 10, "说明": [1.5, None]}
    made = await store.run(presets.create, world.project.id, world.user.id, "n", "step", data, "d")
    assert made == Preset(1, "n", "d", world.project.id, world.user.id, "step", data, BORN, BORN, "wang")
    other = await store.run(presets.create, world.project.id, world.user.id, "m", "adaptive", {})
    assert await store.run(presets.page, world.project.id) == Page(2, 1, 10, [other, made])
    wanted = replace(made, name="k", description=None, config_type="error_rate", config_data={"a": 1}, updated_by="li")
    assert await store.run(presets.update, wanted) == wanted
    assert await store.run(presets.get, made.id) == wanted
    with pytest.raises(InvalidInput) as caught:
        await store.run(presets.update, replace(made, config_type="concurrently"))
    assert [problem.path for problem in caught.value.problems] == ["config_type"]
    await store.run(presets.delete, made.id)
    for call in (presets.get, presets.delete):
        with pytest.raises(NotFound) as missing:
            await store.run(call, made.id)
        assert missing.value.text.zh == "预设配置不存在"
    with pytest.raises(NotFound):
        await store.run(presets.update, made)


@pytest.mark.asyncio
async def test_durations_that_are_no_whole_seconds_are_kept_exactly(store: Store, world: World) -> None:
    given = {"vus": 1, "target_url": "http://h/", "hold_time": 0.2, "ramp_up_time": "1500ms", "step_time": 3}
    config = PlanConfig.parse(given)
    plan = await store.run(plans.create, world.project.id, world.user.id, "exact", config, ())
    stored = (await store.run(plans.get, plan.id)).config
    assert (stored.hold_time, stored.ramp_up_time, stored.step_time) == (0.2, 1.5, 3)
