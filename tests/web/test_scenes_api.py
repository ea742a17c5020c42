"""Scenes over REST: given back as they were given, every request held against its protocol."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.model.scene import SceneSpec
from perfsvc.store import scenes
from tests.support.web_world import CONFIG
from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test

STEPS: list[dict[str, Any]] = [
    {
        "name": "login",
        "protocol": "http",
        "request": {"method": "POST", "url": "/login"},
        "extract": [{"name": "token", "from": "json", "path": "$.token", "default": None}],
        "checks": [{"type": "status", "equals": 200}, {"type": "json", "path": "$.ok", "equals": None}],
        "think_time": {"type": "uniform", "min": 0.5, "max": 1.5},
    },
    {"type": "group", "name": "inner", "steps": [{"name": "list", "request": {"url": "/items?page={{page}}"}}]},
]
FORM = {"project_id": 1, "name": "buy", "steps": STEPS}


async def test_create_read_change_delete(api: Api) -> None:
    created = await api.post("/api/scenes/", {**FORM, "description": "d"})
    assert created.status == 201
    assert created.json == {
        **FORM,
        "id": 2,
        "description": "d",
        "on_start": [],
        "setup": [],
        "teardown": [],
        "created_at": "2023-11-14T22:13:20Z",
        "updated_at": "2023-11-14T22:13:20Z",
        "updated_by": "owner",
        "used_by": [],
    }
    assert (await api.get("/api/scenes/2/")).json == created.json
    start = [{"name": "once", "request": {"url": "/once"}}]
    changed = await api.put("/api/scenes/2/", {"on_start": start, "description": None})
    assert changed.status == 200
    assert changed.json == {**created.json, "on_start": start, "description": None, "updated_by": "owner"}
    deleted = await api.delete("/api/scenes/2/")
    assert (deleted.status, deleted.json) == (200, {"message": "业务流已删除"})
    assert (await api.get("/api/scenes/2/")).json == {"error": "业务流不存在"}


async def test_what_was_given_back_can_be_given_again(api: Api) -> None:
    created = (await api.post("/api/scenes/", FORM)).json
    same = {name: created[name] for name in ("name", "description", "steps", "on_start", "setup", "teardown")}
    assert (await api.put("/api/scenes/2/", same)).json == {**created, "updated_by": "owner"}


async def test_the_listing_has_no_steps(api: Api) -> None:
    page = (await api.get("/api/scenes/?project_id=1")).json
    assert page["total"] == 1
    assert set(page["results"][0]) == {
        "id",
        "project_id",
        "name",
        "description",
        "created_at",
        "updated_at",
        "updated_by",
        "used_by",
    }


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"steps": []}, ["steps"]),
        ({"steps": [{"type": "dance"}]}, ["steps[0]"]),
        ({"steps": [{"name": "a", "request": {}}]}, ["steps[0].request.url"]),
        (
            {"steps": [{"name": "a", "request": {"url": 1, "colour": "red"}}]},
            ["steps[0].request.url", "steps[0].request.colour"],
        ),
        ({"on_start": [{"name": "a", "request": {}}]}, ["on_start[0].request.url"]),
        ({"setup": [{"name": "a", "protocol": "gopher"}]}, ["setup[0].protocol"]),
        (
            {
                "on_start": [{"name": "a", "request": {"url": "/{{$nope}}"}}],
                "teardown": [
                    {
                        "name": "b",
                        "request": {"url": "/"},
                        "checks": [{"type": "regex", "pattern": "("}, {"type": "json", "path": "$["}],
                        "extract": [
                            {"name": "x", "from": "regex", "pattern": "["},
                            {"name": "y", "from": "regex", "pattern": "(a)", "group": 2},
                            {"name": "z", "from": "json", "path": "$..["},
                        ],
                    }
                ],
            },
            [
                "on_start[0].request.url",
                "teardown[0].checks[0].pattern",
                "teardown[0].checks[1].path",
                "teardown[0].extract[0].pattern",
                "teardown[0].extract[1].group",
                "teardown[0].extract[2].path",
            ],
        ),
        (
            {
                "steps": [
                    {
                        "type": "if",
                        "condition": {"variable": "v"},
                        "steps": [{"type": "think", "think_time": {"type": "constant", "value": 1}}],
                        "otherwise": [
                            {
                                "type": "choice",
                                "options": [
                                    {"weight": 1, "steps": [{"name": "a", "request": {"url": "/"}}]},
                                    {"weight": 1, "steps": [{"name": "b"}, {"name": "c"}]},
                                ],
                            }
                        ],
                    }
                ]
            },
            [
                "steps[0].otherwise[0].options[1].steps[0].request.url",
                "steps[0].otherwise[0].options[1].steps[1].request.url",
            ],
        ),
    ],
)
async def test_what_is_refused_where(api: Api, change: dict[str, Any], paths: list[str]) -> None:
    for answer in (await api.post("/api/scenes/", {**FORM, **change}), await api.put("/api/scenes/1/", change)):
        assert answer.status == 422
        assert [problem["path"] for problem in answer.json["details"]] == paths


async def test_an_unknown_protocol_is_refused_with_the_known_ones(api: Api) -> None:
    form = {**FORM, "steps": [{"name": "a", "protocol": "gopher"}]}
    zh = (await api.post("/api/scenes/", form)).json["details"]
    en = (await api.post("/api/scenes/", form, headers={"Accept-Language": "en-GB"})).json["details"]
    assert zh == [{"path": "steps[0].protocol", "message": "没有名为 gopher 的协议，可用：http"}]
    assert en == [{"path": "steps[0].protocol", "message": "there is no protocol named gopher; there are: http"}]


async def test_a_scene_that_a_plan_uses_stays(api: Api) -> None:
    await api.put("/api/performance/plans/1/", {"scenes": [{"scene_id": 1}]})
    used_by = [{"id": 1, "name": "evening peak"}]
    assert (await api.get("/api/scenes/?project_id=1")).json["results"][0]["used_by"] == used_by
    refused = await api.delete("/api/scenes/1/")
    assert (refused.status, refused.json) == (409, {"error": "业务流正被测试计划“evening peak”使用，不能删除"})


async def test_a_stored_scene_that_has_become_too_large_is_read_and_neither_saved_nor_run(
    api: Api, world: World
) -> None:
    checks = [{"type": "status", "equals": 200}] * 50
    steps = [{"name": f"s{number}", "request": {"url": "/"}, "checks": checks} for number in range(101)]
    spec = SceneSpec.parse({"name": "large", "steps": steps})
    scene = await world.store.run(scenes.create, 1, world.people["owner"], spec)
    found = await api.get(f"/api/scenes/{scene.id}/")
    assert (found.status, len(found.json["steps"])) == (200, 101)
    assert (await api.get("/api/scenes/?project_id=1")).json["total"] == 2
    assert "large" in (await api.get("/api/projects/1/file/")).text
    plan = {"project_id": 1, "name": "p", "scenes": [{"scene_id": scene.id}], "config": {**CONFIG, "target_url": None}}
    created = await api.post("/api/performance/plans/", plan)
    refused = {
        "scenes[0].steps": await api.post(f"/api/performance/plans/{created.json['id']}/start/"),
        "steps": await api.put(f"/api/scenes/{scene.id}/", {"description": "d"}),
        "scene.steps": await api.post("/api/scenes/try/", {"project_id": 1, "scene_id": scene.id}),
    }
    english = {"Accept-Language": "en"}
    for path, answer in refused.items():
        assert (answer.status, [each["path"] for each in answer.json["details"]]) == (422, [path])
    again = await api.post("/api/scenes/try/", {"project_id": 1, "scene_id": scene.id}, headers=english)
    assert again.json["details"] == [
        {"path": "scene.steps", "message": "have 5050 checks and extractors in all, at most 5000 are allowed"}
    ]
    assert (await api.put(f"/api/scenes/{scene.id}/", {"steps": steps[:100]})).status == 200
