"""The WebSocket plugin against a server of another library: every action, and every way to go wrong."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest

from perfsvc.plugin import TIMEOUT
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import MissingVariable
from perfsvc.plugin import NotSent
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.websocket import WebSocketProtocol
from tests.protocols.websocket_peers import WebSocketServer
from tests.support.certificates import Authority

pytestmark = pytest.mark.asyncio


def user(base_url: str = "", headers: dict[str, str] | None = None, **options: Any) -> User:
    return User(WebSocketProtocol(WebSocketProtocol.Options.parse(options), context(base_url, headers)))


def counted(user: User) -> dict[str, float]:
    return user.session.reply.counters or {}


async def test_text_makes_a_round_trip():
    async with WebSocketServer() as server, user(server.url) as client:
        outcome = await client.do({"url": "/echo", "text": "héllo", "expect": {}})
        assert (outcome.failure, outcome.text, outcome.status) == (None, "héllo", 0)
        assert server.messages == ["héllo"]
        assert counted(client) == {"messages_sent": 1, "messages_received": 1}
        again = await client.do({"text": "x" * 200, "expect": {}})
        assert (again.bytes_sent, again.bytes_received) == (208, 204)


async def test_binary_and_json_are_sent_as_such():
    async with WebSocketServer() as server, user(server.url) as client:
        client.scope.variables = {"name": 'a"b', "raw": "AAH/"}
        await client.do({"url": "/echo", "base64": "{{raw}}", "expect": {}})
        outcome = await client.do({"json": {"n": [1, None], "who": "{{name}}"}, "expect": {}})
        assert server.messages == [b"\x00\x01\xff", '{"n":[1,null],"who":"a\\"b"}']
        assert outcome.body == b'{"n":[1,null],"who":"a\\"b"}'


async def test_opening_alone_is_a_request():
    async with WebSocketServer() as server, user(server.url) as client:
        outcome = await client.do({"url": "/echo"})
        assert (outcome.failure, outcome.status) == (None, 101)
        assert outcome.connected is not None
        assert outcome.connected[1] > 0
        assert outcome.connected[2] == 0
        assert set(client.session.reply.gauges or {}) == {"upgrade_ms"}
        assert len(server.peers) == 1


async def test_headers_and_subprotocols_reach_the_server():
    async with WebSocketServer() as server, user(server.url, {"X-Env": "e"}) as client:
        client.scope.variables = {"token": "t"}
        request = {"url": "/echo", "headers": {"X-Token": "{{token}}"}, "subprotocols": ["v1", "v2"]}
        await client.do(request)
        asked = server.peers[0].request.headers
        assert (asked["X-Env"], asked["X-Token"], asked["Sec-WebSocket-Protocol"]) == ("e", "t", "v1, v2")
        assert client.session.reply.header("sec-websocket-protocol") == "v2"


@pytest.mark.parametrize(
    ("expect", "body"),
    [
        ({"json": {"path": "$.number", "equals": 3}}, b'{"type": "tick", "number": 3}'),
        ({"json": {"path": "$.type"}, "count": 2}, b'{"type": "tick", "number": 1}'),
        ({"regex": '"number": [4-9]'}, b'{"type": "tick", "number": 4}'),
        ({"contains": "number", "count": 5}, b'{"type": "tick", "number": 4}'),
    ],
)
async def test_waits_for_what_matches(expect: dict[str, Any], body: bytes):
    async with WebSocketServer() as server, user(server.url) as client:
        outcome = await client.do({"url": "/commanded", "json": {"push": 5}, "expect": expect})
        assert (outcome.failure, outcome.body) == (None, body)


@pytest.mark.parametrize(
    ("expect", "body"),
    [
        ({"contains": 'number": {{wanted}}'}, b'{"type": "tick", "number": 3}'),
        ({"regex": '"type": "t.*{{wanted}}'}, b'{"type": "tick", "number": 3}'),
        ({"json": {"path": "$.number", "equals": "{{wanted}}"}}, b'{"type": "tick", "number": 3}'),
        ({"json": {"path": "$.type", "equals": "{{kind}}"}, "count": 2}, b'{"type": "tick", "number": 1}'),
    ],
)
async def test_what_is_waited_for_may_vary(expect: dict[str, Any], body: bytes):
    async with WebSocketServer() as server, user(server.url) as client:
        client.scope.variables = {"wanted": 3, "kind": "tick"}
        request = {"url": "/commanded", "json": {"push": 5}, "expect": expect}
        for _ in range(2):
            outcome = await client.do(request)
            assert (outcome.failure, outcome.body) == (None, body)
            await client.do({"ping": True})


async def test_variables_in_a_pattern_are_matched_as_they_are():
    async with WebSocketServer() as server, user(server.url) as client:
        client.scope.variables = {"price": "1.5 (net)"}
        request = {
            "url": "/commanded",
            "json": {"say": "price 1x5 net"},
            "expect": {"regex": "e {{price}}$", "timeout": 50},
        }
        assert (await client.do(request)).failure == TIMEOUT
        request["json"] = {"say": "price {{price}}"}
        assert (await client.do(request)).body == b"price 1.5 (net)"


async def test_what_is_waited_for_is_known_before_anything_is_sent():
    async with WebSocketServer() as server, user(server.url) as client:
        await client.do({"url": "/echo"})
        with pytest.raises(MissingVariable):
            client.start(client.call({"text": "a", "expect": {"contains": "{{nobody}}"}}))
        client.scope.variables = {"nobody": "a"}
        with pytest.raises(NotSent):
            client.start(client.call({"text": "a", "expect": {"regex": "({{nobody}}"}}))
        assert (client.count, server.messages) == (1, [])


async def test_what_does_not_come_times_out_and_the_connection_is_given_up():
    async with WebSocketServer() as server, user(server.url) as client:
        request = {"url": "/commanded", "json": {"push": 2}, "expect": {"count": 3, "timeout": 60}}
        outcome = await client.do(request)
        assert outcome.failure == TIMEOUT
        assert outcome.ended_ns - outcome.started_ns >= 50_000_000
        assert counted(client) == {"messages_sent": 1, "messages_received": 2}
        again = await client.do({"json": {"push": 1}, "expect": {}})
        assert (again.failure, again.connected is not None) == (None, True)


async def test_pushes_are_counted_while_held_open():
    async with WebSocketServer() as server, user(server.url) as client:
        outcome = await client.do({"url": "/push/7", "hold": 0.1})
        assert outcome.failure is None
        assert outcome.ended_ns - outcome.started_ns >= 100_000_000
        assert counted(client) == {"messages_received": 7, "pushes": 7}


async def test_pushes_are_reported_while_a_request_goes_on():
    async with WebSocketServer() as server, user(server.url) as client:
        assert client.session.partial_counters() is None
        client.start(client.call({"url": "/commanded", "json": {"push": 2}, "hold": 0.5}))
        seen: dict[str, float] = {}
        async with asyncio.timeout(60):
            while seen.get("pushes", 0) < 2:
                await asyncio.sleep(0.001)
                for name, count in (client.session.partial_counters() or {}).items():
                    seen[name] = seen.get(name, 0) + count
        assert seen == {"messages_sent": 1, "messages_received": 2, "pushes": 2}
        outcome = await client.ended()
        assert (outcome.failure, counted(client)) == (None, {})
        assert client.session.partial_counters() is None


async def test_holding_lengthens_the_time_limit():
    client = user("ws://127.0.0.1")
    assert client.call({"hold": 5.0}, timeout_s=2).timeout_ns == 7_000_000_000


async def test_messages_between_steps_wait_for_an_expect():
    async with WebSocketServer() as server, user(server.url, backlog=2) as client:
        await client.do({"url": "/commanded", "json": {"push": 4}, "expect": {"contains": "0"}})
        await client.do({"ping": True})
        outcome = await client.do({"expect": {}})
        assert (outcome.failure, outcome.body) == (None, b'{"type": "tick", "number": 2}')


async def test_a_step_that_sends_looks_only_at_what_comes_after():
    async with WebSocketServer() as server, user(server.url) as client:
        await client.do({"url": "/commanded", "json": {"push": 3}})
        await client.do({"ping": True})
        outcome = await client.do({"json": {"say": "new"}, "expect": {}})
        assert outcome.body == b"new"


async def test_a_ping_is_timed():
    async with WebSocketServer() as server, user(server.url) as client:
        await client.do({"url": "/echo"})
        outcome = await client.do({"ping": True})
        gauge = (client.session.reply.gauges or {})["ping_ms"]
        assert outcome.failure is None
        assert 0 < gauge <= (outcome.ended_ns - outcome.started_ns) / 1e6
        assert counted(client) == {"pings": 1}


async def test_closing_with_a_code():
    async with WebSocketServer() as server, user(server.url) as client:
        await client.do({"url": "/echo"})
        outcome = await client.do({"close": {"code": 4002, "reason": "done"}})
        assert (outcome.failure, outcome.status) == (None, 4002)
        assert counted(client) == {"close_4002": 1}
        await server.closed(1)
        assert server.closes == [(4002, "done")]
        assert (await client.do({"text": "a", "expect": {}})).connected is not None


async def test_a_list_of_actions_is_done_in_order():
    async with WebSocketServer() as server, user(server.url) as client:
        actions = [
            {"text": "one", "expect": {"contains": "one"}},
            {"base64": "AA==", "ping": True, "expect": {}},
            {"hold": 0.01, "close": {"code": 1000}},
        ]
        outcome = await client.do({"url": "/echo", "actions": actions})
        assert (outcome.failure, outcome.status) == (None, 1000)
        assert server.messages == ["one", b"\x00"]
        # The echo of the second comes before the pong, when no step waits for a message yet.
        seen = {"messages_sent": 2, "messages_received": 2, "pushes": 1, "pings": 1, "close_1000": 1}
        assert counted(client) == seen


async def test_nothing_can_be_done_after_a_close():
    async with WebSocketServer() as server, user(server.url) as client:
        outcome = await client.do({"url": "/echo", "actions": [{"close": {}}, {"text": "late"}]})
        assert outcome.failure == "Invalid Request"


async def test_the_server_closes():
    async with WebSocketServer() as server, user(server.url) as client:
        outcome = await client.do({"url": "/commanded", "json": {"close": 4001}, "expect": {}})
        assert outcome.failure == "WebSocket Closed: 4001"
        assert counted(client) == {"messages_sent": 1, "close_4001": 1}
        assert (await client.do({"json": {"say": "x"}, "expect": {}})).failure is None


async def test_an_upgrade_that_is_refused_tells_the_status():
    async with WebSocketServer() as server, user(server.url) as client:
        outcome = await client.do({"url": "/refused", "text": "a", "expect": {}})
        assert (outcome.failure, outcome.sent) == ("WebSocket Upgrade: HTTP 403", True)


async def test_fragments_are_one_message():
    async with WebSocketServer() as server, user(server.url) as client:
        await client.do({"url": "/commanded"})
        fragments = b"\x01\x03one" + b"\x89\x00" + b"\x80\x03two"
        outcome = await client.do({"json": {"raw": fragments.hex()}, "expect": {}})
        assert (outcome.body, outcome.bytes_received) == (b"onetwo", 10)


async def test_a_message_beyond_the_limit_ends_the_connection():
    async with WebSocketServer() as server, user(server.url, max_message_bytes=1024) as client:
        outcome = await client.do({"url": "/echo", "text": "x" * 1025, "expect": {}})
        assert outcome.failure == "Protocol Error"


async def test_another_url_is_another_connection_and_the_same_one_is_not():
    async with WebSocketServer() as server, user(server.url) as client:
        for url in ("/echo", "/echo", None, "/commanded", None):
            request = {"json": {"say": "x"}, "expect": {}}
            assert (await client.do({**request, "url": url} if url else request)).failure is None
        assert [peer.request.path for peer in server.peers] == ["/echo", "/commanded"]


async def test_a_new_connection_for_each_iteration():
    async with WebSocketServer() as server, user(server.url, new_connection_each_iteration=True) as client:
        for iteration in (0, 0, 1, 1):
            client.scope.iteration = iteration
            await client.do({"url": "/echo", "text": "a", "expect": {}})
        assert len(server.peers) == 2


async def test_ending_a_session_says_goodbye():
    async with WebSocketServer() as server:
        async with user(server.url) as client:
            await client.do({"url": "/echo"})
        await server.closed(1)
        assert server.closes == [(1000, None)]


async def test_one_way_messages_arrive_complete_however_big():
    async with WebSocketServer() as server, user(server.url) as client:
        big = "x" * 4_000_000
        for _ in range(3):
            assert (await client.do({"url": "/echo", "text": big})).failure is None
        await client.do({"ping": True})
        assert [len(message) for message in server.messages] == [len(big)] * 3


def tls_server(authority: Authority, host: str) -> WebSocketServer:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.issue(host))
    return WebSocketServer(tls=tls)


async def test_tls(authority: Authority):
    async with tls_server(authority, "127.0.0.1") as server, user(server.url, ca=authority.ca_pem) as client:
        outcome = await client.do({"url": "/echo", "text": "a", "expect": {}})
        assert outcome.failure is None
        assert outcome.connected is not None
        assert outcome.connected[2] > 0


@pytest.mark.parametrize(
    ("host", "trusted", "verify", "failure"),
    [
        ("127.0.0.1", False, True, "TLS Error: unable to get local issuer certificate"),
        ("other.example", True, True, "TLS Error: hostname mismatch"),
        ("other.example", False, False, None),
    ],
)
async def test_certificates_are_judged(
    authority: Authority, host: str, trusted: bool, verify: bool, failure: str | None
):
    ca = authority.ca_pem if trusted else None
    async with tls_server(authority, host) as server, user(server.url, ca=ca, verify=verify) as client:
        outcome = await client.do({"url": "/echo"})
        assert (outcome.failure, outcome.sent) == (failure, failure is None)


async def test_a_ca_that_is_none_is_reported_before_the_run():
    with pytest.raises(InvalidInput) as raised:
        user(ca="/nowhere.pem")
    assert [problem.path for problem in raised.value.problems] == ["ca"]


async def test_thousands_that_mostly_listen():
    async with WebSocketServer() as server:
        users = [user(server.url) for _ in range(1000)]
        outcomes = []
        for start in range(0, 1000, 100):
            outcomes += await asyncio.gather(
                *(each.do({"url": "/push/2", "hold": 0.2}) for each in users[start : start + 100])
            )
        assert [outcome.failure for outcome in outcomes] == [None] * 1000
        assert [counted(each)["pushes"] for each in users] == [2] * 1000
        for each in users:
            await each.session.close()
