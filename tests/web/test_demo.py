"""The demo target, and the project that is made for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from perfsvc.web import demo
from tests.support.web_world import Api

pytestmark = pytest.mark.gen_test


async def test_the_target(api: Api) -> None:
    assert (await api.get("/demo/", None)).json["name"] == "perfsvc demo target"
    assert (await api.get("/demo/fast/", None)).json == {"ok": True}
    assert (await api.get("/demo/slow/", None)).json == {"ok": True}
    for rate, status in ((0, 200), (100, 418)):
        assert (await api.get(f"/demo/errors/?rate={rate}&status=418", None)).status == status
    assert (await api.get("/demo/items/", None)).status == 401
    token = (await api.post("/demo/login/", {"username": "a", "password": "b"}, None)).json["token"]
    headers = {"Authorization": f"Bearer {token}"}
    page = (await api.get("/demo/items/?page=3", None, headers=headers)).json
    assert [item["id"] for item in page["items"]] == list(range(21, 31))
    assert (await api.get("/demo/items/21/", None, headers=headers)).json["name"] == "item 21"
    assert (await api.get("/demo/items/101/", None, headers=headers)).status == 404


async def test_it_is_slow_under_load_and_breaks(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "LONGEST_QUEUE", 3)
    answers = await asyncio.gather(*[api.get("/demo/slow/", None) for _ in range(8)])
    statuses = [answer.status for answer in answers]
    assert statuses.count(200) >= 3
    assert statuses.count(503) >= 1
    assert demo.SHOP.inside == 0


async def test_one_call_makes_everything_once(api: Api, base_url: str) -> None:
    made = await api.post("/api/projects/demo/", {"language": "en"}, "stranger")
    assert made.status == 201
    body = made.json
    assert (body["project"]["name"], body["project"]["my_role"]) == ("Demo project", "owner")
    assert [plan["test_mode"] for plan in body["plans"]] == ["concurrent", "step", "error_rate"]
    env = (await api.get(f"/api/envs/{body['env_id']}/", "stranger")).json
    assert env["host"] == f"{base_url}/demo"
    again = await api.post("/api/projects/demo/", {"language": "zh"}, "stranger")
    assert (again.status, again.json) == (200, body)
    assert (await api.delete(f"/api/performance/plans/{body['plans'][0]['id']}/", "stranger")).status == 200
    assert (await api.post("/api/projects/demo/", {"language": "en"}, "stranger")).status == 201
    other = (await api.post("/api/projects/demo/", {"language": "zh"}, "viewer")).json
    assert other["project"]["name"] == "演示项目"
    assert other["project"]["id"] != body["project"]["id"]


async def test_without_a_language_it_is_named_in_that_of_the_request(api: Api) -> None:
    made = await api.post("/api/projects/demo/", {}, "stranger", headers={"Accept-Language": "en"})
    assert made.json["project"]["name"] == "Demo project"


class TestOff:
    @pytest.fixture
    def changes(self) -> dict[str, Any]:
        return {"demo": False}

    async def test_nothing_is_there(self, api: Api) -> None:
        assert (await api.get("/demo/fast/", None)).status == 404
        assert (await api.post("/api/projects/demo/", {})).status == 404
        assert (await api.get("/api/about/", None)).json["demo"] is None
