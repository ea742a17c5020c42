"""The live feed over WebSocket: who may watch, what is seen, and how it ends."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError
from tornado.httpclient import HTTPRequest
from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketClientConnection
from tornado.websocket import websocket_connect

from perfsvc.model.execution import Execution
from perfsvc.store import projects
from perfsvc.web.api.live import LiveHandler
from tests.support.many_nodes import T0
from tests.support.web_world import SUMMARY
from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test

HISTORY = {"type": "history", "timestamp": None, "complete": False, "data": []}
EVENTS = 20.0


def status(state: str, second: int = 0) -> dict[str, Any]:
    time = f"2023-11-14T22:13:{20 + second}Z"
    return {"type": "status", "timestamp": T0 + second, "data": {"status": state, "time": time}}


@pytest.fixture
def feed(base_url: str, api: Api) -> str:
    """The address of the feed of the run that ``running`` starts; ``api`` brings the server up."""
    return f"{base_url.replace('http', 'ws')}/ws/performance/run-1-1/"


async def running(world: World) -> Execution:
    return await world.runs.start(1, await world.services.accounts.get(world.people["owner"]))


async def stop(world: World) -> None:
    await world.runs.stop(1, await world.services.accounts.get(world.people["owner"]))


class Viewers:
    """Opens connections, and closes all of them in the end."""

    def __init__(self) -> None:
        self.opened: list[WebSocketClientConnection] = []

    async def __call__(
        self, url: str, token: str | None = None, *, subprotocols: list[str] | None = None, **headers: str
    ) -> WebSocketClientConnection:
        sent = headers | ({"Authorization": f"Bearer {token}"} if token else {})
        connection = await websocket_connect(HTTPRequest(url, headers=sent), subprotocols=subprotocols)
        self.opened.append(connection)
        return connection

    async def refused(self, url: str, token: str | None = None, **headers: str) -> int:
        with pytest.raises(HTTPClientError) as caught:
            await self(url, token, **headers)
        return caught.value.code


@pytest.fixture
def watch(io_loop: IOLoop) -> Iterator[Viewers]:
    viewers = Viewers()
    yield viewers
    for connection in viewers.opened:
        connection.close()
    io_loop.run_sync(lambda: asyncio.sleep(0))


async def joined(connection: WebSocketClientConnection) -> dict[str, Any]:
    """The ``run`` frame of a run that has just begun, whose history and status have been seen."""
    first = await frame(connection)
    assert first["type"] == "run"
    assert [await frame(connection) for _ in range(2)] == [HISTORY, status("running")]
    data: dict[str, Any] = first["data"]
    return data


async def frame(connection: WebSocketClientConnection) -> Any:
    text = await asyncio.wait_for(asyncio.ensure_future(connection.read_message()), 60)
    return None if text is None else json.loads(text)


async def test_history_then_frames_then_the_end(feed: str, world: World, watch: Viewers) -> None:
    await running(world)
    connection = await watch(feed, world.tokens["viewer"])
    assert (await joined(connection))["plan_name"] == "evening peak"
    world.cluster.deployments["run-1-1"].tell("local", 1)
    seen = await frame(connection)
    assert (seen["type"], seen["timestamp"], seen["data"]["requests"]) == ("metrics", T0, 10)
    world.clock.advance(1)
    await stop(world)
    assert await frame(connection) == status("stopping", 1)
    event = (await frame(connection))["data"]
    assert (event["event"], event["by"]) == ("stop", "owner")
    end = await frame(connection)
    assert (end["type"], end["timestamp"], end["data"]["status"]) == ("end", T0 + 1, "stopped")
    assert end["data"]["summary"]["total_requests"] == 10
    assert await frame(connection) is None
    assert (connection.close_code, connection.close_reason) == (1000, "end of run")


async def test_a_run_that_is_over_gives_its_history(base_url: str, api: Api, world: World, watch: Viewers) -> None:
    connection = await watch(f"{base_url.replace('http', 'ws')}/ws/performance/run-1-0", world.tokens["viewer"])
    first, history, end, closed = [await frame(connection) for _ in range(4)]
    assert (first["type"], first["data"]["status"], first["data"]["starter"]) == ("run", "stopped", "owner")
    assert [(point["timestamp"], point["requests"], point["errors"]) for point in history["data"]] == [(T0, 20, 5)]
    times = dict.fromkeys(("start_time", "end_time"), "2023-11-14T22:13:20Z")
    data = {"status": "stopped", "summary": SUMMARY, "verdict": {"state": "PASSED", "thresholds": []}, **times}
    data.update(plan_id=1, plan_name=first["data"]["plan_name"], project_id=1, starter="owner", report_id=1)
    assert end == {"type": "end", "timestamp": T0, "execution_id": "run-1-0", "data": data}
    assert closed is None


async def test_the_token_as_subprotocol(feed: str, world: World, watch: Viewers) -> None:
    await running(world)
    connection = await watch(feed, subprotocols=["bearer", world.tokens["viewer"]])
    assert connection.selected_subprotocol == "bearer"
    await joined(connection)


async def test_the_token_in_the_query(feed: str, world: World, watch: Viewers) -> None:
    await running(world)
    connection = await watch(f"{feed}?token={world.tokens['viewer']}")
    await joined(connection)


async def test_who_may_not_watch(feed: str, world: World, watch: Viewers) -> None:
    await running(world)
    assert await watch.refused(feed) == 401
    assert await watch.refused(feed, "x.y.z") == 401
    assert await watch.refused(f"{feed}?token=x") == 401
    assert await watch.refused(feed, world.tokens["stranger"]) == 404
    assert await watch.refused(feed.replace("run-1-1", "none"), world.tokens["viewer"]) == 404
    assert await watch.refused(f"{feed}?colour=red", world.tokens["viewer"]) == 422


async def test_a_plain_request_is_refused_with_what_is_required(api: Api, world: World, watch: Viewers) -> None:
    await running(world)
    answer = await api.get("/ws/performance/run-1-1/")
    assert (answer.status, answer.json) == (400, {"error": "此地址需要 WebSocket 连接"})


async def test_pages_from_elsewhere_may_not_connect(feed: str, world: World, watch: Viewers, base_url: str) -> None:
    await running(world)
    assert await watch.refused(feed, world.tokens["viewer"], Origin="https://evil.example.com") == 403
    assert await watch.refused(feed, world.tokens["viewer"], Origin="null") == 403
    connection = await watch(feed, world.tokens["viewer"], Origin=base_url)
    await joined(connection)


class TestOtherOrigins:
    @pytest.fixture
    def changes(self) -> dict[str, Any]:
        return {"cors_origins": ("https://ui.example.com",)}

    async def test_pages_of_a_known_origin_may_connect(self, feed: str, world: World, watch: Viewers) -> None:
        await running(world)
        connection = await watch(feed, world.tokens["viewer"], Origin="https://ui.example.com")
        await joined(connection)


async def closed(connection: WebSocketClientConnection) -> int | None:
    while await frame(connection) is not None:
        pass
    return connection.close_code


async def test_an_expired_token_ends_the_feed(
    feed: str, world: World, watch: Viewers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LiveHandler, "recheck_s", 0.01)
    await running(world)
    connection = await watch(feed, world.tokens["viewer"])
    await joined(connection)
    world.clock.advance(901)
    assert await closed(connection) == 4401


async def test_logging_out_ends_the_feed(
    api: Api, feed: str, world: World, watch: Viewers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LiveHandler, "recheck_s", 0.01)
    await running(world)
    connection = await watch(feed, world.tokens["viewer"])
    await api.post("/api/users/logout/", None, "viewer")
    assert await closed(connection) == 4401


async def test_who_is_no_longer_a_member_sees_no_more(
    feed: str, world: World, watch: Viewers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LiveHandler, "recheck_s", 0.01)
    await running(world)
    connection = await watch(feed, world.tokens["viewer"])
    await world.store.run(projects.remove_member, 1, world.people["viewer"])
    assert await closed(connection) == 4403


async def test_a_viewer_that_takes_nothing_is_dropped(
    feed: str, world: World, watch: Viewers, http_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LiveHandler, "write_limit_s", 0.2)
    await running(world)
    channel = world.channel("run-1-1")
    stalled = socket.create_connection(("127.0.0.1", http_port), timeout=60)
    stalled.setblocking(False)
    loop = asyncio.get_running_loop()
    key = base64.b64encode(b"0" * 16).decode()
    await loop.sock_sendall(
        stalled,
        (
            f"GET /ws/performance/run-1-1/?token={world.tokens['viewer']} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        ).encode(),
    )
    assert (await loop.sock_recv(stalled, 1024)).startswith(b"HTTP/1.1 101 ")
    brisk = await watch(feed, world.tokens["viewer"])
    await joined(brisk)
    large = {"type": "metrics", "data": "x" * 1_000_000}
    async with asyncio.timeout(EVENTS):
        while channel.viewers == 2:
            channel.publish(large)
            assert await frame(brisk) == large
    assert channel.viewers == 1
    stalled.close()


async def test_a_viewer_that_leaves_is_forgotten(feed: str, world: World, watch: Viewers) -> None:
    await running(world)
    channel = world.channel("run-1-1")
    connection = await watch(feed, world.tokens["viewer"])
    await joined(connection)
    assert channel.viewers == 1
    connection.close()
    async with asyncio.timeout(EVENTS):
        while channel.viewers:
            await asyncio.sleep(0.01)


async def test_what_viewers_say_is_bounded(feed: str, world: World, watch: Viewers) -> None:
    await running(world)
    connection = await watch(feed, world.tokens["viewer"])
    await joined(connection)
    await connection.write_message("x" * 5000)
    assert await frame(connection) is None


async def test_viewers_are_bounded(feed: str, world: World, watch: Viewers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfsvc.web.api.live.MAX_VIEWERS", 1)
    await running(world)
    await watch(feed, world.tokens["viewer"])
    assert await watch.refused(feed, world.tokens["viewer"]) == 503


async def test_a_viewer_who_comes_back_says_since_when(feed: str, world: World, watch: Viewers) -> None:
    await running(world)
    for number in (1, 2, 3):
        world.cluster.deployments["run-1-1"].tell("local", number)
    connection = await watch(f"{feed}?since={T0}", world.tokens["viewer"])
    first, history = [await frame(connection) for _ in range(2)]
    assert (first["type"], history["type"], history["complete"]) == ("run", "history", True)
    assert [point["timestamp"] for point in history["data"]] == [T0 + 1, T0 + 2]
    assert history["data"][0]["steps"][0]["requests"] == 10
    assert await watch.refused(f"{feed}?since=yesterday", world.tokens["viewer"]) == 422
    assert await watch.refused(f"{feed}?since=-1", world.tokens["viewer"]) == 422


class TestRenewal:
    @pytest.fixture
    def changes(self) -> dict[str, Any]:
        return {"access_token_ttl": 60}

    async def test_an_open_feed_goes_on_with_a_new_token(
        self, feed: str, world: World, watch: Viewers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(LiveHandler, "recheck_s", 0.05)
        await running(world)
        connection = await watch(feed, world.tokens["viewer"])
        await joined(connection)
        world.clock.advance(50)
        viewer = await world.services.accounts.get(world.people["viewer"])
        fresh = (await world.services.sessions.begin(viewer)).token
        await connection.write_message(json.dumps({"token": fresh}))
        told = await frame(connection)
        expires = int(world.clock.wall()) + 60
        assert (told["type"], told["data"]) == ("token", {"accepted": True, "expires": expires})
        world.clock.advance(20)
        world.channel("run-1-1").publish({"type": "later"})
        assert await frame(connection) == {"type": "later"}
        world.clock.advance(60)
        assert await frame(connection) is None
        assert connection.close_code == 4401

    async def test_a_token_that_is_no_good_changes_nothing(
        self, feed: str, world: World, watch: Viewers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("perfsvc.web.api.live.RENEWAL_S", 0.0)
        await running(world)
        connection = await watch(feed, world.tokens["viewer"])
        await joined(connection)
        for said in ('{"token": "x.y.z"}', json.dumps({"token": world.tokens["owner"]}), "hello", '{"tokens": 1}'):
            await connection.write_message(said)
            told = await frame(connection)
            assert (told["type"], told["data"]["accepted"]) == ("token", False)
