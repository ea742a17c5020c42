"""Migrations of databases with data in them: down to before one, and up again, what is documented stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from typing import Any

import pytest

from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import FileContent
from perfsvc.model.entities import TokenScope
from perfsvc.model.execution import Execution
from perfsvc.model.run import RunState
from perfsvc.model.scene import SceneSpec
from perfsvc.store import api_tokens
from perfsvc.store import datafiles
from perfsvc.store import envs
from perfsvc.store import executions
from perfsvc.store import pins
from perfsvc.store import plans
from perfsvc.store import presets
from perfsvc.store import projects
from perfsvc.store import reports
from perfsvc.store import run_list
from perfsvc.store import scenes
from perfsvc.store.binding import DATABASE
from perfsvc.store.database import Store
from perfsvc.store.database import writes
from perfsvc.store.migrations import migrate
from perfsvc.store.migrations import runner
from perfsvc.store.tables import TABLES
from tests.store.conftest import World
from tests.store.test_schema import MIGRATIONS
from tests.store.test_schema import count
from tests.store.test_schema import execute
from tests.store.test_schema import in_migration

TIME = "'2026-01-02 03:04:05.678901'"
BEGUN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def down_to_before(name: str) -> Callable[[], Any]:
    """Undo a migration and all later ones."""

    def down(database: Any) -> None:
        for _ in MIGRATIONS[MIGRATIONS.index(name) :]:
            runner(database).down()

    return in_migration(down)


UP = in_migration(lambda database: migrate(database, dict(table.shape() for table in TABLES)))
"""Apply all migrations."""
LATER = frozenset({"exact_durations", "updated_by"})
"""Columns that came after the unused tables had gone."""


def rows(table: str, *, without: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    """All rows of a table by id, but for some columns."""
    cursor = DATABASE.execute_sql(f"SELECT * FROM {table} ORDER BY id")
    names = [column[0] for column in cursor.description]
    return [{name: value for name, value in zip(names, row, strict=True) if name not in without} for row in cursor]


@pytest.mark.asyncio
async def test_unused_tables_come_and_go_and_take_nothing_with_them(store: Store, world: World) -> None:
    def kept() -> dict[str, Any]:
        return {name: rows(name, without=LATER) for name in ("users", "performance_test_plan", "performance_config")}

    before = await store.run(kept)
    await store.run(down_to_before("0004_unused_tables"))
    await store.run(
        execute,
        "INSERT INTO schedule (plan_id, creator_id, name, rule, next_time)"
        f" VALUES ({world.plan.id}, {world.user.id}, 'nightly', '0 2 * * *', {TIME})",
    )
    await store.run(
        execute,
        "INSERT INTO audit_log (user_id, username, action, subject, subject_id, detail, address)"
        f" VALUES ({world.user.id}, 'wang', 'start', 'plan', '{world.plan.id}', '{{}}', '::1')",
    )
    assert [await store.run(count, table) for table in ("schedule", "audit_log")] == [1, 1]
    await store.run(UP)
    assert not {"schedule", "audit_log"} & set(await store.run(lambda: DATABASE.get_tables()))
    assert await store.run(kept) == before
    await store.run(down_to_before("0004_unused_tables"))
    assert [await store.run(count, table) for table in ("schedule", "audit_log")] == [0, 0]


@pytest.mark.asyncio
async def test_editors_are_forgotten_on_the_way_down_and_nothing_else(store: Store, world: World) -> None:
    @writes
    def edited() -> int:
        spec = SceneSpec.parse({"name": "buy", "steps": [{"name": "页面", "request": {"url": "/"}}]})
        scene = scenes.create(world.project.id, world.user.id, spec, "说明")
        scenes.update(replace(scene, updated_by="王"))
        plans.update(replace(world.plan, description="晚高峰", updated_by="王"))
        return scene.id

    scene_id = await store.run(edited)
    tables = ("test_scene", "performance_test_plan")
    without = frozenset({"updated_by"})
    before = {table: await store.run(lambda name=table: rows(name, without=without)) for table in tables}
    assert (await store.run(scenes.get, scene_id)).updated_by == "王"
    await store.run(down_to_before("0006_editors"))
    assert {table: await store.run(rows, table) for table in tables} == before
    await store.run(UP)
    assert {table: await store.run(lambda name=table: rows(name, without=without)) for table in tables} == before
    scene, plan = await store.run(scenes.get, scene_id), await store.run(plans.get, world.plan.id)
    assert (scene.updated_by, plan.updated_by) == (None, None)
    assert (scene.spec.steps[0].name, plan.description) == ("页面", "晚高峰")


@pytest.mark.asyncio
async def test_exact_durations_become_whole_seconds_and_stay_so(store: Store, world: World) -> None:
    exact = {
        "concurrent_users": 10,
        "hold_time": 12.5,
        "ramp_up_time": 0.2,
        "test_mode": "step",
        "step_users": 5,
        "step_time": 1.25,
    }
    config = PlanConfig.parse({**exact, "env_id": world.plan.config.env_id})
    await store.run(plans.update, replace(world.plan, config=config))
    stored = (await store.run(plans.get, world.plan.id)).config
    assert (stored.hold_time, stored.ramp_up_time, stored.step_time) == (12.5, 0.2, 1.25)
    before = await store.run(lambda: rows("performance_config", without=frozenset({"exact_durations"})))
    await store.run(down_to_before("0008_exact_durations"))
    assert await store.run(rows, "performance_config") == before
    await store.run(UP)
    again = (await store.run(plans.get, world.plan.id)).config
    assert (again.hold_time, again.ramp_up_time, again.step_time) == (13, 1, 2)
    rounded = {"hold_time": 13.0, "ramp_up_time": 1.0, "step_time": 2.0}
    assert again.model_dump() == {**stored.model_dump(), **rounded}


@pytest.mark.asyncio
async def test_api_tokens_go_and_their_users_stay(store: Store, world: World) -> None:
    made = api_tokens.NewToken(world.user.id, "CI", TokenScope.RUN, "0" * 12, "0" * 64, None)
    assert (await store.run(api_tokens.create, made)).scope is TokenScope.RUN
    before = await store.run(rows, "users")
    await store.run(down_to_before("0010_api_tokens"))
    await store.run(UP)
    assert await store.run(rows, "users") == before
    assert await store.run(api_tokens.of_user, world.user.id) == []


@pytest.mark.asyncio
async def test_pins_go_and_their_runs_stay(store: Store, world: World) -> None:
    started = Execution("run-1", world.plan.id, world.user.id, RunState.RUNNING, {}, BEGUN, None, None)
    await store.run(executions.create, started)
    made = pins.NewPin("run-1", world.user.id, 1.5, 2.25, "cache off")
    pin = await store.run(pins.create, made, 1)
    assert (pin.execution_id, pin.begins, pin.ends, pin.text) == ("run-1", 1.5, 2.25, "cache off")
    before = await store.run(rows, "performance_execution")
    await store.run(down_to_before("0011_pins"))
    await store.run(UP)
    assert await store.run(rows, "performance_execution") == before
    assert await store.run(pins.of_run, "run-1") == []


@pytest.mark.asyncio
async def test_who_changed_what_comes_from_who_created_it(store: Store, world: World) -> None:
    content = FileContent("a" * 32, 7, "d" * 64, ("user",), 1)

    @writes
    def filled() -> None:
        envs.create(world.project.id, "staging", creator="wang")
        presets.create(world.project.id, world.user.id, "small", "concurrent", {"vus": 1})
        datafiles.create(world.project.id, world.user.id, "users.csv", content)

    await store.run(filled)
    tables = ("project_member", "test_env", "performance_preset", "data_file")
    later = frozenset({"updated_time", "updated_by", "certificates"})
    members_later = later | {"created_time"}

    def kept() -> list[Any]:
        return [rows(name, without=members_later if name == "project_member" else later) for name in tables]

    before = await store.run(kept)
    await store.run(down_to_before("0012_who_changed_what"))
    assert await store.run(lambda: [rows(name) for name in tables]) == before
    await store.run(UP)
    assert await store.run(kept) == before
    (member,) = await store.run(projects.members, world.project.id)
    assert (member.created_time, member.updated_time, member.updated_by) == (None, None, None)
    kinds = [await store.run(page, world.project.id) for page in (presets.page, datafiles.page, envs.page)]
    found = [page.results[-1] for page in kinds]
    assert [each.updated_by for each in found] == ["wang", "wang", None]
    assert [each.updated_time for each in found] == [each.created_time for each in found]


@pytest.mark.asyncio
async def test_what_runs_found_comes_from_their_reports(store: Store, world: World) -> None:
    limit = {"threshold": 1.0, "low": 90.0, "value": 90.0, "at_least": False, "complete": True}
    missed = {"expression": "p95 < 9", "metric": "p95", "passed": False}
    without_metric = {"expression": "error_rate < 1", "passed": False}
    failed = {"state": "FAILED", "thresholds": [missed, without_metric]}
    bodies: dict[str, dict[str, Any]] = {"run-1": {"search": limit, "verdict": failed}, "run-2": {}}
    for name, body in bodies.items():
        started = Execution(name, world.plan.id, world.user.id, RunState.COMPLETED, {}, BEGUN, None, None)
        await store.run(executions.create, started)
        times = {"start_time": BEGUN, "end_time": BEGUN}
        made = {"status": "completed", "summary": {}, "performance_score": None, "body": body, **times}
        await store.run(reports.create, world.plan.id, name, **made)
    before = await store.run(rows, "performance_report")
    await store.run(down_to_before("0014_what_runs_found"))
    await store.run(UP)
    assert [(await store.run(run_list.get, name)).found for name in bodies] == [
        {"kind": "limit", "level": 90.0, "at_least": False},
        None,
    ]
    assert [(await store.run(run_list.get, name)).breached for name in bodies] == [["p95"], []]
    assert len(await store.run(rows, "performance_report")) == len(before)
