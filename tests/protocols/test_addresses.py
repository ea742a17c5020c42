"""Where connections go: several addresses of a name, fallback, spelling of hosts."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from collections.abc import Iterator
from contextlib import asynccontextmanager
from contextlib import contextmanager
from typing import Any

import pytest

from perfsvc.plugin import InvalidInput
from perfsvc.plugin.net.addresses import RETRY_NS
from perfsvc.plugin.net.addresses import AddressOrder
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.http import HttpProtocol
from tests.protocols.servers import Script
from tests.protocols.servers import ScriptedServer
from tests.protocols.servers import always
from tests.support.certificates import Authority

CLIENTS: dict[str, dict[str, Any]] = {"ours": {}, "libcurl": {"shared_connections": 0, "http_version": "auto"}}
ANSWERING = always()
CLOSING = always(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
THREE = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


@asynccontextmanager
async def served(*hosts: str, script: Script = ANSWERING) -> AsyncIterator[list[ScriptedServer]]:
    """Servers on one port of several addresses."""
    async with contextlib.AsyncExitStack() as stack:
        servers: list[ScriptedServer] = []
        for host in hosts:
            server = ScriptedServer(script, host=host, port=servers[0].port if servers else 0)
            servers.append(await stack.enter_async_context(server))
        yield servers


@contextmanager
def silent_address(host: str, port: int) -> Iterator[None]:
    """An address whose queue of connections is full, so that it says nothing to another."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(family))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket(family))
            filler.setblocking(False)
            filler.connect_ex((host, port))
        yield


async def asked_by(users: int, servers: list[ScriptedServer], **options: Any) -> list[int]:
    """Let each user send two requests over connections of its own; return the connections of each server."""
    port = servers[0].port
    resolve = {f"shop.test:{port}": options.pop("places", THREE)}
    protocol = HttpProtocol(
        HttpProtocol.Options.parse({"resolve": resolve, **options}), context(f"http://shop.test:{port}")
    )
    crowd = [User(protocol, vu) for vu in range(1, users + 1)]
    for user in crowd:
        for _ in range(2):
            assert (await user.do({"url": "/"})).failure is None
    for user in crowd:
        await user.leave()
    await protocol.close()
    return [server.connections for server in servers]


@pytest.mark.asyncio
@pytest.mark.parametrize("client", CLIENTS)
async def test_nine_users_are_spread_over_three_addresses(client: str):
    async with served(*THREE) as servers:
        assert await asked_by(9, servers, **CLIENTS[client]) == [3, 3, 3]


@pytest.mark.asyncio
@pytest.mark.parametrize("closed_by", ["client", "server"])
@pytest.mark.parametrize("client", CLIENTS)
async def test_each_connection_of_a_user_takes_the_next_address_or_stays(client: str, closed_by: str):
    options = {"keep_alive": closed_by == "server", **CLIENTS[client]}
    script = CLOSING if closed_by == "server" else always()
    async with served(*THREE, script=script) as servers:
        assert await asked_by(3, servers, **options) == [2, 2, 2]
    async with served(*THREE, script=script) as servers:
        assert await asked_by(2, servers, address_choice="user", **options) == [0, 2, 2]


@pytest.mark.asyncio
@pytest.mark.parametrize("client", CLIENTS)
async def test_an_address_that_refuses_is_left_out(client: str):
    async with served(*THREE[:2]) as servers:
        counts = await asked_by(8, servers, **CLIENTS[client])
        assert sum(counts) == 8
        assert min(counts) >= 3


@pytest.mark.asyncio
@pytest.mark.parametrize("client", CLIENTS)
async def test_a_silent_address_costs_a_quarter_of_a_second_once(client: str):
    async with served("127.0.0.1") as servers:
        port = servers[0].port
        with silent_address("::1", port):
            options = {"resolve": {f"shop.test:{port}": ["::1", "127.0.0.1"]}, "keep_alive": False, **CLIENTS[client]}
            protocol = HttpProtocol(HttpProtocol.Options.parse(options), context(f"http://shop.test:{port}"))
            user = User(protocol, vu=0)
            connecting = []
            for _ in range(6):
                outcome = await user.do({"url": "/"})
                assert outcome.failure is None
                assert outcome.connected is not None
                connecting.append(outcome.connected[1] / 1e9)
            await user.leave()
            await protocol.close()
    assert servers[0].connections == 6
    assert connecting[0] >= 0.15
    assert min(connecting[1:]) < 0.15  # a busy machine may hold up some of them


