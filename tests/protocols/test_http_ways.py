"""What only libcurl does: proxies, digest authentication, bodies from files, asking before sending."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import ssl
from pathlib import Path
from typing import Any

import psutil
import pytest

from perfsvc.errors import InvalidInput
from perfsvc.plugin import TargetDenied
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.http import HttpProtocol
from tests.protocols.http_user import http_user
from tests.protocols.proxies import Proxy
from tests.protocols.proxies import Socks
from tests.protocols.servers import OK
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer
from tests.protocols.servers import always
from tests.support.certificates import Authority
from tests.support.nginx import Nginx

pytestmark = pytest.mark.asyncio

MIB = 1024 * 1024


# Proxies


async def test_a_proxy_is_shown_plain_requests():
    async with ScriptedServer(always()) as server, Proxy() as proxy:
        async with http_user(server.url, proxy={"url": f"http://127.0.0.1:{proxy.port}"}) as user:
            outcome = await user.do({"url": "/a?b=c"})
            assert (outcome.status, outcome.failure, outcome.body) == (200, None, b"ok")
        assert proxy.asked == [f"GET {server.url}/a?b=c HTTP/1.1"]


async def test_a_tunnel_leads_to_the_address_that_was_allowed(nginx: Nginx, authority: Authority):
    port = nginx.http2_url.rpartition(":")[2]
    options = {"http_version": "2", "ca": authority.ca_pem, "resolve": {f"localhost:{port}": "127.0.0.1"}}
    async with Proxy() as proxy:
        proxied = {"proxy": {"url": f"http://127.0.0.1:{proxy.port}"}}
        async with http_user(nginx.http2_url, **options, **proxied) as user:
            for _ in range(2):
                assert (await user.do({"url": "/protocol"})).text.startswith("HTTP/2.0|")
        assert proxy.asked == [f"CONNECT 127.0.0.1:{port} HTTP/1.1"]


async def test_a_proxy_over_tls(authority: Authority):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.issue("localhost"))
    async with ScriptedServer(always()) as server, Proxy(tls) as proxy:
        proxied = {"proxy": {"url": f"https://localhost:{proxy.port}"}, "ca": authority.ca_pem}
        async with http_user(server.url, **proxied, resolve={f"localhost:{proxy.port}": "127.0.0.1"}) as user:
            outcome = await user.do({})
            assert (outcome.status, outcome.failure) == (200, None), outcome.message
        assert len(proxy.asked) == 1


async def test_a_socks_proxy():
    async with ScriptedServer(always()) as server, Socks() as proxy:
        async with http_user(server.url, proxy={"url": f"socks5://127.0.0.1:{proxy.port}"}) as user:
            assert (await user.do({})).body == b"ok"
        assert proxy.asked == [f"127.0.0.1:{server.port}"]


async def test_a_proxy_that_wants_credentials():
    wanted = b"Proxy-Authorization: Basic " + base64.b64encode(b"anna:secret")
    async with ScriptedServer(always()) as server, Proxy(credentials=wanted) as proxy:
        url = {"url": f"http://127.0.0.1:{proxy.port}"}
        async with http_user(server.url, proxy={**url, "username": "{{who}}", "password": "secret"}) as user:
            user.scope.variables["who"] = "anna"
            outcome = await user.do({})
            assert (outcome.status, outcome.failure) == (200, None)
            assert "secret" not in outcome.excerpt.request
            assert b"c2VjcmV0" not in server.requests[0]
            assert "secret" not in repr(user.protocol.options)


async def test_a_proxy_that_refuses(nginx: Nginx):
    async with (
        Proxy(credentials=b"nobody has this") as proxy,
        http_user(nginx.tls_url, proxy={"url": f"http://127.0.0.1:{proxy.port}"}, verify=False) as user,
    ):
        assert (await user.do({})).failure == "Proxy Error: 407"


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1"])
async def test_proxies_and_what_is_behind_them_must_be_allowed(host: str):
    async def resolve(name: str, port: int) -> list[tuple[Any, ...]]:
        if name == host:
            raise TargetDenied(f"{name} is not an allowed target")
        return await context().resolve(name, port)

    async with Proxy() as proxy:
        options = HttpProtocol.Options.parse({"proxy": {"url": f"http://127.0.0.1:{proxy.port}"}})
        async with User(HttpProtocol(options, context("http://10.0.0.1:80")._replace(resolve=resolve))) as user:
            assert (await user.do({})).failure == "Target Denied"
        assert proxy.asked == []


async def test_the_environment_of_this_process_names_no_proxy(monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with ScriptedServer(always()) as server, http_user(server.url, http_version="auto") as user:
        assert (await user.do({})).status == 200


@pytest.mark.parametrize("url", ["127.0.0.1:1", "ftp://a:1", "http://u:p@a:1", "http://a", "http://a:1/path"])
async def test_what_is_no_proxy(url: str):
    with pytest.raises(InvalidInput) as raised:
        HttpProtocol.Options.parse({"proxy": {"url": url}})
    assert [problem.path for problem in raised.value.problems] == ["proxy.url"]


# Digest


def digest(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode()).hexdigest()


async def guard(peer: Peer) -> None:
    """Lets in who proves to know the password (RFC 7616, MD5)."""
    while True:
        request = (await peer.request()).decode()
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', request))
        method, uri, _ = request.split(" ", 2)
        proof = digest(
            digest("anna", "shop", "secret"),
            said.get("nonce", ""),
            said.get("nc", ""),
            said.get("cnonce", ""),
            "auth",
            digest(method, uri),
        )
        if said.get("response") == proof:
            await peer.send(OK)
        else:
            ask = b'WWW-Authenticate: Digest realm="shop", nonce="n1", qop="auth", algorithm=MD5\r\n'
            await peer.send(b"HTTP/1.1 401 Who\r\n" + ask + b"Content-Length: 4\r\n\r\nwho?")


def digest_call(user: User, password: str = "{{password}}") -> Any:
    return user.call({"url": "/vault", "auth": {"type": "digest", "username": "anna", "password": password}})


async def test_digest_authentication():
    async with ScriptedServer(guard) as server:
        protocol = HttpProtocol(HttpProtocol.Options(), context(server.url))
        call = digest_call(User(protocol))
        async with User(protocol) as user:
            user.scope.variables["password"] = "secret"
            first, second = await user.do(call), await user.do(call)
            assert (first.status, first.body, first.failure) == (200, b"ok", None)
            assert (second.status, second.body) == (200, b"ok")
            assert len(server.requests) == 3, "the first request was to learn the nonce, the third one knew it"
            user.scope.variables["password"] = "wrong"
            assert (await user.do(call)).status == 401
            assert server.connections == 1


async def test_digest_credentials_do_not_follow_a_redirect_to_elsewhere():
    async with ScriptedServer(always()) as other:
        there = f"http://localhost:{other.port}/"
        moved = f"HTTP/1.1 302 Found\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n".encode()
        async with ScriptedServer(always(moved)) as server:
            protocol = HttpProtocol(HttpProtocol.Options(follow_redirects=True), context(server.url))
            call = digest_call(User(protocol), "secret")
            async with User(protocol) as user:
                assert (await user.do(call)).status == 200
        assert b"uthorization" not in other.requests[0]


# Bodies from files


def uploading(tmp_path: Path, url: str) -> HttpProtocol:
    def find(name: str) -> Path:
        path = tmp_path / name
        if not path.is_file():
            raise InvalidInput.at("file", "没有", f"there is no file {name}")
        return path

    return HttpProtocol(HttpProtocol.Options(), context(url)._replace(file=find))


async def test_a_file_is_sent_as_it_is_read(nginx: Nginx, tmp_path: Path):
    size = 48 * MIB
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(size)
    protocol = uploading(tmp_path, nginx.url)
    call = User(protocol).call({"method": "POST", "url": "/received", "body_file": "large.bin"})
    async with User(protocol) as user:
        before = psutil.Process().memory_info().rss
        for _ in range(3):
            outcome = await user.do(call)
            assert (outcome.text, outcome.failure) == (f"POST|{size}|\n", None), outcome.message
            assert size < outcome.bytes_sent < size + 200
            assert outcome.counters is None
        assert psutil.Process().memory_info().rss - before < size // 4


async def test_the_name_of_a_file_may_vary(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"first")
    (tmp_path / "b").write_bytes(b"second one")
    async with ScriptedServer(always()) as server:
        protocol = uploading(tmp_path, server.url)
        call = User(protocol).call({"method": "PUT", "body_file": "{{name}}"})
        async with User(protocol) as user:
            for name in ("a", "b"):
                user.scope.variables["name"] = name
                assert (await user.do(call)).status == 200
            user.scope.variables["name"] = "c"
            for _ in range(2):
                with pytest.raises(Exception, match="there is no file c"):
                    user.start(call)
            user.scope.variables["name"] = "a"
            assert (await user.do(call)).status == 200
        bodies = [request.partition(b"\r\n\r\n")[2] for request in server.requests]
        assert bodies == [b"first", b"second one", b"first"]
        assert server.requests[0].startswith(b"PUT / HTTP/1.1\r\n")


async def test_a_file_that_is_not_there_is_reported_before_the_run(tmp_path: Path):
    user = User(uploading(tmp_path, "http://127.0.0.1:1"))
    with pytest.raises(InvalidInput) as raised:
        user.call({"method": "POST", "body_file": "nothing"})
    assert [(problem.path, problem.text.en) for problem in raised.value.problems] == [
        ("body_file", "there is no file nothing")
    ]


async def test_a_file_goes_along_where_a_redirect_keeps_the_body(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"kept")
    moved = b"HTTP/1.1 307 There\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(moved)
        await always()(peer)

    async with ScriptedServer(script) as server:
        protocol = uploading(tmp_path, server.url)
        call = User(protocol).call({"method": "POST", "body_file": "a", "follow_redirects": True})
        async with User(protocol) as user:
            assert (await user.do(call)).status == 200
        assert [request.partition(b"\r\n\r\n")[2] for request in server.requests] == [b"kept", b"kept"]


# Asking before sending


async def test_the_body_waits_for_the_go_ahead():
    seen = []

    async def script(peer: Peer) -> None:
        head = await peer._reader.readuntil(b"\r\n\r\n")
        seen.append(head)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                seen.append(await peer.some())
        await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        seen.append(await peer.some())
        await peer.send(OK)
        await peer.gone()

    async with ScriptedServer(script) as server:
        protocol = HttpProtocol(HttpProtocol.Options(), context(server.url))
        call = User(protocol).call({"method": "POST", "body": "please", "expect_continue": True})
        async with User(protocol) as user:
            outcome = await user.do(call)
            assert (outcome.status, outcome.body) == (200, b"ok")
    assert b"\r\nExpect: 100-continue\r\n" in seen[0]
    assert seen[1:] == [b"please"]


@pytest.mark.parametrize("client", ["ours", "libcurl"])
@pytest.mark.parametrize("size", [0, 5, 5000, 300_000])
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_bytes_are_counted_once(method: str, size: int, client: str):
    options = {"http_version": "auto"} if client == "libcurl" else {}
    async with ScriptedServer(always()) as server, http_user(server.url, **options) as user:
        outcome = await user.do({"method": method, "body": "x" * size})
        whole = len(server.requests[0].partition(b"\r\n\r\n")[0]) + 4 + size
        assert (outcome.bytes_sent, outcome.counters) == (whole, None)
