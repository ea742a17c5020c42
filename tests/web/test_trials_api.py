"""A scene tried over REST: who may, and what is wrong with the request."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.fake_protocol import Answer
from tests.support.web_world import Api
from tests.support.web_world import HttpProtocol
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test(timeout=30)

TRY = "/api/scenes/try/"
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


async def test_a_client_that_leaves_stops_its_trial(
    api: Api, world: World, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, closed = asyncio.Event(), asyncio.Event()

    def silent(scope: Any, path: str) -> Answer:
        sent.set()
        return Answer(after=None)

    async def close(protocol: HttpProtocol) -> None:
        closed.set()

    monkeypatch.setattr(HttpProtocol, "script", staticmethod(silent))
    monkeypatch.setattr(HttpProtocol, "close", close)
    body = json.dumps({"project_id": 1, "scene": SCENE, "timeout": 60}).encode()
    head = f"POST {TRY} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.tokens['editor']}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    at = urlsplit(base_url)
    _, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(head.encode() + body)
    await sent.wait()
    writer.close()
    await asyncio.wait_for(closed.wait(), 5)
    monkeypatch.undo()
    assert (await api.post(TRY, {"project_id": 1, "scene": SCENE}, "editor")).status == 200


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
