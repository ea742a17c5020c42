"""Cookies: which are taken, where they go, when they end."""

from __future__ import annotations

import pytest

from perfsvc_protocols._net.address import parse
from perfsvc_protocols._net.cookies import MAX_COOKIES
from perfsvc_protocols._net.cookies import CookieJar
from tests.protocols.http_user import http_user
from tests.protocols.servers import OK
from tests.protocols.servers import ScriptedServer
from tests.protocols.servers import answering

NOW = 1_700_000_000.0
"""2023-11-14T22:13:20Z"""


class Time:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def sent(url_set: str, lines: list[str], url_get: str, after: float = 0.0) -> str:
    """What a request carries some seconds after a reply has set cookies."""
    time = Time()
    jar = CookieJar(time)
    for line in lines:
        jar.take(line, *parse(url_set))
    time.now += after
    return jar.header(*parse(url_get)).decode()


@pytest.mark.parametrize(
    ("set_at", "line", "get_at", "expected"),
    [
        ("http://h/", "a=b", "http://h/x/y", "a=b"),
        ("http://h/", " a = b ; Path=/", "http://h/", "a=b"),
        ("http://h/", "a=", "http://h/", "a="),
        ("http://h/", 'a="b=c"', "http://h/", 'a="b=c"'),
        ("http://h/", "a=b; HttpOnly; SameSite=Lax", "http://h/", "a=b"),
        ("http://h/", "a", "http://h/", ""),
        ("http://h/", "=b", "http://h/", ""),
        ("http://h/", "", "http://h/", ""),
        ("http://h/", "a=" + "x" * 5000, "http://h/", ""),
        # Who
        ("http://h/", "a=b", "http://other/", ""),
        ("http://h.example/", "a=b", "http://sub.h.example/", ""),
        ("http://h.example/", "a=b; Domain=h.example", "http://sub.h.example/", "a=b"),
        ("http://h.example/", "a=b; Domain=.H.Example", "http://sub.h.example/", "a=b"),
        ("http://h.example/", "a=b; Domain=h.example", "http://noth.example/", ""),
        ("http://sub.h.example/", "a=b; Domain=h.example", "http://h.example/", "a=b"),
        ("http://h.example/", "a=b; Domain=sub.h.example", "http://h.example/", ""),
        ("http://h.example/", "a=b; Domain=other.example", "http://h.example/", ""),
        ("http://h.example/", "a=b; Domain=example", "http://h.example/", ""),
        ("http://localhost/", "a=b; Domain=localhost", "http://localhost/", "a=b"),
        ("http://127.0.0.1/", "a=b; Domain=0.0.1", "http://127.0.0.1/", ""),
        ("http://127.0.0.1:1/", "a=b", "http://127.0.0.1:2/", "a=b"),
        # Where
        ("http://h/x/y", "a=b", "http://h/x/z", "a=b"),
        ("http://h/x/y", "a=b", "http://h/z", ""),
        ("http://h/x/y?/z/", "a=b", "http://h/x", "a=b"),
        ("http://h/", "a=b; Path=/x", "http://h/x", "a=b"),
        ("http://h/", "a=b; Path=/x", "http://h/x/y?z", "a=b"),
        ("http://h/", "a=b; Path=/x", "http://h/xy", ""),
        ("http://h/", "a=b; Path=/x/", "http://h/x/y", "a=b"),
        ("http://h/x/y", "a=b; Path=relative", "http://h/x/z", "a=b"),
        # How
        ("https://h/", "a=b; Secure", "https://h/", "a=b"),
        ("https://h/", "a=b; secure", "http://h/", ""),
        # Until when
        ("http://h/", "a=b; Max-Age=0", "http://h/", ""),
        ("http://h/", "a=b; Max-Age=-5", "http://h/", ""),
        ("http://h/", "a=b; Max-Age=60", "http://h/", "a=b"),
        ("http://h/", "a=b; Max-Age=9999999999999999999999", "http://h/", "a=b"),
        ("http://h/", "a=b; Max-Age=x", "http://h/", "a=b"),
        ("http://h/", "a=b; Expires=Tue, 14 Nov 2023 22:13:19 GMT", "http://h/", ""),
        ("http://h/", "a=b; Expires=Tue, 14-Nov-2023 22:13:21 GMT", "http://h/", "a=b"),
        ("http://h/", "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", "http://h/", "a=b"),
        ("http://h/", "a=b; Expires=nonsense", "http://h/", "a=b"),
        ("http://h/", "a=b; Expires=Tue, 14 Nov 99999999999 22:13:21 GMT", "http://h/", "a=b"),
    ],
)  # fmt: skip
def test_one_cookie(set_at: str, line: str, get_at: str, expected: str):
    assert sent(set_at, [line], get_at) == expected


