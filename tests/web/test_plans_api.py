"""Plans over REST, to the letter of the interface document."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.model.config import PlanConfig
from perfsvc.model.profile import load_of
from tests.support.web_world import Api

pytestmark = pytest.mark.gen_test

PLANS = "/api/performance/plans/"
CONFIG = {
    "concurrent_users": 100,
    "ramp_up_time": 30,
    "hold_time": 300,
    "test_type": "stress",
    "target_url": "http://example.com/api",
    "request_timeout": 5000,
}
FORM = {
    "name": "登录接口压测",
    "description": "测试登录接口在高并发下的性能表现",
    "project_id": 1,
    "config": CONFIG,
}


async def test_create_answers_as_documented(api: Api) -> None:
    created = await api.post(PLANS, FORM)
    assert created.status == 201
    plan = created.json
    assert {key: plan[key] for key in ("name", "description", "project_id")} == {
        key: FORM[key] for key in ("name", "description", "project_id")
    }
    assert (plan["id"], plan["status"], plan["created_at"]) == (2, "created", "2023-11-14T22:13:20Z")
    assert {key: plan["config"][key] for key in CONFIG} == CONFIG
    assert (await api.get(f"{PLANS}2/")).json == plan


async def test_list_answers_as_documented(api: Api) -> None:
    await api.post(PLANS, FORM)
    page = (await api.get(f"{PLANS}?project_id=1&page=1&page_size=1")).json
    assert (page["total"], page["page"], page["page_size"]) == (2, 1, 1)
    row = {
        "id": 2,
        "name": FORM["name"],
        "description": FORM["description"],
        "project_id": 1,
        "status": "created",
        "created_at": "2023-11-14T22:13:20Z",
        "updated_at": "2023-11-14T22:13:20Z",
        "updated_by": "owner",
    }
    assert page["results"] == [row]


async def test_put_merges_and_answers_as_documented(api: Api, world: Any) -> None:
    await api.post(PLANS, FORM)
    world.clock.advance(60)
    body = {
        "name": "登录接口压测-更新",
        "description": "更新后的测试描述",
        "config": {"concurrent_users": 200, "ramp_up_time": 60, "hold_time": 600},
    }
    changed = await api.put(f"{PLANS}2/", body)
    assert changed.status == 200
    plan = changed.json
    assert {key: plan[key] for key in ("id", "name", "description")} == {
        "id": 2,
        "name": body["name"],
        "description": body["description"],
    }
    assert plan["updated_at"] == "2023-11-14T22:14:20Z"
    assert plan["created_at"] == "2023-11-14T22:13:20Z"
    assert {key: plan["config"][key] for key in CONFIG} == {**CONFIG, **body["config"]}  # type: ignore[dict-item]


async def test_put_takes_the_tables_names_too(api: Api) -> None:
    changed = await api.put(f"{PLANS}1/", {"config": {"vus": 7, "duration": 8}})
    assert (changed.json["config"]["concurrent_users"], changed.json["config"]["hold_time"]) == (7, 8)


@pytest.mark.parametrize(
    "modes",
    [
        {},
        {"test_mode": "error_rate", "error_threshold": 1},
        {"test_mode": "adaptive", "adaptive_target": {"metric": "rps", "target": 5}},
        {"execution_config": {"max_iterations": 7, "thresholds": ["p95 < 300"], "arrival_rate": 5}},
        {"data_source_type": "pool", "data_config": {"columns": ["a"], "values": [["1"]]}},
    ],
)
async def test_what_get_answers_can_be_put_back(api: Api, world: Any, modes: dict[str, Any]) -> None:
    """Nothing changes, not even what the plan leaves to its test mode."""
    config = {"concurrent_users": 10, "target_url": "http://example.com/", **modes}
    await api.post(PLANS, {**FORM, "config": config})
    before = (await api.get(f"{PLANS}2/")).json
    assert ("hold_time" in before["config"]) == (not {"error_threshold", "execution_config"} & set(modes))
    assert ("ramp_up_time" in before["config"]) == ("adaptive_target" not in modes)
    done = await api.put(f"{PLANS}2/", before)
    assert (done.status, (await api.get(f"{PLANS}2/")).json) == (200, before)
    stored = PlanConfig.parse(before["config"])
    assert load_of(stored) == load_of(PlanConfig.parse(config))


async def test_delete_answers_as_documented(api: Api) -> None:
    deleted = await api.delete(f"{PLANS}1/")
    assert (deleted.status, deleted.json) == (200, {"message": "测试计划已删除"})
    gone = await api.get(f"{PLANS}1/")
    assert (gone.status, gone.json) == (404, {"error": "测试计划不存在"})
    english = await api.delete(f"{PLANS}1/", headers={"Accept-Language": "en"})
    assert english.json == {"error": "the plan does not exist"}


async def test_a_running_plan_cannot_be_deleted_and_can_be_changed(api: Api) -> None:
    await api.post(f"{PLANS}1/start/")
    refused = await api.delete(f"{PLANS}1/")
    assert (refused.status, refused.json) == (409, {"error": "测试计划正在执行，不能删除"})
    assert (await api.put(f"{PLANS}1/", {"name": "later"})).status == 200
    await api.post(f"{PLANS}1/stop/")
    assert (await api.delete(f"{PLANS}1/")).status == 200


async def test_scenes_with_weights(api: Api) -> None:
    created = await api.post(PLANS, {**FORM, "scenes": [{"scene_id": 1, "weight": 3}]})
    assert created.json["scenes"] == [{"scene_id": 1, "weight": 3}]
    emptied = await api.put(f"{PLANS}2/", {"scenes": []})
    assert emptied.json["scenes"] == []


async def test_the_environment_and_scenes_must_be_the_projects(api: Api) -> None:
    await api.post("/api/projects/", {"name": "other"}, "stranger")
    env = (await api.get("/api/envs/?project_id=2", "stranger")).json["results"][0]["id"]
    form = {**FORM, "config": {**CONFIG, "env_id": env}, "scenes": [{"scene_id": 99}]}
    answer = await api.post(PLANS, form)
    assert answer.status == 422
    assert answer.json["details"] == [
        {"path": "config.env_id", "message": "项目中没有该测试环境"},
        {"path": "scenes[0].scene_id", "message": "项目中没有该业务流"},
    ]


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"name": None}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"description": 5}, ["description"]),
        ({"config": None}, ["config"]),
        ({"config": {}}, ["config.concurrent_users"]),
        ({"config": {**CONFIG, "concurrent_users": "100"}}, ["config.concurrent_users"]),
        ({"config": {**CONFIG, "concurrent_users": 10**30}}, ["config.concurrent_users"]),
        ({"config": {**CONFIG, "vus": 5}}, ["config.vus"]),
        ({"config": {**CONFIG, "speed": 1}}, ["config.speed"]),
        ({"config": {**CONFIG, "target_url": "example.com"}}, ["config.target_url"]),
        ({"config": {**CONFIG, "test_mode": "step"}}, ["config.test_mode"]),
        (
            {"config": {**CONFIG, "execution_config": {"thresholds": ["p95 <"]}}},
            ["config.execution_config.thresholds[0]"],
        ),
        ({"scenes": [{"scene_id": 1, "weight": 0}]}, ["scenes[0].weight"]),
        ({"scenes": 1}, ["scenes"]),
        ({"status": "running"}, ["status"]),
    ],
)
async def test_what_is_refused_where(api: Api, change: dict[str, Any], paths: list[str]) -> None:
    answer = await api.post(PLANS, {**FORM, **change})
    assert answer.status == 422
    assert [problem["path"] for problem in answer.json["details"]] == paths


async def test_a_faulty_change_changes_nothing(api: Api) -> None:
    before = (await api.get(f"{PLANS}1/")).json
    answer = await api.put(f"{PLANS}1/", {"name": "new", "config": {"hold_time": -1, "colour": 1}})
    assert answer.status == 422
    assert [problem["path"] for problem in answer.json["details"]] == ["config.hold_time", "config.colour"]
    assert (await api.get(f"{PLANS}1/")).json == before


async def test_the_project_is_required(api: Api) -> None:
    listed = await api.get(PLANS)
    assert (listed.status, listed.json["details"]) == (422, [{"path": "project_id", "message": "必填项"}])
    created = await api.post(PLANS, {key: FORM[key] for key in ("name", "config")})
    assert (created.status, created.json["details"]) == (422, [{"path": "project_id", "message": "必填项"}])
