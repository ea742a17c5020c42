"""A protocol without replies, as metrics are sent: the contract suite takes it as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any
from typing import ClassVar
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from perfsvc.plugin import AsyncSession
from perfsvc.plugin import Call
from perfsvc.plugin import Excerpt
from perfsvc.plugin import Protocol
from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Spec
from perfsvc.plugin import Template
from perfsvc.plugin import Text
from perfsvc.plugin import titled
from perfsvc.plugin.net import Dialer
from perfsvc.plugin.net import DialOptions
from perfsvc.plugin.net import Streams
from perfsvc.plugin.testing import Behaviour
from perfsvc.plugin.testing import Rig
from perfsvc.plugin.testing import checks_of
from perfsvc.plugin.testing import hold


class Target(NamedTuple):
    host: str
    port: int
    secure: bool = False


class Request(Spec):
    text: str = titled("文本", "Text", max_length=1000)


class Options(DialOptions):
    """Nothing of its own."""


class MetricCall(Call):
    __slots__ = ("text",)

    def __init__(self, timeout_ns: int, text: Template) -> None:
        super().__init__(timeout_ns)
        self.text = text


class Nothing(Reply):
    """There is no reply."""

    __slots__ = ()

    def header(self, name: str) -> str | None:
        return None

    def body(self) -> bytes:
        return b""

    def excerpt(self) -> Excerpt:
        return Excerpt("", "", b"")


class MetricSession(AsyncSession):
    __slots__ = ("_dialer", "_line", "_now_ns", "_streams", "_target", "reply")

    def __init__(
        self, scope: Scope, done: Callable[[Reply], None], target: Target, dialer: Dialer, now_ns: Any
    ) -> None:
        super().__init__(scope, done)
        self.reply = Nothing()
        self._target = target
        self._dialer = dialer
        self._now_ns = now_ns
        self._streams: Streams | None = None

    def prepare(self, call: MetricCall) -> None:
        self._line = call.text.render(self.scope).encode() + b"\n"
        self.reply.reset()
        self.reply.started_ns = self._now_ns()

    async def call(self, call: None) -> Reply:
        reply, streams = self.reply, self._streams
        if streams is None or streams.writer.is_closing():
            streams = self._streams = await self._dialer.streams(self._target, self.scope)
            reply.connected = streams.phases
        reply.started_ns = self._now_ns()
        reply.sent = True
        reply.bytes_sent = len(self._line)
        streams.writer.write(self._line)
        await streams.writer.drain()
        reply.ended_ns = self._now_ns()
        return reply

    def failed(self, error_class: str, message: str) -> Reply:
        self.reset()
        self.reply.failure, self.reply.message, self.reply.ended_ns = error_class, message, self._now_ns()
        return self.reply

    def reset(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            streams.writer.transport.abort()

    async def close(self) -> None:
        self.reset()
        await asyncio.sleep(0)


class MetricProtocol(Protocol):
    name = "metric"
    title = Text("指标", "Metrics")
    Request = Request
    Options = Options

    def __init__(self, options: Options, context: RunContext) -> None:
        super().__init__(options, context)
        parts = urlsplit(context.base_url)
        self._target = Target(parts.hostname or "", parts.port or 1)
        self._dialer = Dialer(options, context)

    def compile(self, request: Request, timeout_ns: int, reads: ReplyParts) -> MetricCall:
        return MetricCall(timeout_ns, self.context.template(request.text))

    def session(self, scope: Scope, done: Callable[[Reply], None]) -> MetricSession:
        return MetricSession(scope, done, self._target, self._dialer, self.context.now_ns)


class MetricRig(Rig):
    protocol = MetricProtocol
    one_way = True
    request: ClassVar[dict[str, Any]] = {"text": "users:1|c"}
    unsendable: ClassVar[dict[str, Any]] = {"text": "{{nobody}}"}
    refused: ClassVar[list[tuple[dict[str, Any], str]]] = [({}, "text"), ({"text": 1}, "text")]
    many = 10_000

    @asynccontextmanager
    async def peer(self, behaviour: Behaviour) -> AsyncIterator[str]:
        async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(65536):
                pass
            writer.close()

        async with await asyncio.start_server(swallow, "127.0.0.1", 0) as server:
            yield self.url("127.0.0.1", server.sockets[0].getsockname()[1])

    def url(self, host: str, port: int) -> str:
        return f"metric://{host}:{port}"


@pytest.mark.parametrize("check", checks_of(MetricRig()))
def test_contract(check: str) -> None:
    hold(MetricRig(), check)


def test_checks_of_replies_are_left_out() -> None:
    assert "a_peer_that_sends_garbage" not in checks_of(MetricRig())
    assert "done_is_called_once_for_each_start" in checks_of(MetricRig())