def test_a_cookie_ends_in_its_time():
    assert sent("http://h/", ["a=b; Max-Age=60"], "http://h/", after=59.9) == "a=b"
    assert sent("http://h/", ["a=b; Max-Age=60"], "http://h/", after=60.0) == ""


def test_longer_paths_go_first():
    lines = ["a=1; Path=/", "b=2; Path=/x", "c=3; Path=/x/y", "d=4; Path=/x"]
    assert sent("http://h/", lines, "http://h/x/y") == "c=3; b=2; d=4; a=1"


def test_a_cookie_is_replaced_and_taken_back():
    assert sent("http://h/", ["a=1", "b=2", "a=3"], "http://h/") == "a=3; b=2"
    assert sent("http://h/", ["a=1", "b=2", "a=; Max-Age=0"], "http://h/") == "b=2"
    assert sent("http://h/", ["a=1; Path=/x", "a=; Max-Age=0"], "http://h/x") == "a=1"


def test_the_jar_is_bounded():
    jar = CookieJar(Time())
    for number in range(MAX_COOKIES + 5):
        jar.take(f"c{number}=x", *parse("http://h/"))
    assert len(jar) == MAX_COOKIES
    assert jar.header(*parse("http://h/")).startswith(b"c5=x; c6=x")


@pytest.mark.asyncio
@pytest.mark.parametrize("name", [b"Set-Cookie", b"set-cookie", b"SET-COOKIE", b"sEt-CooKie"])
async def test_cookies_come_back(name: bytes):
    reply = b"HTTP/1.1 200 OK\r\n%b: a=1\r\n%b: b=2; Path=/x\r\nContent-Length: 2\r\n\r\nok" % (name, name)
    async with ScriptedServer(answering(reply, OK, OK)) as server, http_user(server.url) as user:
        await user.do({})
        await user.do({"url": "/x", "headers": {"X-Test": "1"}})
        await user.do({"method": "POST", "body": "hello", "headers": {"Cookie": "mine=1"}})
        assert server.requests[1].endswith(b"\r\nX-Test: 1\r\nCookie: b=2; a=1\r\n\r\n")
        assert server.requests[2].endswith(b"\r\nCookie: mine=1\r\nContent-Length: 5\r\n\r\nhello")


@pytest.mark.asyncio
async def test_cookies_before_a_body():
    reply = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\nok"
    async with ScriptedServer(answering(reply, OK)) as server, http_user(server.url) as user:
        await user.do({})
        outcome = await user.do({"method": "POST", "json": [1]})
        assert server.requests[1].endswith(b"\r\nContent-Length: 3\r\nCookie: a=1\r\n\r\n[1]")
        assert outcome.bytes_sent == len(server.requests[1])
        assert "Cookie: a=1" in outcome.excerpt.request


@pytest.mark.asyncio
async def test_a_cookie_in_a_reply_like_the_one_before():
    plain = b"HTTP/1.1 200 OK\r\nX-Filling0: a=%d\r\nContent-Length: 2\r\n\r\nok"
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=%d\r\nContent-Length: 2\r\n\r\nok"
    replies = [plain % 1, cookie % 2, cookie % 2, cookie % 3, plain % 1, plain % 1, cookie % 4, OK]
    async with ScriptedServer(answering(*replies)) as server, http_user(server.url) as user:
        call = user.call({})
        for _ in replies:
            await user.do(call)
        carried = [request.partition(b"Cookie: ")[2][:3] for request in server.requests]
        assert carried == [b"", b"", b"a=2", b"a=2", b"a=3", b"a=3", b"a=3", b"a=4"]


@pytest.mark.asyncio
async def test_cookies_of_each_user_are_its_own():
    reply = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\nok"
    async with ScriptedServer(answering(reply, OK, OK)) as server:
        async with http_user(server.url) as one, http_user(server.url) as two:
            await one.do({})
            await two.do({})
            await one.do({})
        assert [b"Cookie: a=1" in request for request in server.requests] == [False, False, True]


@pytest.mark.asyncio
async def test_no_cookies_when_none_are_wanted():
    reply = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\nok"
    async with ScriptedServer(answering(reply, OK)) as server, http_user(server.url, cookies=False) as user:
        await user.do({})
        await user.do({})
        assert b"Cookie" not in server.requests[1]
