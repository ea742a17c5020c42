"""Requests begun, given up and begun again while connections come and go: nothing is lost, and the loop survives it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import psutil
import pytest

from perfsvc.plugin import ABORTED
from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin.testing import User
from tests.protocols.http_user import http_user
from tests.support.certificates import Authority
from tests.support.nginx import Nginx

pytestmark = pytest.mark.asyncio

USERS = 20
REQUESTS = 15


async def turmoil(user: User, call: Any, numbers: random.Random, outcomes: Counter[str | None]) -> None:
    """One user that now and then aborts a request, and now and then begins again."""
    for _ in range(REQUESTS):
        ended = asyncio.Event()

        def done(reply: Reply, ended: asyncio.Event = ended) -> None:
            outcomes[reply.failure] += 1
            ended.set()

        user.session.done = done
        user.session.start(call)
        mood = numbers.random()
        if mood < 0.3:
            await asyncio.sleep(numbers.random() * 0.005)
            user.session.abort(ABORTED)
        async with asyncio.timeout(60):
            await ended.wait()
        if mood < 0.1 or mood > 0.9:
            user.session.reset()


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"http_version": "2"}, "/"),
        ({"http_version": "2", "keep_alive": False}, "/"),
        ({"http_version": "auto"}, "/close"),
        ({"http_version": "2", "shared_connections": 3}, "/"),
        ({"http_version": "2"}, "/files/page.txt"),
    ],
)
async def test_every_request_ends_once(nginx: Nginx, authority: Authority, options: dict[str, Any], path: str):
    numbers, outcomes = random.Random(1), Counter[str | None]()
    before = psutil.Process().num_fds()
    run = http_user(nginx.http2_url, ca=authority.ca_pem, **options).protocol
    users = [User(run, number) for number in range(USERS)]
    call = users[0].call({"url": path}, ReplyParts())
    await asyncio.gather(*(turmoil(user, call, numbers, outcomes) for user in users))
    for user in users:
        await user.session.close()
    await run.close()
    assert set(outcomes) <= {None, ABORTED}
    assert outcomes.total() == USERS * REQUESTS
    assert psutil.Process().num_fds() - before < 10
