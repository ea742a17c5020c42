"""Pins of a run over REST."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.service.runs.pins import MOST
from tests.support.many_nodes import T0
from tests.support.web_world import Api

pytestmark = pytest.mark.gen_test

PINS = "/api/performance/executions/run-1-0/pins/"
FIRST = {
    "id": 1,
    "from": T0,
    "to": None,
    "text": "target restarted",
    "author": "owner",
    "created_at": "2023-11-14T22:13:20Z",
}


async def test_create_change_delete(api: Api) -> None:
    made = await api.post(PINS, {"from": T0, "text": "cache off <b>"}, "editor")
    assert made.status == 201
    assert made.json == {**FIRST, "id": 2, "text": "cache off <b>", "author": "editor"}
    page = (await api.get(PINS, "viewer")).json
    assert (page["total"], page["results"]) == (2, [FIRST, made.json])
    # What a GET returns can be sent back.
    same = await api.put(f"{PINS}2/", made.json, "editor")
    assert (same.status, same.json) == (200, made.json)
    changed = await api.put(f"{PINS}2/", {"text": "cache on"}, "owner")
    assert changed.json == {**made.json, "text": "cache on"}
    assert (await api.delete(f"{PINS}2/")).json == {"message": "标记已删除"}
    assert (await api.delete(f"{PINS}2/")).json == {"error": "标记不存在"}
    assert (await api.get(PINS)).json["results"] == [FIRST]


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"from": T0 - 1, "text": "a"}, ["from"]),
        ({"from": T0, "to": T0 + 1, "text": "a"}, ["to"]),
        ({"from": T0, "to": T0, "text": "a"}, ["to"]),
        ({"from": T0, "text": " "}, ["text"]),
        ({"from": T0, "text": "a" * 501}, ["text"]),
        ({"from": "soon", "text": "a"}, ["from"]),
        ({}, ["from", "text"]),
    ],
)
async def test_what_is_refused(api: Api, body: dict[str, Any], paths: list[str]) -> None:
    answer = await api.post(PINS, body)
    assert (answer.status, [problem["path"] for problem in answer.json["details"]]) == (422, paths)
    assert (await api.get(PINS)).json["total"] == 1


async def test_a_pin_is_found_under_its_own_run_only(api: Api) -> None:
    for call in (api.put("/api/performance/executions/none/pins/1/", {}), api.delete(f"{PINS}77/")):
        assert (await call).status == 404


async def test_a_run_has_so_many_pins(api: Api) -> None:
    for number in range(MOST - 1):
        assert (await api.post(PINS, {"from": T0, "text": f"note {number}"})).status == 201
    refused = await api.post(PINS, {"from": T0, "text": "one more"})
    assert (refused.status, refused.json) == (409, {"error": "一次测试执行最多 100 个标记，请先删除不需要的"})
