"""Drives a protocol as the engine does, one request at a time, and keeps what came of it."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from perfsvc.plugin import ABORTED
from perfsvc.plugin import Call
from perfsvc.plugin import Excerpt
from perfsvc.plugin import Protocol
from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Template

LIMIT_S = 20.0
SECOND = 1_000_000_000
EVERYTHING = ReplyParts(headers=True, body=True)
"""As if a step's checks looked at everything."""


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
    counters: dict[str, float] | None
    gauges: dict[str, float] | None
    excerpt: Excerpt
    headers: dict[str, str | None]
    """Those that were asked for, see ``User``."""


PLAIN = Outcome._fields[: Outcome._fields.index("body")]
"""Fields that an outcome copies from the reply."""


def outcome_of(reply: Reply, headers: Iterable[str] = ()) -> Outcome:
    """Everything about a reply, and these headers of it."""
    plain = [getattr(reply, name) for name in PLAIN]
    counters, gauges = (None if own is None else dict(own) for own in (reply.counters, reply.gauges))
    found = {name: reply.header(name) for name in headers}
    return Outcome._make([*plain, reply.body(), reply.text(), counters, gauges, reply.excerpt(), found])


async def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    """Resolve any host, without a target policy. Raises OSError."""
    return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)


def context(base_url: str = "", headers: Mapping[str, str] | None = None, **constants: str) -> RunContext:
    """Make a context as a run would; ``constants`` are the environment's variables."""
    return RunContext(base_url, headers or {}, lambda text: Template(text, constants), time.perf_counter_ns, resolve)


class User:
    """One virtual user of one protocol. ``count`` is how often ``done`` was called.

    ``headers`` names those that outcomes shall have. Closing a user closes the protocol with it.
    """

    def __init__(self, protocol: Protocol, vu: int = 1, headers: Iterable[str] = ()) -> None:
        self.protocol = protocol
        self.scope = Scope(vu, seed=7)
        self.session = protocol.session(self.scope, self._done)
        self.count = 0
        self._ended = asyncio.Event()
        self._headers = tuple(headers)
        self._outcome: Outcome

    def call(self, request: Mapping[str, Any], reads: ReplyParts = EVERYTHING, timeout_s: float | None = None) -> Call:
        """A step's request, validated and compiled, with LIMIT_S where no limit is given. Raises InvalidInput."""
        parsed = type(self.protocol).Request.parse(request)
        return self.protocol.compile(parsed, int((timeout_s or LIMIT_S) * SECOND), reads)

    async def do(self, request: Mapping[str, Any] | Call, reads: ReplyParts = EVERYTHING) -> Outcome:
        """One request from start to done."""
        self.start(request if isinstance(request, Call) else self.call(request, reads))
        return await self.ended()

    def start(self, call: Call) -> None:
        """Begin a request, as the engine does. Raises NotSent, MissingVariable."""
        self._ended.clear()
        before = self.count
        self.session.start(call)
        assert self.count == before, "done was called from inside start"

    async def ended(self, limit_s: float | None = None) -> Outcome:
        """Return the outcome of the started request. Raises TimeoutError after ``limit_s``, LIMIT_S by default."""
        async with asyncio.timeout(limit_s or LIMIT_S):
            await self._ended.wait()
        return self._outcome

    async def __aenter__(self) -> User:
        return self

    async def leave(self) -> None:
        """Ends the session; a request that a failed test left in flight is given up, as sessions may expect."""
        self.session.abort(ABORTED)
        await self.session.close()

    async def __aexit__(self, *_: object) -> None:
        await self.leave()
        await self.protocol.close()

    def _done(self, reply: Reply) -> None:
        self.count += 1
        self._outcome = outcome_of(reply, self._headers)
        self._ended.set()