def infos(*hosts: str) -> list[tuple[Any, ...]]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 80)) for host in hosts]


def test_an_address_is_tried_again_after_a_minute_by_one_connection():
    now = 0
    order = AddressOrder(lambda: now, sticky=False)
    found = infos(*THREE)
    order.unreachable(found[0][4])
    begun = Counter(order.of("a", 80, found, 0)[0][4][0] for _ in range(6))
    assert begun == {"127.0.0.2": 3, "127.0.0.3": 3}
    now = RETRY_NS + 1
    begun = Counter(order.of("a", 80, found, 0)[0][4][0] for _ in range(6))
    assert begun["127.0.0.1"] == 1
    order.reached(found[0][4])
    begun = Counter(order.of("a", 80, found, 0)[0][4][0] for _ in range(6))
    assert begun == {"127.0.0.1": 2, "127.0.0.2": 2, "127.0.0.3": 2}


def test_every_address_stays_in_the_order():
    order = AddressOrder(lambda: 0, sticky=True)
    found = infos(*THREE)
    for info in found:
        order.unreachable(info[4])
    for vu in range(4):
        assert sorted(info[4][0] for info in order.of("a", 80, found + found, vu)) == sorted(THREE)


# Spelling


@pytest.mark.asyncio
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("faß.example", "xn--fa-hia.example"),
        ("例子。example", "xn--fsqu00a.example"),
        ("my_host.Bücher.example", "my_host.xn--bcher-kva.example"),
    ],
)
async def test_names_are_sent_by_idna_2008(client: str, written: str, sent: str):
    async with served("127.0.0.1") as servers:
        port = servers[0].port
        options = {"resolve": {f"{written}:{port}": "127.0.0.1"}, **CLIENTS[client]}
        run = context(f"http://{written}:{port}")
        async with User(HttpProtocol(HttpProtocol.Options.parse(options), run)) as user:
            assert (await user.do({"url": "/"})).failure is None
        assert f"\r\nHost: {sent}:{port}\r\n".encode() in servers[0].requests[0]


@pytest.mark.asyncio
@pytest.mark.parametrize("client", CLIENTS)
async def test_the_zone_of_an_address_is_used_and_not_sent(client: str):
    async with served("::1") as servers:
        port = servers[0].port
        run = context(f"http://[::1%251]:{port}")
        async with User(HttpProtocol(HttpProtocol.Options.parse(CLIENTS[client]), run)) as user:
            outcome = await user.do({"url": "/"})
            assert outcome.failure is None, outcome.message
        assert f"\r\nHost: [::1]:{port}\r\n".encode() in servers[0].requests[0]


@pytest.mark.parametrize("url", ["http://a b.example/", "http://\u2488com.example/", "http://x..\u00e4/"])
def test_what_is_no_host_is_reported(url: str):
    protocol = HttpProtocol(HttpProtocol.Options.parse({}), context())
    with pytest.raises(InvalidInput) as raised:
        protocol.compile(HttpProtocol.Request.parse({"url": url}), 1, None)  # type: ignore[arg-type]
    assert [problem.path for problem in raised.value.problems] == ["url"]


# TLS


def serving(authority: Authority, host: str = "127.0.0.1") -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.issue(host))
    return tls


async def over_tls(tls: ssl.SSLContext, authority: Authority, requests: int, host: str = "127.0.0.1", **options: Any):
    """Let one user send requests; return the outcomes and what the server says of each connection's TLS."""
    seen: list[tuple[str | None, bool | None, str]] = []

    async def script(peer: Any) -> None:
        cipher = peer.tls.cipher()
        seen.append((peer.tls.version(), peer.tls.session_reused, cipher[0]))
        await always()(peer)

    async with ScriptedServer(script, tls) as server:
        given = {"ca": authority.ca_pem, "resolve": {f"shop.test:{server.port}": "127.0.0.1"}, **options}
        run = context(f"https://{host}:{server.port}")
        async with User(HttpProtocol(HttpProtocol.Options.parse(given), run)) as user:
            outcomes = [await user.do({"url": "/"}) for _ in range(requests)]
    return outcomes, seen


