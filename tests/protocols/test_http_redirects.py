"""Redirects: where they lead, what travels along, and when following ends."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.cli.trial_lines import step_lines
from perfsvc.engine.masking import Masker
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.scene_trial import SceneTrial
from perfsvc.engine.scene_trial import TrialSurroundings
from perfsvc.model.run import RunFiles
from perfsvc.model.run import Target
from perfsvc.model.scene import SceneSpec
from perfsvc.plugin import ReplyParts
from perfsvc.plugin.testing import EVERYTHING
from perfsvc_protocols.http.protocol import HttpProtocol
from tests.protocols.http_user import http_user
from tests.protocols.servers import OK
from tests.protocols.servers import ScriptedServer
from tests.protocols.servers import always
from tests.protocols.servers import answering

pytestmark = pytest.mark.asyncio

FOLLOW = {"follow_redirects": True}
POST = {"method": "POST", "url": "/a/b?c=d", "json": {"x": 1}, "headers": {"X-Test": "1", "Authorization": "secret"}}


def redirect(status: int, location: str, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d X\r\nLocation: %b\r\n%bContent-Length: 0\r\n\r\n" % (status, location.encode(), more)


def first_line(request: bytes) -> bytes:
    return request.partition(b"\r\n")[0].removesuffix(b" HTTP/1.1")


async def test_not_followed_unless_wanted():
    async with ScriptedServer(always(redirect(302, "/x"))) as server, http_user(server.url) as user:
        outcome = await user.do({})
        assert (outcome.status, outcome.failure, outcome.headers["location"]) == (302, None, "/x")
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("option", "step", "status"), [(True, None, 200), (True, False, 302), (False, True, 200), (False, None, 302)]
)
async def test_a_step_may_overrule_the_run(option: bool, step: bool | None, status: int):
    script = answering(redirect(302, "/x"), OK)
    async with ScriptedServer(script) as server, http_user(server.url, follow_redirects=option) as user:
        assert (await user.do({"follow_redirects": step})).status == status


@pytest.mark.parametrize("reads", [ReplyParts(), EVERYTHING], ids=["unread", "read"])
async def test_one_sample_for_the_whole_way(reads: ReplyParts):
    replies = [redirect(301, "/1"), redirect(307, "/2"), OK]
    async with ScriptedServer(answering(*replies)) as server, http_user(server.url, **FOLLOW) as user:
        outcome = await user.do({}, reads)
        assert (outcome.status, outcome.body, user.count) == (200, b"ok" if reads.body else b"", 1)
        assert [first_line(request) for request in server.requests] == [b"GET /", b"GET /1", b"GET /2"]
        assert outcome.bytes_sent == sum(map(len, server.requests))
        assert outcome.bytes_received == sum(map(len, replies))
        assert server.connections == 1


async def test_exchanges_are_forgotten_with_their_request():
    replies = [redirect(307, "/1"), redirect(307, "/2"), OK]
    async with ScriptedServer(answering(*replies)) as server, http_user(server.url, **FOLLOW) as user:
        seen = []
        done = user.session.done
        user.session.done = lambda reply: (seen.extend(hop.status for hop in reply.redirects()), done(reply))
        await user.do(POST)
        assert (seen, user.session.reply.redirects()) == ([307, 307], [])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
async def test_what_becomes_of_the_method(status: int, method: str):
    script = answering(redirect(status, "/x"), b"HTTP/1.1 204 No Content\r\n\r\n")
    async with ScriptedServer(script) as server, http_user(server.url, **FOLLOW) as user:
        outcome = await user.do({**POST, "method": method})
        assert outcome.status == 204
        kept = status in (307, 308)
        expected = method if kept or method == "HEAD" else "GET"
        assert first_line(server.requests[1]) == expected.encode() + b" /x"
        with_body = kept or method == "HEAD"
        assert server.requests[1].endswith(b'{"x":1}') == with_body
        assert (b"\r\nContent-Length: 7\r\n" in server.requests[1]) == with_body
        assert (b"\r\nContent-Type: application/json\r\n" in server.requests[1]) == with_body
        assert b"\r\nX-Test: 1\r\nAuthorization: secret\r\n" in server.requests[1]


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ("x", b"GET /a/x"),
        ("../x?y=1#z", b"GET /x?y=1"),
        ("?q", b"GET /a/b?q"),
        ("/ü b", b"GET /%C3%BC%20b"),
        ("", b"GET /a/b?c=d"),
    ],
)
async def test_where_a_location_leads(location: str, line: bytes):
    async with (
        ScriptedServer(answering(redirect(303, location), OK)) as server,
        http_user(server.url, **FOLLOW) as user,
    ):
        assert (await user.do(POST)).status == 200
        assert first_line(server.requests[1]) == line


async def test_secrets_do_not_travel_to_another_origin():
    headers = {
        "Authorization": "secret",
        "Cookie": "a=b",
        "Proxy-Authorization": "secret",
        "X-Test": "1",
        "Host": "shop",
    }
    async with ScriptedServer(always()) as other:
        script = always(redirect(307, f"{other.url}/x"))
        async with ScriptedServer(script) as server, http_user(server.url, **FOLLOW) as user:
            assert (await user.do({"headers": headers})).status == 200
            assert b"secret" in server.requests[0]
            assert (
                other.requests[0]
                == (
                    f"GET /x HTTP/1.1\r\nHost: 127.0.0.1:{other.port}\r\n"
                    "User-Agent: perfsvc/0.1.0\r\nAccept: */*\r\nX-Test: 1\r\n\r\n"
                ).encode()
            )


async def test_basic_credentials_do_not_travel_either():
    async with ScriptedServer(always()) as other, ScriptedServer(always(redirect(302, other.url))) as server:
        async with http_user(server.url, **FOLLOW) as user:
            await user.do({"auth": {"type": "basic", "username": "ann", "password": "x"}})
        assert b"Authorization: Basic" in server.requests[0]
        assert b"Authorization" not in other.requests[0]


async def test_cookies_are_taken_on_the_way():
    script = answering(redirect(302, "/in", b"Set-Cookie: s=1\r\n"), OK)
    async with ScriptedServer(script) as server, http_user(server.url, **FOLLOW) as user:
        await user.do({})
        assert b"\r\nCookie: s=1\r\n" in server.requests[1]


async def test_round_in_circles():
    options = {"follow_redirects": True, "max_redirects": 3}
    async with ScriptedServer(always(redirect(302, "/again"))) as server, http_user(server.url, **options) as user:
        outcome = await user.do({})
        assert (outcome.status, outcome.failure, outcome.sent) == (0, "Too Many Redirects", True)
        assert len(server.requests) == 4
        assert server.connections == 1


@pytest.mark.parametrize("location", ["ftp://h/", "http://[::1/", "http://h:bad/", "http://u:p@h/"])
async def test_a_location_that_is_none(location: str):
    async with ScriptedServer(always(redirect(302, location))) as server, http_user(server.url, **FOLLOW) as user:
        assert (await user.do({})).failure == "Invalid Redirect"
        assert user.count == 1


@pytest.mark.parametrize(
    "reply", [b"HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 304 X\r\nLocation: /x\r\n\r\n"]
)
async def test_what_is_no_redirect(reply: bytes):
    async with ScriptedServer(always(reply)) as server, http_user(server.url, **FOLLOW) as user:
        assert (await user.do({})).failure is None
        assert len(server.requests) == 1


async def test_to_a_server_that_refuses(unused_port: int):
    script = always(redirect(302, f"http://127.0.0.1:{unused_port}/"))
    async with ScriptedServer(script) as server, http_user(server.url, **FOLLOW) as user:
        outcome = await user.do({})
        assert (outcome.status, outcome.failure, outcome.sent) == (0, "Connection Error: refused", True)


async def test_over_a_connection_that_each_reply_closes():
    def closing(reply: bytes) -> bytes:
        return reply.replace(b"Content-Length", b"Connection: close\r\nContent-Length")

    script = answering(closing(redirect(302, "/1")), closing(OK))
    async with ScriptedServer(script) as server, http_user(server.url, **FOLLOW) as user:
        outcome = await user.do({})
        assert (outcome.status, server.connections) == (200, 2)
        assert all(phase >= 0 for phase in outcome.connected)


async def test_again_and_again():
    """The last reply of each way is like the one before, and known by its head."""
    script = answering(*[redirect(302, "/x"), OK] * 3)
    async with ScriptedServer(script) as server, http_user(server.url, **FOLLOW) as user:
        call = user.call({})
        for _ in range(3):
            outcome = await user.do(call)
            assert (outcome.status, outcome.body) == (200, b"ok")
        assert len(server.requests) == 6


async def trial_of(url: str, **options: object) -> list[dict[str, Any]]:
    around = TrialSurroundings(
        lambda name: HttpProtocol, Resolver(TargetPolicy(guarded=False)), Target(base_url=url), {"http": options}, {},
        RunFiles(),
    )  # fmt: skip
    scene = SceneSpec.parse({"name": "s", "steps": [{"name": "a", "request": POST}]})
    trial = SceneTrial(scene, around, protocol="http", timeout_ms=5_000, seed=7)
    trial.compile()
    await trial.run()
    await trial.close()
    return [step.as_dict(Masker(frozenset({"secret"}))) for step in trial.steps]


async def test_a_trial_shows_every_exchange():
    script = answering(redirect(302, "/1", b"Set-Cookie: s=4711\r\n"), redirect(307, "2?token=secret"), OK)
    async with ScriptedServer(script) as server:
        (step,) = await trial_of(server.url, follow_redirects=True)
        shown = [
            (hop["status"], hop["request"]["text"].partition(" HTTP")[0], hop["location"]) for hop in step["redirects"]
        ]
        assert shown == [
            (302, "POST /a/b?c=d", f"{server.url}/1"),
            (307, "GET /1", f"{server.url}/2?token=***"),
        ]
        assert step["redirects"][0]["request"]["text"].endswith('{"x":1}')
        assert "Location: /1" in step["redirects"][0]["head"]
        assert all(0 < hop["duration"] <= step["duration"] for hop in step["redirects"])
        assert step["request"]["text"].startswith("GET /2?token=*** HTTP/1.1")
        assert step["response"]["status"] == 200
        lines = step_lines(step, "zh")
        at = lines.index("    重定向：")
        host = server.url.removeprefix("http://")
        assert lines[at + 1].startswith(f"        POST {host}/a/b?c=d 302 → {server.url}/1 (")


async def test_a_trial_that_went_too_far_shows_how():
    async with ScriptedServer(always(redirect(302, "/again"))) as server:
        (step,) = await trial_of(server.url, follow_redirects=True, max_redirects=2)
        assert [hop["location"] for hop in step["redirects"]] == [f"{server.url}/again"] * 2
        assert step["error"] == {
            "class": "Too Many Redirects",
            "message": "more than 2, the last to /again",
            "message_zh": "重定向次数过多（超过 2 次，最后一次到 /again）",
        }


async def test_a_trial_without_a_reply_has_none():
    async with ScriptedServer(always(OK)) as server:
        url = server.url
    (step,) = await trial_of(url)
    host, _, port = url.removeprefix("http://").partition(":")
    assert (step["response"], step["redirects"]) == (None, [])
    assert step["error"]["message"].startswith("nothing listens at this address and port (")
    assert (
        step["error"]["message_zh"]
        == f"连接被拒绝，该地址和端口上没有服务在监听（无法连接 {host}:{port}）；请检查服务是否已启动、端口是否正确"
    )
