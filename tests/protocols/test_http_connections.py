"""Connections: opened, kept, used again, lost, refused, given up; and TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from typing import Any

import pytest

from perfsvc.plugin import ABORTED
from perfsvc.plugin import TIMEOUT
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import TargetDenied
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc.plugin.testing import refusing_port
from perfsvc.plugin.testing.drive import EVERYTHING
from perfsvc.plugin.testing.drive import SECOND
from perfsvc_protocols.http import HttpProtocol
from tests.protocols.http_user import http_user
from tests.protocols.servers import OK
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer
from tests.protocols.servers import always
from tests.protocols.servers import silent
from tests.support.certificates import Authority

pytestmark = pytest.mark.asyncio

WAYS: dict[str, dict[str, Any]] = {"ours": {}, "libcurl": {"shared_connections": 2}, "race": {"http_version": "auto"}}
all_ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
"""Who carries requests: our own client, libcurl, and libcurl that tries versions side by side."""
NOTHING = ReplyParts()
CLIENTS: dict[str, dict[str, Any]] = {"ours": {}, "libcurl": {"http_version": "auto"}}
IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]


# Keeping and opening


async def test_one_connection_per_origin():
    async with ScriptedServer(always()) as one, ScriptedServer(always()) as two, http_user(one.url) as user:
        for url in ("/", f"{two.url}/", "/", f"{two.url}/x", f"http://localhost:{one.port}/", "/"):
            assert (await user.do({"url": url})).status == 200
        assert (one.connections, two.connections) == (2, 1)


async def test_one_connection_per_origin_of_urls_that_vary():
    async with ScriptedServer(always()) as one, ScriptedServer(always()) as two, http_user(one.url) as user:
        call = user.call({"url": "{{url}}"})
        for url in (one.url, two.url, one.url, two.url, "/"):
            user.scope.variables["url"] = url
            assert (await user.do(call)).status == 200
        assert (one.connections, two.connections) == (1, 1)


async def test_the_number_of_origins_is_bounded():
    async with contextlib.AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(ScriptedServer(always())) for _ in range(18)]
        user = await stack.enter_async_context(http_user())
        for server in servers:
            assert (await user.do({"url": server.url})).status == 200
        assert len(user.session._connections) == 16
        assert (await user.do({"url": servers[0].url})).status == 200
        assert servers[0].connections == 2


async def test_users_share_no_connection():
    async with ScriptedServer(always()) as server, http_user(server.url) as one, http_user(server.url) as two:
        await one.do({})
        await two.do({})
        assert server.connections == 2


async def test_phases_are_reported_by_the_request_that_opened_the_connection():
    async with ScriptedServer(always()) as server, http_user(server.url) as user:
        first, second = await user.do({}), await user.do({})
        dns, connect, tls = first.connected
        assert dns >= 0
        assert connect > 0
        assert tls == 0
        assert second.connected is None
        for outcome in (first, second):
            assert 0 < outcome.waiting_ns <= outcome.ended_ns - outcome.started_ns < 20 * SECOND
            assert outcome.sent


async def test_opening_a_connection_is_no_part_of_the_latency():
    async def slow(host: str, port: int) -> list[tuple[Any, ...]]:
        await asyncio.sleep(0.2)
        return await context().resolve(host, port)

    async with ScriptedServer(always()) as server:
        run = context(server.url)._replace(resolve=slow)
        async with User(HttpProtocol(HttpProtocol.Options(), run)) as user:
            begun = time.monotonic_ns()
            outcome = await user.do({})
            whole = time.monotonic_ns() - begun
            assert outcome.connected[0] >= 0.19 * SECOND
            assert outcome.ended_ns - outcome.started_ns <= whole - sum(outcome.connected)


async def test_bytes_are_counted_as_they_are_on_the_wire():
    async with ScriptedServer(always()) as server, http_user(server.url) as user:
        outcome = await user.do({"method": "POST", "json": {"a": "b"}})
        assert (outcome.bytes_sent, outcome.bytes_received) == (len(server.requests[0]), len(OK))


async def test_keep_alive_off_opens_a_connection_for_each_request():
    async with ScriptedServer(always()) as server, http_user(server.url, keep_alive=False) as user:
        outcomes = [await user.do({}) for _ in range(3)]
        assert [outcome.status for outcome in outcomes] == [200, 200, 200]
        assert all(outcome.connected for outcome in outcomes)
        assert server.connections == 3
        assert b"\r\nConnection: close\r\n" in server.requests[0]


async def test_a_new_session_each_iteration():
    options = {"new_session_each_iteration": True}
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok"
    async with ScriptedServer(always(cookie)) as server, http_user(server.url, **options) as user:
        for iteration in (0, 0, 1, 1):
            user.scope.iteration = iteration
            await user.do({})
        assert server.connections == 2
        assert [b"Cookie: a=b" in request for request in server.requests] == [False, True, False, True]


async def test_reset_forgets_connections_and_cookies():
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok"
    async with ScriptedServer(always(cookie)) as server, http_user(server.url) as user:
        await user.do({})
        user.session.reset()
        await user.do({})
        assert server.connections == 2
        assert not any(b"Cookie" in request for request in server.requests)


async def test_closing_closes_the_connections():
    async with ScriptedServer(always()) as server:
        async with http_user(server.url) as user:
            await user.do({})
        await server.gone(1)


# Kept connections that the server has closed


def closing_after(count: int) -> Any:
    """Reply to so many requests over the first connection, and not to the next one."""

    async def script(peer: Peer) -> None:
        if peer.number > 1:
            await always()(peer)
        for _ in range(count):
            await peer.request()
            await peer.send(OK)
        await peer.request()

    return script


@pytest.mark.parametrize("method", [*IDEMPOTENT, "POST", "PATCH"])
async def test_a_request_on_a_connection_closed_meanwhile(method: str):
    async with ScriptedServer(closing_after(1)) as server, http_user(server.url) as user:
        await user.do({})
        outcome = await user.do(
            {"method": method},
        )
        if method in IDEMPOTENT:
            assert (outcome.status, outcome.failure) == (200, None)
            assert server.requests[1] == server.requests[2]
            assert outcome.bytes_sent == 2 * len(server.requests[1])
            assert outcome.connected is not None
            assert outcome.counters == {"requests_repeated": 1}
        else:
            assert (outcome.status, outcome.failure, outcome.sent) == (0, "Connection Error: reset", True)
            assert outcome.message.endswith(f"; {method} is not sent again")
            assert server.connections == 1


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("varies", [False, True], ids=["head known", "head varies"])
@pytest.mark.parametrize("reads", [NOTHING, EVERYTHING], ids=["unread", "read"])
async def test_a_server_that_takes_one_request_a_connection_and_does_not_say_so(
    client: str, varies: bool, reads: ReplyParts
):
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nX-Number: %d\r\nContent-Length: 2\r\n\r\nok" % (peer.number * varies))
        await peer.request()

    async with ScriptedServer(script) as server, http_user(server.url, **CLIENTS[client]) as user:
        call = user.call({}, reads)
        outcomes = [await user.do(call) for _ in range(10)]
        assert [outcome.failure for outcome in outcomes] == [None] * 10
        repeats = sum((outcome.counters or {}).get("requests_repeated", 0) for outcome in outcomes)
        assert repeats == 9
        assert len(server.requests) == 10 + repeats


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("request_of", [{"body": "pay"}, {}], ids=["body", "no body"])
@pytest.mark.parametrize("method", ["POST", "PATCH", "PURGE"])
async def test_what_is_not_idempotent_is_never_sent_twice(method: str, request_of: dict[str, Any], client: str):
    async with ScriptedServer(closing_after(1)) as server, http_user(server.url, **CLIENTS[client]) as user:
        await user.do({})
        outcome = await user.do({"method": method, **request_of})
        assert (outcome.failure, outcome.sent) == ("Connection Error: reset", True)
        assert outcome.message.endswith(f"; {method} is not sent again")
        assert [request.split()[0].decode() for request in server.requests] == ["GET", method]
        assert server.connections == 1
        assert (await user.do({})).failure is None


async def test_a_request_is_sent_once_more_and_not_twice():
    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number == 1:
            await peer.send(OK)
            await peer.request()

    async with ScriptedServer(script) as server, http_user(server.url) as user:
        assert (await user.do({})).status == 200
        assert (await user.do({})).failure == "Connection Error: closed early"
        assert (server.connections, len(server.requests)) == (2, 3)


async def test_a_first_request_is_not_sent_again():
    async with ScriptedServer(closing_after(0)) as server, http_user(server.url) as user:
        assert (await user.do({})).failure == "Connection Error: closed early"
        assert server.connections == 1


async def test_a_reply_begun_is_not_asked_for_again():
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()
        await peer.send(b"HTTP/1.1 2")

    async with ScriptedServer(script) as server, http_user(server.url) as user:
        await user.do({})
        assert (await user.do({})).failure == "Connection Error: closed early"
        assert server.connections == 1


async def test_a_connection_closed_while_idle_is_noticed():
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)

    async with ScriptedServer(script) as server, http_user(server.url) as user:
        for number in (1, 2, 3):
            outcome = await user.do({"method": "POST"})
            assert (outcome.status, outcome.failure) == (200, None)
            await server.gone(number)


async def test_the_time_of_a_lost_attempt_is_not_forgotten():
    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number == 1:
            await peer.send(OK)
            await peer.request()
            await asyncio.sleep(0.2)
        else:
            await peer.send(OK)

    async with ScriptedServer(script) as server, http_user(server.url) as user:
        await user.do({})
        outcome = await user.do({})
        assert outcome.status == 200
        assert outcome.ended_ns - outcome.started_ns >= 0.19 * SECOND


# Failures


async def test_refused():
    with refusing_port() as port:
        async with http_user(f"http://127.0.0.1:{port}") as user:
            outcome = await user.do({})
            assert (outcome.status, outcome.failure, outcome.sent) == (0, "Connection Error: refused", False)
            assert (outcome.bytes_sent, outcome.bytes_received, outcome.connected) == (0, 0, None)
            assert 0 < outcome.started_ns <= outcome.ended_ns


async def test_an_ipv6_literal_in_the_host_header():
    async with ScriptedServer(always()) as server:

        async def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
            assert (host, port) == ("::1", 8080)
            return await context().resolve("127.0.0.1", server.port)

        run = context("http://[::1]:8080")._replace(resolve=resolve)
        async with User(HttpProtocol(HttpProtocol.Options(), run)) as user:
            assert (await user.do({})).status == 200
        assert b"\r\nHost: [::1]:8080\r\n" in server.requests[0]


async def test_a_server_that_speaks_first():
    async def script(peer: Peer) -> None:
        await peer.send(b"220 mail.example ESMTP\r\n")
        await peer.gone()

    async with ScriptedServer(script) as server, http_user(server.url) as user:
        outcome = await user.do({})
        assert outcome.failure in {"Protocol Error", "Connection Error: closed early"}


async def test_the_next_address_is_tried():
    async with ScriptedServer(always()) as server:
        with refusing_port() as port:

            async def both(host: str, _port: int) -> list[tuple[Any, ...]]:
                run = context()
                return [*await run.resolve("127.0.0.1", port), *await run.resolve("127.0.0.1", server.port)]

            run = context(server.url)._replace(resolve=both)
            async with User(HttpProtocol(HttpProtocol.Options(), run)) as user:
                assert (await user.do({})).status == 200


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (OSError("Name or service not known"), "DNS Error"),
        (TargetDenied("169.254.169.254"), "Target Denied"),
        (TimeoutError("too slow"), "DNS Error"),
    ],
)
async def test_names_that_lead_nowhere(error: Exception, failure: str):
    async def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
        raise error

    run = context("http://target")._replace(resolve=resolve)
    async with User(HttpProtocol(HttpProtocol.Options(), run)) as user:
        outcome = await user.do({})
        assert (outcome.failure, outcome.sent, outcome.connected) == (failure, False, None)
        assert str(error) in outcome.message


async def test_a_name_without_addresses():
    async def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
        return []

    run = context("http://target")._replace(resolve=resolve)
    async with User(HttpProtocol(HttpProtocol.Options(), run)) as user:
        assert (await user.do({})).failure == "DNS Error"


async def never(host: str, port: int) -> list[tuple[Any, ...]]:
    await asyncio.get_running_loop().create_future()
    raise AssertionError


async def test_connecting_takes_no_longer_than_the_request_may():
    run = context("http://target")._replace(resolve=never)
    async with User(HttpProtocol(HttpProtocol.Options(), run)) as user:
        outcome = await user.do(user.call({}, timeout_s=0.05))
        assert (outcome.failure, outcome.sent) == (TIMEOUT, False)
        assert outcome.ended_ns - outcome.started_ns >= 0.04 * SECOND


async def test_aborted_while_connecting():
    run = context("http://target")._replace(resolve=never)
    async with User(HttpProtocol(HttpProtocol.Options(), run)) as user:
        user.start(user.call({}))
        await asyncio.sleep(0)
        user.session.abort(TIMEOUT)
        outcome = await user.ended()
        assert (outcome.failure, outcome.sent, user.count) == (TIMEOUT, False, 1)


async def test_aborted_while_waiting_closes_the_connection():
    async with ScriptedServer(silent) as server, http_user(server.url) as user:
        user.start(user.call({}))
        await server.asked(1)
        user.session.abort(ABORTED)
        assert (await user.ended()).failure == ABORTED
        await server.gone(1)
        assert user.count == 1


async def test_a_late_reply_to_an_aborted_request_reaches_nobody():
    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number == 1:
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", b"la", b"te")
        else:
            await peer.send(OK)

    async with ScriptedServer(script) as server, http_user(server.url) as user:
        user.start(user.call({}))
        await server.asked(1)
        user.session.abort(TIMEOUT)
        outcome = await user.do({})
        assert (outcome.status, outcome.body, user.count) == (200, b"ok", 2)


# TLS


def tls_server(authority: Authority, host: str = "127.0.0.1", **certificate: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue(host, **certificate))
    return context


@contextlib.asynccontextmanager
async def tls_user(server: ScriptedServer, **options: Any):
    async with http_user(f"https://127.0.0.1:{server.port}", **options) as user:
        yield user


@pytest.mark.parametrize("kind", ["file", "text"])
async def test_tls_with_an_authority_of_ones_own(authority: Authority, kind: str):
    ca = authority.ca_file.name if kind == "file" else authority.ca_pem
    async with ScriptedServer(always(), tls_server(authority)) as server:
        run = context(f"https://127.0.0.1:{server.port}")._replace(file=authority.ca_file.parent.joinpath)
        user = User(HttpProtocol(HttpProtocol.Options.parse({"ca": ca}, "options"), run))
        async with user:
            first, second = await user.do({}), await user.do({})
            assert (first.status, second.status, server.connections) == (200, 200, 1)
            assert all(phase >= 0 for phase in first.connected)
            assert first.connected[2] > 0
            assert second.connected is None
            assert first.bytes_received == len(OK)


async def test_tls_without_verification(authority: Authority):
    async with ScriptedServer(always(), tls_server(authority)) as server, tls_user(server, verify=False) as user:
        assert (await user.do({})).status == 200


@all_ways
async def test_an_unknown_authority_is_not_trusted(authority: Authority, way: dict[str, Any]):
    async with ScriptedServer(always(), tls_server(authority)) as server, tls_user(server, **way) as user:
        outcome = await user.do({})
        assert outcome.failure == "TLS Error: unable to get local issuer certificate"
        assert (outcome.sent, server.requests) == (False, [])


@all_ways
async def test_a_certificate_for_somebody_else(authority: Authority, way: dict[str, Any]):
    tls = tls_server(authority, "other.example")
    async with ScriptedServer(always(), tls) as server, tls_user(server, ca=authority.ca_pem, **way) as user:
        assert (await user.do({})).failure == "TLS Error: hostname mismatch"


@all_ways
async def test_an_expired_certificate(authority: Authority, way: dict[str, Any]):
    tls = tls_server(authority, expired=True)
    async with ScriptedServer(always(), tls) as server, tls_user(server, ca=authority.ca_pem, **way) as user:
        assert (await user.do({})).failure == "TLS Error: certificate has expired"


@all_ways
async def test_tls_spoken_to_a_plain_port(way: dict[str, Any]):
    async def script(peer: Peer) -> None:
        await peer.some()
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with ScriptedServer(script) as server, tls_user(server, **way) as user:
        assert (await user.do({})).failure == "TLS Error: wrong version number"


@all_ways
async def test_a_server_that_hangs_up_on_the_handshake(way: dict[str, Any]):
    async def script(peer: Peer) -> None:
        await peer.some()
        peer.reset()

    async with ScriptedServer(script) as server, tls_user(server, **way) as user:
        assert (await user.do({})).failure == "TLS Error: connection closed"


async def test_a_server_that_never_shakes_hands():
    async def script(peer: Peer) -> None:
        await peer.gone()

    async with ScriptedServer(script) as server, tls_user(server) as user:
        outcome = await user.do(user.call({}, timeout_s=0.1))
        assert (outcome.failure, outcome.sent) == (TIMEOUT, False)
        await server.gone(1)


@pytest.mark.parametrize("body", ["length", "close"])
async def test_replies_over_tls(authority: Authority, body: str):
    content = bytes(range(256)) * 2000
    reply = b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 512000\r\n" if body == "length" else b"") + b"\r\n" + content

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(reply)

    tls = tls_server(authority)
    async with ScriptedServer(script, tls) as server, tls_user(server, ca=authority.ca_pem) as user:
        outcome = await user.do({})
        assert (outcome.status, outcome.failure, outcome.body) == (200, None, content)


async def test_the_server_name_is_sent(authority: Authority):
    names: list[str | None] = []
    tls = tls_server(authority, "localhost")
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    async with ScriptedServer(always(), tls) as server, http_user(ca=authority.ca_pem) as user:
        request = {"url": f"https://localhost:{server.port}", "headers": {"Host": "shop.example"}}
        assert (await user.do(request)).status == 200
    assert names == ["localhost"]
