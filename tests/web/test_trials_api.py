"""A scene tried over REST: who may, and what is wrong with the request."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from perfsvc.plugin import Failed
from perfsvc.plugin import Operation
from perfsvc.plugin import Text
from perfsvc.service.trials import MOST_AT_ONCE
from tests.support.fake_protocol import Answer
from tests.support.web_world import Api
from tests.support.web_world import HttpProtocol
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test

TRY = "/api/scenes/try/"
OPERATIONS = "/api/scenes/operations/"
SCENE = {"name": "s", "steps": [{"name": "a", "request": {"url": "/"}}]}


async def test_a_stored_scene_and_one_that_is_not(api: Api, world: World) -> None:
    for scene in ({"scene": SCENE}, {"scene_id": world.ids["scene_id"]}):
        tried = await api.post(TRY, {"project_id": 1, **scene}, "editor")
        assert (tried.status, tried.json["outcome"]) == (200, "passed"), tried.text
        (step,) = tried.json["steps"]
        assert (step["path"], step["index"], step["type"], step["protocol"]) == ("steps[0]", 0, "request", "http")


async def test_secrets_are_masked_wherever_they_come_to_stand(api: Api, world: World) -> None:
    scene = {"name": "s", "steps": [{"name": "a", "request": {"url": "/"}, "set": {"copy": "{{password}}-{{pin}}"}}]}
    env = await api.put("/api/envs/1/", {"variables": {"password": "correct horse"}})
    assert env.status == 200
    body = {"project_id": 1, "scene": scene, "env_id": 1, "variables": {"pin": "48151623"}}
    tried = await api.post(TRY, body, "editor")
    assert (tried.status, tried.json["outcome"], tried.json["variables"]["copy"]) == (200, "passed", "***-***")
    assert "correct horse" not in tried.text
    assert "48151623" not in tried.text


@pytest.mark.parametrize(("path", "more"), [(TRY, {"scene": SCENE}), (OPERATIONS, {"protocol": "http"})])
async def test_a_client_that_leaves_ends_what_it_asked_for(
    path: str, more: dict[str, Any], api: Api, world: World, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, closed = asyncio.Event(), asyncio.Event()

    def silent(scope: Any, path: str) -> Answer:
        sent.set()
        return Answer(after=None)

    async def endless(protocol: HttpProtocol, request: Any, limit_s: float) -> Any:
        sent.set()
        await asyncio.get_running_loop().create_future()

    async def close(protocol: HttpProtocol) -> None:
        closed.set()

    monkeypatch.setattr(HttpProtocol, "script", staticmethod(silent))
    monkeypatch.setattr(HttpProtocol, "operations", endless)
    monkeypatch.setattr(HttpProtocol, "close", close)
    body = json.dumps({"project_id": 1, "timeout": 60, **more}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.tokens['editor']}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    at = urlsplit(base_url)
    _, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(head.encode() + body)
    await sent.wait()
    writer.close()
    await asyncio.wait_for(closed.wait(), 60)
    monkeypatch.undo()
    assert (await api.post(path, {"project_id": 1, **more}, "editor")).status == 200


async def test_operations_with_secrets_are_left_out_and_secrets_are_masked_in_what_prevents_them(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await api.put("/api/envs/1/", {"variables": {"password": "correct horse"}})).status == 200
    body = {"project_id": 1, "protocol": "http", "env_id": 1, "variables": {"pin": "48151623", "token": "shop"}}

    async def listed(protocol: HttpProtocol, request: Any, limit_s: float) -> Any:
        kind = Text("一元", "unary")
        return [
            Operation("get 48151623", kind, {}),
            Operation("body", kind, {"body": {"a": ["48151623"]}}),
            Operation("kind", Text("四 correct horse", "kind"), {}),
            Operation("shop.Shop/List", kind, {"method": "shop.Shop/List"}),
        ]

    async def refused(protocol: HttpProtocol, request: Any, limit_s: float) -> Any:
        raise Failed("Protocol Error", "no 48151623, token=abcdef")

    monkeypatch.setattr(HttpProtocol, "operations", listed)
    found = await api.post(OPERATIONS, body, "editor")
    assert (found.status, found.json) == (
        200,
        {
            "operations": [{"name": "shop.Shop/List", "kind": "一元", "request": {"method": "shop.Shop/List"}}],
            "unlisted": [],
            "truncated": False,
        },
    )
    monkeypatch.setattr(HttpProtocol, "operations", refused)
    for headers in ({}, {"Accept-Language": "en"}):
        answer = await api.post(OPERATIONS, body, "editor", headers=headers)
        (detail,) = answer.json["details"]
        assert (answer.status, detail["path"], "no ***, token=***" in detail["message"]) == (422, "request", True)


async def test_too_many_at_once_are_refused_whatever_they_are(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, over, count = asyncio.Event(), asyncio.Event(), 0

    async def waiting(protocol: HttpProtocol, request: Any, limit_s: float) -> Any:
        nonlocal count
        count += 1
        if count == MOST_AT_ONCE:
            begun.set()
        await over.wait()
        return []

    monkeypatch.setattr(HttpProtocol, "operations", waiting)
    body = {"project_id": 1, "protocol": "http"}
    going_on = [asyncio.ensure_future(api.post(OPERATIONS, body, "editor")) for _ in range(MOST_AT_ONCE)]
    await begun.wait()
    refused = await api.post(OPERATIONS, body, "editor", headers={"Accept-Language": "en"})
    assert (refused.status, refused.json["error"]) == (
        503,
        "too many requests to targets are in progress; try again later",
    )
    over.set()
    assert [answer.status for answer in await asyncio.gather(*going_on)] == [200] * MOST_AT_ONCE


async def test_who_may_try(api: Api) -> None:
    body = {"project_id": 1, "scene": SCENE}
    assert [(await api.post(TRY, body, who)).status for who in ("viewer", "stranger", None)] == [403, 404, 401]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "scene"),
        ({"scene": SCENE, "scene_id": 1}, "scene"),
        ({"scene_id": 99}, "scene_id"),
        ({"scene": SCENE, "env_id": 99}, "env_id"),
        ({"scene": SCENE, "datafile_id": 99}, "datafile_id"),
        ({"scene": SCENE, "timeout": 61}, "timeout"),
        ({"scene": {"name": "s", "steps": [{"name": "a", "request": {}}]}}, "scene.steps[0].request.url"),
        ({"scene": SCENE, "protocol": "pigeon"}, "scene.steps[0].protocol"),
    ],
)
async def test_what_is_wrong(api: Api, body: dict[str, Any], path: str) -> None:
    answer = await api.post(TRY, {"project_id": 1, **body}, "editor")
    assert (answer.status, [problem["path"] for problem in answer.json["details"]]) == (422, [path])
