"""Drives a protocol as the engine does, one request at a time, and keeps what came of it."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from perfsvc.plugin import Call
from perfsvc.plugin import Excerpt
from perfsvc.plugin import Protocol
from perfsvc.plugin import Reads
from perfsvc.plugin import Reply
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Template

LIMIT_S = 20.0
SECOND = 1_000_000_000
EVERYTHING = Reads(headers=True, body=True)


class Outcome(NamedTuple):
    """A reply as it was inside ``done``."""

    status: int
    failure: str | None
    message: str
    sent: bool
    started_ns: int
    ended_ns: int
    waiting_ns: int
    connected: tuple[int, int, int] | None
    bytes_sent: int
    bytes_received: int
    body: bytes
    text: str
    excerpt: Excerpt
    headers: dict[str, str | None]


HEADERS = ("content-type", "content-length", "location", "x-test", "x-late")


def outcome_of(reply: Reply) -> Outcome:
    fields = [getattr(reply, name) for name in Outcome._fields[:10]]
    return Outcome(*fields, reply.body(), reply.text(), reply.excerpt(), {name: reply.header(name) for name in HEADERS})


async def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)


def context(base_url: str = "", headers: Mapping[str, str] | None = None, **constants: str) -> RunContext:
    return RunContext(base_url, headers or {}, lambda text: Template(text, constants), time.perf_counter_ns, resolve)


class User:
    """One virtual user of one protocol. ``count`` is how often ``done`` was called."""

    def __init__(self, protocol: Protocol, vu: int = 1) -> None:
        self.protocol = protocol
        self.scope = Scope(vu, seed=7)
        self.session = protocol.session(self.scope, self._done)
        self.count = 0
        self._ended = asyncio.Event()
        self._outcome: Outcome

    def call(self, request: Mapping[str, Any], reads: Reads = EVERYTHING, timeout_s: float = LIMIT_S) -> Call:
        parsed = type(self.protocol).Request.parse(request)
        return self.protocol.compile(parsed, int(timeout_s * SECOND), reads)

    async def do(self, request: Mapping[str, Any] | Call, reads: Reads = EVERYTHING) -> Outcome:
        """One request from start to done."""
        self.start(request if isinstance(request, Call) else self.call(request, reads))
        return await self.ended()

    def start(self, call: Call) -> None:
        self._ended.clear()
        before = self.count
        self.session.start(call)
        assert self.count == before, "done was called from inside start"

    async def ended(self) -> Outcome:
        async with asyncio.timeout(LIMIT_S):
            await self._ended.wait()
        return self._outcome

    async def __aenter__(self) -> User:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        await self.protocol.close()

    def _done(self, reply: Reply) -> None:
        self.count += 1
        self._outcome = outcome_of(reply)
        self._ended.set()
