"""A plugin whose target measures its own service times: the figures of a run can be held against the target's log.

A request is a line; the target replies with the nanoseconds at which it had read it and at which it replied.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import urlsplit

from perfsvc.plugin import AsyncSession
from perfsvc.plugin import Call
from perfsvc.plugin import Excerpt
from perfsvc.plugin import Protocol
from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import Scope
from perfsvc.plugin import Spec
from perfsvc.plugin import Text
from perfsvc.plugin import hookimpl
from perfsvc.plugin import titled


class StampingRequest(Spec):
    """What the target writes beside the times."""

    word: str = titled("标记", "Word")


class NoOptions(Spec):
    """Nothing can be set."""


class StampingCall(Call):
    __slots__ = ("word",)

    def __init__(self, timeout_ns: int, word: str) -> None:
        super().__init__(timeout_ns)
        self.word = word


class StampingReply(Reply):
    __slots__ = ()

    def header(self, name: str) -> str | None:
        return None

    def body(self) -> bytes:
        return b""

    def excerpt(self) -> Excerpt:
        return Excerpt("", "", b"")


class StampingSession(AsyncSession):
    """A virtual user with one connection."""

    __slots__ = ("_base", "_reply", "_streams")

    def __init__(self, scope: Scope, done: Callable[[Reply], None], base_url: str) -> None:
        super().__init__(scope, done)
        self._base = urlsplit(base_url)
        self._reply = StampingReply()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, call: StampingCall) -> Reply:
        reply = self._reply
        reply.reset()
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._base.hostname, self._base.port)
        reader, writer = self._streams
        writer.write(f"{call.word}\n".encode())
        reply.sent = True
        received, replied = (await reader.readline()).split()
        reply.started_ns, reply.ended_ns, reply.status = int(received), int(replied), 200
        return reply

    def failed(self, error_class: str, message: str) -> Reply:
        self._reply.failure, self._reply.message = error_class, message
        return self._reply

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


class StampingProtocol(Protocol):
    name = "stamping"
    title = Text("计时", "Stamping")
    Request: ClassVar[type[Spec]] = StampingRequest
    Options: ClassVar[type[Spec]] = NoOptions

    def compile(self, request: StampingRequest, timeout_ns: int, reads: ReplyParts) -> StampingCall:
        return StampingCall(timeout_ns, request.word)

    def session(self, scope: Scope, done: Callable[[Reply], None]) -> StampingSession:
        return StampingSession(scope, done, self.context.base_url)


@hookimpl
def register_protocols() -> list[type[Protocol]]:
    """What this module brings."""
    return [StampingProtocol]
