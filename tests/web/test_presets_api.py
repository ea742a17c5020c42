"""Presets over REST."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.web_world import Api

pytestmark = pytest.mark.gen_test

FORM = {
    "project_id": 1,
    "name": "stairs",
    "description": "up",
    "config_type": "step",
    "config_data": {"concurrent_users": 100, "step_users": 10, "step_time": 30},
}


async def test_create_read_change_delete(api: Api) -> None:
    created = await api.post("/api/performance/presets/", FORM)
    assert created.status == 201
    assert created.json == {
        **FORM,
        "id": 2,
        "config_data": {**FORM["config_data"], "test_mode": "step"},  # type: ignore[dict-item]
        "created_at": "2023-11-14T22:13:20Z",
        "updated_at": "2023-11-14T22:13:20Z",
        "updated_by": "owner",
    }
    assert (await api.get("/api/performance/presets/2/")).json == created.json
    changed = await api.put("/api/performance/presets/2/", {"name": "ladder", "description": None}, "editor")
    assert changed.json == {**created.json, "name": "ladder", "description": None, "updated_by": "editor"}
    page = (await api.get("/api/performance/presets/?project_id=1")).json
    assert [preset["name"] for preset in page["results"]] == ["ladder", "small"]
    assert (await api.delete("/api/performance/presets/2/")).json == {"message": "预设配置已删除"}
    assert (await api.get("/api/performance/presets/2/")).json == {"error": "预设配置不存在"}


async def test_another_kind_takes_the_mode_along(api: Api) -> None:
    await api.post("/api/performance/presets/", FORM)
    changed = await api.put("/api/performance/presets/2/", {"config_type": "concurrent"})
    assert (changed.status, changed.json["config_data"]["test_mode"]) == (200, "concurrent")


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"config_type": "waves"}, ["config_type"]),
        ({"config_data": {"concurrent_users": 0}}, ["config_data.concurrent_users", "config_data.test_mode"]),
        ({"config_data": {"vus": 1, "speed": 2}}, ["config_data.speed", "config_data.test_mode"]),
        ({"config_data": {"vus": 5}}, ["config_data.test_mode"]),
        ({"config_data": {"vus": 5, "test_mode": "adaptive"}}, ["config_data.test_mode"]),
        ({"config_data": {}}, ["config_data.concurrent_users", "config_data.test_mode"]),
    ],
)
async def test_what_is_refused(api: Api, change: dict[str, Any], paths: list[str]) -> None:
    answer = await api.post("/api/performance/presets/", {**FORM, **change})
    assert answer.status == 422
    assert [problem["path"] for problem in answer.json["details"]] == paths