@pytest.mark.asyncio
@pytest.mark.parametrize("client", CLIENTS)
async def test_the_server_name_has_no_dot_at_its_end(client: str, authority: Authority):
    names: list[str] = []
    tls = serving(authority, "shop.test")
    tls.sni_callback = lambda tls_object, name, context: names.append(name)
    (outcome,), _ = await over_tls(tls, authority, 1, "shop.test.", **CLIENTS[client])
    assert outcome.failure is None, outcome.message
    assert names == ["shop.test"]


@pytest.mark.asyncio
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("version", ["1.2", "1.3"])
async def test_versions_are_limited(client: str, version: str, authority: Authority):
    options = {"tls_min_version": version, "tls_max_version": version, **CLIENTS[client]}
    (outcome,), seen = await over_tls(serving(authority), authority, 1, **options)
    assert outcome.failure is None, outcome.message
    assert [each[0] for each in seen] == [f"TLSv{version}"]


@pytest.mark.asyncio
@pytest.mark.parametrize("client", CLIENTS)
async def test_a_version_that_the_server_does_not_speak(client: str, authority: Authority):
    tls = serving(authority)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    (outcome,), seen = await over_tls(tls, authority, 1, tls_min_version="1.3", **CLIENTS[client])
    assert outcome.failure is not None
    assert outcome.failure.startswith("TLS Error: ")
    assert not outcome.sent
    assert seen == []


@pytest.mark.asyncio
@pytest.mark.parametrize("client", CLIENTS)
async def test_ciphers_are_limited(client: str, authority: Authority):
    cipher = "ECDHE-ECDSA-AES128-GCM-SHA256"
    options = {"tls_max_version": "1.2", "ciphers": cipher, **CLIENTS[client]}
    (outcome,), seen = await over_tls(serving(authority), authority, 1, **options)
    assert outcome.failure is None, outcome.message
    assert [each[2] for each in seen] == [cipher]


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"ciphers": "nonsense"}, "ciphers"),
        ({"tls_min_version": "1.3", "tls_max_version": "1.2"}, "tls_min_version"),
        ({"tls_min_version": "2"}, "tls_min_version"),
        ({"resolve": {"a:1": []}}, "resolve.a:1"),
        ({"resolve": {"a:1": ["127.0.0.1", "x/y"]}}, "resolve.a:1"),
    ],
)
def test_options_that_cannot_be_are_reported(options: dict[str, Any], path: str):
    with pytest.raises(InvalidInput) as raised:
        HttpProtocol.Options.parse(options)
    assert [problem.path for problem in raised.value.problems] == [path]


@pytest.mark.asyncio
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
async def test_sessions_are_resumed_and_counted(version: ssl.TLSVersion, client: str, authority: Authority):
    tls = serving(authority)
    tls.maximum_version = version
    options = {"keep_alive": False, "session_resumption": True, **CLIENTS[client]}
    outcomes, seen = await over_tls(tls, authority, 4, **options)
    assert [each[1] for each in seen] == [False, True, True, True]
    assert [outcome.counters for outcome in outcomes] == [{"tls_full_handshakes": 1}, *[{"tls_resumed": 1}] * 3]


@pytest.mark.asyncio
@pytest.mark.parametrize("client", CLIENTS)
async def test_sessions_are_not_resumed_unless_asked_for(client: str, authority: Authority):
    outcomes, seen = await over_tls(serving(authority), authority, 3, keep_alive=False, **CLIENTS[client])
    assert [each[1] for each in seen] == [False] * 3
    assert [outcome.counters for outcome in outcomes] == [None] * 3


@pytest.mark.asyncio
@pytest.mark.parametrize("client", CLIENTS)
async def test_a_hang_in_the_handshake_is_named(client: str):
    hello = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            hello.set()
        writer.close()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        run = context(f"https://127.0.0.1:{port}")
        async with User(HttpProtocol(HttpProtocol.Options.parse(CLIENTS[client]), run)) as user:
            user.start(user.call({"url": "/"}))
            async with asyncio.timeout(60):
                await hello.wait()
            user.session.abort("Timeout")
            aborted = await user.ended()
            user.start(user.call({"url": "/"}, timeout_s=0.2))
            timed_out = await user.ended()
    hung = ("Timeout", f"no end of the TLS handshake with 127.0.0.1:{port} in time", False)
    assert (aborted.failure, aborted.sent) == ("Timeout", False)
    assert aborted.message == hung[1] or (client == "libcurl" and "end of the TLS handshake" in aborted.message)
    assert (timed_out.failure, timed_out.message, timed_out.sent) == hung
