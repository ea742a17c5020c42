"""A protocol without a network: replies come after a given service time, as a script says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from typing import ClassVar

from perfsvc.plugin import Call
from perfsvc.plugin import Excerpt
from perfsvc.plugin import Protocol
from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import Scope
from perfsvc.plugin import Session
from perfsvc.plugin import Spec
from perfsvc.plugin import Text


class Request(Spec):
    path: str = "/"


class Options(Spec):
    pass


class FakeReply(Reply):
    """Withholds the parts that its call did not ask for, as a real protocol may."""

    def __init__(self) -> None:
        super().__init__()
        self.headers: Mapping[str, str] = {}
        self.content = b""
        self.kept = ReplyParts()

    def header(self, name: str) -> str | None:
        return self.headers.get(name.lower()) if self.kept.headers else None

    def body(self) -> bytes:
        return self.content if self.kept.body else b""

    def excerpt(self) -> Excerpt:
        return Excerpt("GET / password=hunter2", f"status {self.status}", self.content)


class FakeCall(Call):
    __slots__ = ("path", "reads")

    def __init__(self, timeout_ns: int, path: Any, reads: ReplyParts) -> None:
        super().__init__(timeout_ns)
        self.path = path
        self.reads = reads


class Answer:
    """The target's reply to one request. ``after`` is the service time in s; without it there is no reply."""

    def __init__(
        self,
        after: float | None = 0.01,
        status: int = 200,
        body: bytes = b"",
        failure: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.after, self.status, self.body, self.failure, self.headers = after, status, body, failure, headers
        self.sent = failure is None


class FakeSession(Session):
    def __init__(self, protocol: FakeProtocol, scope: Scope, done: Callable[[Reply], None]) -> None:
        super().__init__(scope, done)
        self.protocol = protocol
        self.reply = FakeReply()
        self.timer: asyncio.TimerHandle | None = None
        self.busy = False

    def start(self, call: FakeCall) -> None:
        assert not self.busy
        path = call.path.render(self.scope)
        target = self.protocol
        loop = asyncio.get_running_loop()
        target.log.append((loop.time(), self.scope.vu, path))
        answer = target.script(self.scope, path)
        self.busy = True
        self.reply.reset()
        self.reply.kept = call.reads
        self.reply.started_ns = target.context.now_ns()
        self.reply.sent = answer.sent
        if answer.after is not None:
            self.timer = loop.call_later(answer.after, self._answered, answer)

    def _answered(self, answer: Answer) -> None:
        reply = self.reply
        reply.status, reply.failure, reply.content = answer.status, answer.failure, answer.body
        reply.headers = answer.headers
        self._end()

    def _end(self) -> None:
        self.busy = False
        self.timer = None
        self.reply.ended_ns = self.protocol.context.now_ns()
        self.reply.waiting_ns = self.reply.ended_ns - self.reply.started_ns
        self.done(self.reply)

    def abort(self, error_class: str) -> None:
        if self.busy:
            if self.timer is not None:
                self.timer.cancel()
            self.reply.failure = error_class
            self._end()

    async def close(self) -> None:
        assert not self.busy
        self.protocol.closed_sessions += 1


class FakeProtocol(Protocol):
    name = "fake"
    title = Text("假协议", "Fake")
    Request = Request
    Options = Options

    log: list[tuple[float, int, str]]
    script: Callable[[Scope, str], Answer]

    def __init__(self, options: Any, context: Any) -> None:
        super().__init__(options, context)
        self.log = []
        self.closed_sessions = 0
        self.closed = False

    def compile(self, request: Any, timeout_ns: int, reads: ReplyParts) -> Call:
        return FakeCall(timeout_ns, self.context.template(request.path), reads)

    def session(self, scope: Scope, done: Callable[[Reply], None]) -> Session:
        return FakeSession(self, scope, done)

    def status_failure(self, status: int) -> str | None:
        return f"HTTP {status}" if status >= 400 else None

    async def close(self) -> None:
        self.closed = True


def answering(script: Callable[[Scope, str], Answer] | Answer) -> type[FakeProtocol]:
    """A protocol class whose target follows ``script``; its only object is kept in ``made``."""

    class Scripted(FakeProtocol):
        made: ClassVar[list[FakeProtocol]] = []

        def __init__(self, options: Any, context: Any) -> None:
            super().__init__(options, context)
            self.script = (lambda scope, path: script) if isinstance(script, Answer) else script
            Scripted.made.append(self)

    return Scripted
