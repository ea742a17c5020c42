"""HTTP/3 against aioquic."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.http import HttpProtocol
from perfsvc_protocols.http.curl import support
from tests.protocols.http3_peers import http3
from tests.protocols.http_user import http_user
from tests.support.certificates import Authority

FULL, RESUMED = {"tls_full_handshakes": 1}, {"tls_resumed": 1}


def user_of(url: str, authority: Authority, **options: Any) -> User:
    return http_user(url, **{"ca": authority.ca_pem, "http_version": "3", **options})


@pytest.mark.asyncio
async def test_version_3_is_spoken(authority: Authority):
    async with http3(authority) as server, user_of(server.url, authority, follow_redirects=True) as user:
        first = await user.do({"method": "POST", "url": "/first", "body": "x" * 5000})
        assert (first.status, first.failure, first.text) == (200, None, "POST /first 5000"), first.message
        assert first.connected is not None
        assert first.connected[1] > 0
        second = await user.do({"url": "/redirect"})
        assert (second.text, second.connected) == ("GET /there 0", None)
        assert 0 < second.waiting_ns <= second.ended_ns - second.started_ns
        assert server.requests == [("POST", "/first", 5000), ("GET", "/redirect", 0), ("GET", "/there", 0)]
        assert server.connections == 1


@pytest.mark.asyncio
async def test_auto_takes_version_3_where_it_is_offered(authority: Authority):
    async with http3(authority) as server, user_of(server.url, authority, http_version="auto") as user:
        assert (await user.do({"url": "/"})).failure is None
        assert server.connections == 1


@pytest.mark.asyncio
async def test_users_have_connections_of_their_own(authority: Authority):
    async with http3(authority) as server:
        one_run = user_of(server.url, authority).protocol
        users = [User(one_run, number) for number in range(5)]
        for _ in range(3):
            outcomes = await asyncio.gather(*(user.do({"url": "/"}) for user in users))
            assert {(outcome.status, outcome.failure) for outcome in outcomes} == {(200, None)}
        assert server.connections == 5
        for user in users:
            await user.session.close()
        await one_run.close()


@pytest.mark.asyncio
async def test_certificates_are_verified(authority: Authority):
    async with http3(authority) as server, http_user(server.url, http_version="3") as user:
        outcome = await user.do({"url": "/"})
        assert outcome.failure == "TLS Error: certificate not accepted"
        assert not outcome.sent


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("wanted", "kept", "resumed", "counters"),
    [
        (True, True, [False, True, True], [FULL, RESUMED, RESUMED]),
        (True, False, [False, False, False], [FULL, FULL, FULL]),
        (False, True, [False, False, False], [None, None, None]),
    ],
    ids=["resumed", "the server keeps no sessions", "not asked for"],
)
async def test_sessions_are_resumed_and_counted(
    wanted: bool, kept: bool, resumed: list[bool], counters: list[Any], authority: Authority
):
    sessions: dict[bytes, Any] = {}
    async with http3(authority, sessions=sessions if kept else None) as server:
        async with user_of(server.url, authority, keep_alive=False, session_resumption=wanted) as user:
            outcomes = [await user.do({"url": "/"}) for _ in resumed]
        assert [outcome.failure for outcome in outcomes] == [None] * 3
        assert server.resumed == resumed
        assert [outcome.counters for outcome in outcomes] == counters


@pytest.mark.asyncio
async def test_nobody_there(unused_udp_port: int, authority: Authority):
    async with user_of(f"https://127.0.0.1:{unused_udp_port}", authority) as user:
        outcome = await user.do({"url": "/"})
        assert (outcome.failure, outcome.sent) == ("Connection Error: refused", False)


@pytest.mark.parametrize(
    ("options", "url", "features", "path"),
    [
        ({"http_version": "3"}, "http://127.0.0.1:1/", None, "http_version"),
        ({"http_version": "3", "proxy": {"url": "http://127.0.0.1:1"}}, "https://127.0.0.1:1/", None, "http_version"),
        ({"http_version": "3"}, "https://127.0.0.1:1/", support.HTTP2, "http_version"),
        ({"http_version": "auto"}, "https://127.0.0.1:1/", 0, "http_version"),
    ],
)
def test_what_cannot_be_is_reported_before_the_run(
    options: dict[str, Any], url: str, features: int | None, path: str, monkeypatch: pytest.MonkeyPatch
):
    if features is not None:
        monkeypatch.setattr(support, "FEATURES", features)
    protocol = HttpProtocol(HttpProtocol.Options.parse(options), context(""))
    with pytest.raises(InvalidInput) as raised:
        User(protocol).call({"url": url})
    assert [problem.path for problem in raised.value.problems] == [path]


def test_without_pycurl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(support, "MISSING", True)
    for options, request in (({"http_version": "3"}, {}), ({}, {"http_version": "auto"})):
        user = User(HttpProtocol(HttpProtocol.Options.parse(options), context("https://127.0.0.1:1")))
        with pytest.raises(InvalidInput) as raised:
            user.call(request)
        assert [problem.text.en for problem in raised.value.problems] == ["needs pycurl, which is not installed here"]
