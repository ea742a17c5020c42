"""The HTTP plugin alone, without an engine around it, beside wrk: how much of the budget the client takes.

``python -m benchmarks.http_client`` compares; with a URL it is the load that is compared.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import uvloop

from benchmarks.rounds import SECONDS
from benchmarks.rounds import TARGET_CORE
from benchmarks.rounds import Contender
from benchmarks.rounds import compare
from benchmarks.target import nginx
from perfsvc.plugin import Reads
from perfsvc.plugin import Reply
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Session
from perfsvc.plugin import Template
from perfsvc_protocols.http import HttpProtocol

SESSIONS = 50
WARM_UP_S = 0.5
TIMEOUT_NS = 5_000_000_000

Step = tuple[dict[str, Any], Reads]

SCENES: dict[str, list[Step]] = {
    "one step": [({"url": "/"}, Reads())],
    "template": [({"url": "/item/{{$randomInt(1,9)}}"}, Reads())],
    "body read": [({"url": "/"}, Reads(body=True))],
    "two steps": [({"url": "/"}, Reads()), ({"url": "/", "headers": {"X-Step": "2"}}, Reads(headers=True, body=True))],
}


class Count:
    """What all sessions did."""

    def __init__(self) -> None:
        self.requests = 0
        self.failures = 0
        self.stopped = False


def closed_loop(protocol: HttpProtocol, steps: Sequence[Step], number: int, count: Count) -> Session:
    """A started session that goes through the steps over and over, each request from within the last one's ``done``."""
    calls = [protocol.compile(HttpProtocol.Request.parse(request), TIMEOUT_NS, reads) for request, reads in steps]
    position = 0

    def done(reply: Reply) -> None:
        nonlocal position
        count.requests += 1
        if reply.failure is not None or reply.status != 200:
            count.failures += 1
        position = (position + 1) % len(calls)
        if not count.stopped:
            session.start(calls[position])

    session = protocol.session(Scope(number, seed=1), done)
    session.start(calls[0])
    return session


async def load(url: str, scene: str) -> dict[str, float]:
    """Requests per second, and microseconds of processor time for each."""
    loop = asyncio.get_running_loop()
    resolve = partial(loop.getaddrinfo, type=socket.SOCK_STREAM)
    protocol = HttpProtocol(HttpProtocol.Options(), RunContext(url, {}, Template, time.perf_counter_ns, resolve))
    count = Count()
    sessions = [closed_loop(protocol, SCENES[scene], number, count) for number in range(SESSIONS)]
    await asyncio.sleep(WARM_UP_S)
    before, cpu, begun = count.requests, time.process_time(), time.perf_counter()
    await asyncio.sleep(SECONDS)
    requests, elapsed = count.requests - before, time.perf_counter() - begun
    cpu = time.process_time() - cpu
    count.stopped = True
    await asyncio.sleep(0.1)
    for session in sessions:
        await session.close()
    return {"rate": requests / elapsed, "microseconds": cpu / requests * 1e6, "failures": count.failures}


def plugin(url: str, scene: str) -> Contender:
    """This module as a process of its own; its time per request goes to the terminal."""
    return Contender(f"plugin, {scene}", [sys.executable, "-m", "benchmarks.http_client", url, scene], figure)


def figure(output: str) -> float:
    """The rate, after the rest was shown."""
    found = json.loads(output)
    print(f"    {found['rate']:>10,.0f} req/s  {found['microseconds']:.2f} us/request  {found['failures']:.0f} failed")
    return float(found["rate"])


def wrk(url: str) -> Contender:
    """wrk with one thread."""
    command = ["wrk", "-t1", f"-c{SESSIONS}", f"-d{SECONDS}s", url]
    return Contender("wrk -t1", command, lambda out: float(re.search(r"Requests/sec:\s*([\d.]+)", out)[1]))  # type: ignore[index]


def main() -> None:
    """Every scene beside wrk."""
    with nginx(core=TARGET_CORE) as url:
        for scene in SCENES:
            compare(f"HTTP plugin: {scene}, {SESSIONS} connections", [plugin(url, scene), wrk(url + "/")], rounds=3)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(uvloop.run(load(*sys.argv[1:]))))
    else:
        main()
