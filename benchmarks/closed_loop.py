"""Users of one protocol plugin without an engine around them, and how a load of any kind is measured."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Sequence
from functools import partial
from typing import Any

from benchmarks.rounds import SECONDS
from benchmarks.rounds import Contender
from perfsvc.plugin import Protocol
from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Session
from perfsvc.plugin import Template

USERS = 50
WARM_UP_S = 0.5
TIMEOUT_NS = 5_000_000_000

Step = tuple[dict[str, Any], ReplyParts]
Close = Callable[[], Awaitable[None]]


class Count:
    """What all users did."""

    def __init__(self) -> None:
        self.requests = 0
        self.failures = 0
        self.stopped = False


async def plugin(protocol: type[Protocol], url: str, steps: Sequence[Step], count: Count, **options: Any) -> Close:
    """Started users of a plugin, each going through the steps over and over; gives what closes them."""
    resolve = partial(asyncio.get_running_loop().getaddrinfo, type=socket.SOCK_STREAM)
    context = RunContext(url, {}, Template, time.perf_counter_ns, resolve)
    made = protocol(protocol.Options.parse(options), context)
    calls = [made.compile(protocol.Request.parse(request), TIMEOUT_NS, reads) for request, reads in steps]
    sessions = [user(made, calls, number, count) for number in range(USERS)]

    async def close() -> None:
        for session in sessions:
            await session.close()
        await made.close()

    return close


def user(protocol: Protocol, calls: Sequence[Any], number: int, count: Count) -> Session:
    """A started session; each request is begun from within the last one's ``done``."""
    position = 0

    def done(reply: Reply) -> None:
        nonlocal position
        count.requests += 1
        count.failures += reply.failure is not None
        position = (position + 1) % len(calls)
        if not count.stopped:
            session.start(calls[position])

    session = protocol.session(Scope(number, seed=1), done)
    session.start(calls[0])
    return session


async def measured(start: Callable[[Count], Awaitable[Close]]) -> str:
    """Requests per second, and microseconds of processor time for each; as JSON."""
    count = Count()
    close = await start(count)
    await asyncio.sleep(WARM_UP_S)
    before, cpu, begun = count.requests, time.process_time(), time.perf_counter()
    await asyncio.sleep(SECONDS)
    requests, elapsed = count.requests - before, time.perf_counter() - begun
    cpu = time.process_time() - cpu
    count.stopped = True
    await asyncio.sleep(0.1)
    await close()
    return json.dumps({"rate": requests / elapsed, "microseconds": cpu / requests * 1e6, "failures": count.failures})


def contender(name: str, module: str, *arguments: str, per_processor_second: bool = False) -> Contender:
    """A module as a process of its own, which prints what ``measured`` found.

    ``per_processor_second`` is for targets that are slower than the load: the clock would tell of the target.
    """

    def figure(output: str) -> float:
        found = json.loads(output)
        figures = f"{found['rate']:>10,.0f} req/s  {found['microseconds']:.2f} us each  {found['failures']:.0f} failed"
        print(f"    {figures}  {name}")
        return 1e6 / float(found["microseconds"]) if per_processor_second else float(found["rate"])

    return Contender(name, [sys.executable, "-m", module, *arguments], figure)
