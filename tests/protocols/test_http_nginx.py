"""Against a real nginx: what the client says it did is what the server's log says it did."""

from __future__ import annotations

import asyncio
import gc
import resource
from pathlib import Path

import psutil
import pytest

from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin.testing import LIMIT_S
from perfsvc.plugin.testing import User
from tests.protocols.http_user import http_user
from tests.support.certificates import Authority
from tests.support.nginx import FILES
from tests.support.nginx import Nginx

pytestmark = pytest.mark.asyncio


class Loop:
    """Users that send one call after the other until enough replies have come."""

    def __init__(self, total: int) -> None:
        self.left = total
        self.running = 0
        self.replies = 0
        self.sent = self.received = 0
        self.outcomes: set[tuple[int, str | None]] = set()
        self.ended = asyncio.Event()

    def add(self, user: User, url: str) -> None:
        call = user.call({"url": url}, ReplyParts())
        session = user.protocol.session(user.scope, self._done)
        user.session, self_start = session, session.start

        def go_on() -> None:
            if self.left:
                self.left -= 1
                self_start(call)
            else:
                self.running -= 1
                if not self.running:
                    self.ended.set()

        session.done = lambda reply: (self._done(reply), go_on())
        self.running += 1
        go_on()

    def _done(self, reply: Reply) -> None:
        self.replies += 1
        self.sent += reply.bytes_sent
        self.received += reply.bytes_received
        self.outcomes.add((reply.status, reply.failure))


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/", 200, b"hello from nginx\n"),
        ("/empty", 204, b""),
        ("/status/404", 404, b"gone\n"),
        ("/status/503", 503, b"busy\n"),
        ("/files/big.txt", 200, FILES["big.txt"]),
        ("/chunked/page.txt", 200, FILES["page.txt"]),
        ("/gzip/page.txt", 200, FILES["page.txt"]),
        ("/close", 200, b"bye\n"),
    ],
)
async def test_replies_of_all_kinds(nginx: Nginx, path: str, status: int, body: bytes):
    async with http_user(nginx.url, compression=True) as user:
        for _ in range(3):
            outcome = await user.do({"url": path})
            assert (outcome.status, outcome.failure, outcome.body) == (status, None, body)
        head = await user.do({"url": path, "method": "HEAD"})
        assert (head.status, head.failure, head.body) == (status, None, b"")


async def test_compressed_replies_are_smaller_on_the_wire(nginx: Nginx):
    async with http_user(nginx.url, compression=True) as user:
        outcome = await user.do({"url": "/gzip/page.txt"})
        assert outcome.bytes_received < len(outcome.body) == len(FILES["page.txt"])


async def test_over_tls(nginx: Nginx, authority: Authority):
    async with http_user(nginx.tls_url, ca=authority.ca_pem) as user:
        first = await user.do({"url": "/files/big.txt"})
        assert (first.status, first.failure, first.body) == (200, None, FILES["big.txt"])
        assert min(first.connected[1:]) > 0
        second = await user.do({"url": "/json"})
        assert (second.text, second.connected) == ('{"ok":true,"uri":"/json"}', None)


async def test_what_the_server_made_of_it(nginx: Nginx):
    headers = {"Host": "shop.example", "Authorization": "Bearer t"}
    async with http_user(nginx.url) as user:
        await user.do({"url": "/login"})
        outcome = await user.do({"method": "POST", "url": "/headers", "headers": headers, "form": {"a": "b"}})
        assert outcome.text == "POST|shop.example|Bearer t|session=abc|application/x-www-form-urlencoded\n"


@pytest.mark.parametrize(
    ("path", "line"), [("/redirect/json", '{"ok":true,"uri":"/json"}'), ("/keep-method", "POST|127.0.0.1||")]
)
async def test_redirects(nginx: Nginx, path: str, line: str):
    async with http_user(nginx.url, follow_redirects=True) as user:
        assert (await user.do({"method": "POST", "url": path, "body": "x"})).text.startswith(line)
        assert (await user.do({"url": "/loop"})).failure == "Too Many Redirects"


async def test_every_request_is_in_the_log(own_nginx: Nginx):
    total, users = 5_000, 20
    loop = Loop(total)
    async with asyncio.timeout(LIMIT_S):
        everybody = [http_user(own_nginx.url) for _ in range(users)]
        for number, user in enumerate(everybody):
            loop.add(user, "/status/404" if number % 4 == 0 else "/")
        await loop.ended.wait()
    for user in everybody:
        await user.session.close()
    log = own_nginx.log_of(total)
    assert (loop.replies, len(log)) == (total, total)
    assert loop.outcomes == {(200, None), (404, None)}
    assert loop.sent == sum(line.received for line in log)
    assert loop.received == sum(line.sent for line in log)
    assert len({line.connection for line in log}) == users


async def test_without_keep_alive_each_request_has_its_connection(own_nginx: Nginx):
    loop = Loop(500)
    everybody = [http_user(own_nginx.url, keep_alive=False) for _ in range(5)]
    async with asyncio.timeout(LIMIT_S):
        for user in everybody:
            loop.add(user, "/")
        await loop.ended.wait()
    for user in everybody:
        await user.session.close()
    log = own_nginx.log_of(500)
    assert loop.outcomes == {(200, None)}
    assert len({line.connection for line in log}) == 500


async def test_a_server_that_stops_under_load(tmp_path: Path):
    with Nginx(tmp_path) as server:
        loop = Loop(20_000)
        everybody = [http_user(server.url) for _ in range(10)]
        async with asyncio.timeout(LIMIT_S):
            for user in everybody:
                loop.add(user, "/")
            while loop.replies < 1_000:
                await asyncio.sleep(0.001)
            await asyncio.get_running_loop().run_in_executor(None, server.stop)
            await loop.ended.wait()
        for user in everybody:
            await user.session.close()
    assert loop.replies == 20_000
    failures = {failure for _, failure in loop.outcomes if failure}
    assert "Connection Error: refused" in failures
    assert failures <= {"Connection Error: refused", "Connection Error: reset", "Connection Error: closed early"}


async def test_a_user_with_a_connection_of_its_own_takes_little_memory(own_nginx: Nginx):
    """12 KB at most, so that 10,000 take 120 MB."""
    users = 1_500
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    protocol = http_user(own_nginx.url).protocol
    memory_of = psutil.Process().memory_info
    gc.collect()
    before = memory_of().rss
    everybody = [User(protocol, vu) for vu in range(users)]
    call = everybody[0].call({"url": "/"}, ReplyParts())
    for user in everybody:
        assert (await user.do(call)).status == 200
    gc.collect()
    assert (memory_of().rss - before) / users < 12_000
    for user in everybody:
        await user.session.close()
