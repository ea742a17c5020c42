"""HTTP/2 against a real nginx: what is said, and what the server's log says of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from perfsvc.plugin import ReplyParts
from perfsvc.plugin import TargetDenied
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.http import HttpProtocol
from tests.protocols.http2_peers import Http2Server
from tests.protocols.http_user import http_user
from tests.protocols.servers import ScriptedServer
from tests.protocols.servers import always
from tests.support.certificates import Authority
from tests.support.nginx import FILES
from tests.support.nginx import Nginx

pytestmark = pytest.mark.asyncio

NOT_THIS_ONE = "tlsv1 alert no application protocol"


def user_of(nginx: Nginx, authority: Authority, **options: Any) -> User:
    return http_user(nginx.http2_url, **{"ca": authority.ca_pem, "http_version": "2", **options})


async def protocol_of(user: User, **request: Any) -> str:
    outcome = await user.do({"url": "/protocol", **request})
    assert (outcome.status, outcome.failure) == (200, None), outcome.message
    return outcome.text.split("|")[0]


async def test_version_2_is_spoken(nginx: Nginx, authority: Authority):
    async with user_of(nginx, authority) as user:
        assert await protocol_of(user) == "HTTP/2.0"


async def test_version_2_is_insisted_on(nginx: Nginx, authority: Authority):
    async with http_user(nginx.tls_url, ca=authority.ca_pem, http_version="2") as user:
        outcome = await user.do({"url": "/protocol"})
        assert (outcome.status, outcome.failure, outcome.sent) == (0, f"TLS Error: {NOT_THIS_ONE}", False)


async def test_auto_takes_the_best_there_is(nginx: Nginx, authority: Authority):
    found = []
    for url in (nginx.http2_url, nginx.tls_url, nginx.url):
        async with http_user(url, ca=authority.ca_pem, http_version="auto") as user:
            found.append(await protocol_of(user))
    assert found == ["HTTP/2.0", "HTTP/1.1", "HTTP/1.1"]


async def test_a_step_may_choose(nginx: Nginx, authority: Authority):
    protocol = HttpProtocol(HttpProtocol.Options(ca=authority.ca_pem), context(nginx.http2_url))
    calls = [
        protocol.compile(HttpProtocol.Request.parse({"url": "/protocol", **step}), 10**10, ReplyParts(body=True))
        for step in ({}, {"http_version": 2}, {})
    ]
    async with User(protocol) as user:
        found = [(await user.do(call)).text.split("|")[0] for call in calls]
    assert found == ["HTTP/1.1", "HTTP/2.0", "HTTP/1.1"]


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/", 200, b"hello from nginx\n"),
        ("/empty", 204, b""),
        ("/status/404", 404, b"gone\n"),
        ("/files/big.txt", 200, FILES["big.txt"]),
        ("/gzip/page.txt", 200, FILES["page.txt"]),
    ],
)
async def test_replies_of_all_kinds(nginx: Nginx, authority: Authority, path: str, status: int, body: bytes):
    async with user_of(nginx, authority, compression=True) as user:
        for _ in range(3):
            outcome = await user.do({"url": path})
            assert (outcome.status, outcome.failure, outcome.body) == (status, None, body)
        head = await user.do({"url": path, "method": "HEAD"})
        assert (head.status, head.failure, head.body) == (status, None, b"")


async def test_what_the_server_made_of_it(nginx: Nginx, authority: Authority):
    headers = {"Host": "shop.example", "Authorization": "Bearer t"}
    async with user_of(nginx, authority) as user:
        await user.do({"url": "/login"})
        request = {"method": "POST", "url": "/headers", "headers": headers, "form": {"a": "b"}}
        for _ in range(2):
            outcome = await user.do(request)
            assert outcome.text == "POST|shop.example|Bearer t|session=abc|application/x-www-form-urlencoded\n"
        for method in ("PUT", "DELETE", "PATCH", "GET"):
            assert (await user.do({"method": method, "url": "/headers"})).text.startswith(f"{method}|localhost")


@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize(
    ("request_", "received"),
    [
        ({"method": "POST", "body": "twelve bytes"}, "POST|12|"),
        ({"method": "PUT", "json": {"n": 1}}, "PUT|7|"),
        ({"method": "POST"}, "POST|0|"),
        ({"method": "POST", "body": "twelve bytes", "expect_continue": True}, "POST|12|100-continue"),
    ],
)
async def test_bodies(nginx: Nginx, authority: Authority, version: str, request_: dict[str, Any], received: str):
    async with user_of(nginx, authority, http_version="auto") as user:
        outcome = await user.do({"url": "/received", "http_version": version, **request_})
        assert outcome.text == f"{received}\n"


async def test_redirects_are_followed_by_us(nginx: Nginx, authority: Authority):
    async with user_of(nginx, authority, follow_redirects=True) as user:
        outcome = await user.do({"method": "POST", "url": "/redirect/json", "body": "x"})
        assert (outcome.text, outcome.failure) == ('{"ok":true,"uri":"/json"}', None)
        assert (await user.do({"method": "POST", "url": "/keep-method", "body": "x"})).text.startswith("POST|")
        assert (await user.do({"url": "/loop"})).failure == "Too Many Redirects"


async def test_a_redirect_to_a_place_that_is_not_allowed(nginx: Nginx):
    asked = []

    async def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
        asked.append(host)
        if host == "127.0.0.2":
            raise TargetDenied("127.0.0.2 is not an allowed target")
        return await context().resolve(host, port)

    elsewhere = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:1/\r\nContent-Length: 0\r\n\r\n"
    async with ScriptedServer(always(elsewhere)) as server:
        options = HttpProtocol.Options(http_version="auto", follow_redirects=True)
        async with User(HttpProtocol(options, context(server.url)._replace(resolve=resolve))) as user:
            assert (await user.do({})).failure == "Target Denied"
    assert asked == ["127.0.0.1", "127.0.0.2"]


async def test_users_have_connections_of_their_own(nginx: Nginx, authority: Authority):
    async with asyncio.timeout(60):
        users = [user_of(nginx, authority) for _ in range(5)]
        one_run = users[0].protocol
        users = [User(one_run, number) for number in range(5)]
        seen = []
        for _ in range(3):
            outcomes = await asyncio.gather(*(user.do({"url": "/protocol"}) for user in users))
            seen.append([outcome.text.split("|")[1] for outcome in outcomes])
        for user in users:
            await user.session.close()
        await one_run.close()
    assert len(set(seen[0])) == 5
    assert seen[0] == seen[1] == seen[2]


async def test_users_may_share_connections(nginx: Nginx, authority: Authority):
    async with asyncio.timeout(60):
        one_run = user_of(nginx, authority, shared_connections=2).protocol
        users = [User(one_run, number) for number in range(20)]
        connections = set()
        for _ in range(3):
            outcomes = await asyncio.gather(*(user.do({"url": "/protocol"}) for user in users))
            assert {outcome.failure for outcome in outcomes} == {None}
            connections |= {outcome.text.split("|")[1] for outcome in outcomes}
        for user in users:
            await user.session.close()
        await one_run.close()
    assert 1 <= len(connections) <= 2


async def test_a_name_without_dns_leads_where_the_plan_says(nginx: Nginx, authority: Authority):
    port = int(nginx.http2_url.rpartition(":")[2])
    options = {"resolve": {f"shop.test:{port}": "127.0.0.1"}, "verify": False, "http_version": "2"}
    async with http_user(f"https://shop.test:{port}", **options) as user:
        assert (await user.do({"url": "/headers"})).text.startswith("GET|shop.test|")


async def test_users_come_from_different_addresses(nginx: Nginx, authority: Authority):
    one_run = user_of(nginx, authority, source_addresses=("127.0.0.8/30",)).protocol
    found = []
    for number in range(4):
        user = User(one_run, number)
        found.append((await user.do({"url": "/from"})).text)
        await user.session.close()
    await one_run.close()
    assert found == ["127.0.0.9\n", "127.0.0.10\n", "127.0.0.9\n", "127.0.0.10\n"]


async def test_keep_alive_off_opens_a_connection_for_each_request(nginx: Nginx, authority: Authority):
    async with user_of(nginx, authority, keep_alive=False) as user:
        outcomes = [await user.do({"url": "/protocol"}) for _ in range(3)]
    assert all(outcome.connected for outcome in outcomes)
    assert len({outcome.text.split("|")[1] for outcome in outcomes}) == 3


async def test_phases(authority: Authority):
    async with Http2Server(authority) as server, http_user(server.url, ca=authority.ca_pem, http_version="2") as user:
        first, second = await user.do({}), await user.do({})
    dns, connect, tls = first.connected
    assert dns > 0
    assert connect > 0
    assert tls > 0
    assert second.connected is None
    assert 0 < second.waiting_ns <= second.ended_ns - second.started_ns


async def test_over_ipv6():
    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nsix")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(hello, "::1", 0)
    port = server.sockets[0].getsockname()[1]
    for version in ("1.1", "auto"):
        async with http_user(f"http://[::1]:{port}", http_version=version) as user:
            assert (await user.do({})).text == "six"
    server.close()


@pytest.mark.parametrize("version", ["1.1", "2"])
async def test_client_certificates(nginx: Nginx, authority: Authority, version: str):
    certificate, key = (path.read_text() for path in authority.issue("client.example"))
    async with user_of(nginx, authority, http_version=version, certificate=certificate, key=key) as user:
        assert (await user.do({"url": "/client"})).text == "SUCCESS|CN=client.example\n"
    async with user_of(nginx, authority, http_version=version) as user:
        assert (await user.do({"url": "/client"})).text == "NONE|\n"


@pytest.mark.parametrize("version", ["1.1", "2"])
async def test_each_user_may_show_a_certificate_of_its_own(nginx: Nginx, authority: Authority, version: str):
    options = {"certificate": "{{certificate}}", "key": "{{key}}", "http_version": version}
    one_run = user_of(nginx, authority, **options).protocol
    for name in ("anna.example", "bert.example"):
        user = User(one_run)
        paths = authority.issue(name)
        user.scope.variables.update(zip(("certificate", "key"), (path.read_text() for path in paths), strict=True))
        assert (await user.do({"url": "/client"})).text == f"SUCCESS|CN={name}\n"
        await user.session.close()
    await one_run.close()


@pytest.mark.parametrize("version", ["1.1", "2"])
async def test_certificates_are_verified(nginx: Nginx, version: str):
    async with http_user(nginx.http2_url, http_version=version) as user:
        outcome = await user.do({"url": "/"})
        assert outcome.failure in (
            "TLS Error: self-signed certificate in certificate chain",
            "TLS Error: unable to get local issuer certificate",
        )
        assert not outcome.sent


@pytest.mark.parametrize("version", ["1.1", "2"])
async def test_a_certificate_for_another_name(nginx: Nginx, authority: Authority, version: str):
    async with user_of(nginx, authority, http_version=version) as user:
        url = nginx.http2_url.replace("localhost", "127.0.0.1")
        assert (await user.do({"url": url})).failure == "TLS Error: hostname mismatch"


@pytest.mark.parametrize("version", ["1.1", "2"])
async def test_replies_that_are_too_large(nginx: Nginx, authority: Authority, version: str):
    size = len(FILES["page.txt"])
    async with user_of(nginx, authority, http_version=version, max_response_bytes=size) as user:
        assert (await user.do({"url": "/files/page.txt"})).failure is None
        outcome = await user.do({"url": "/files/big.txt"})
        assert (outcome.status, outcome.failure) == (0, "Response Too Large")
        assert (await user.do({"url": "/files/page.txt"})).failure is None
