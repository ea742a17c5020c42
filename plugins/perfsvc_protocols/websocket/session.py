"""One virtual user as a WebSocket client: its connection, and one request at a time over it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from picows import WSMsgType

from perfsvc.plugin import TIMEOUT
from perfsvc.plugin import Failed
from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin import Session
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc.plugin.net.dial import Dialer
from perfsvc_protocols._net.byte_template import render
from perfsvc_protocols._net.payload import Payload
from perfsvc_protocols.websocket.address import parse_url
from perfsvc_protocols.websocket.connection import PING
from perfsvc_protocols.websocket.connection import Connection
from perfsvc_protocols.websocket.connection import Limits
from perfsvc_protocols.websocket.counts import MessageCounts
from perfsvc_protocols.websocket.opening import Opening
from perfsvc_protocols.websocket.predicate import Match
from perfsvc_protocols.websocket.predicate import MessagePredicate
from perfsvc_protocols.websocket.reply import WebSocketReply
from perfsvc_protocols.websocket.script import Operation
from perfsvc_protocols.websocket.script import Target
from perfsvc_protocols.websocket.script import Varying
from perfsvc_protocols.websocket.script import WebSocketCall
from perfsvc_protocols.websocket.spec import Options
from perfsvc_protocols.websocket.upgrade import SWITCHING_PROTOCOLS
from perfsvc_protocols.websocket.upgrade import Offer
from perfsvc_protocols.websocket.upgrade import Refused

NS_PER_MS = 1_000_000
CLOSED_BEFORE = "the connection was closed by an action before"
PING_BYTES = 4
EARLIEST_S = 0.001
"""uvloop timers may fire up to 1 ms early: they count whole milliseconds."""


class RunResources(NamedTuple):
    """Resources shared by all users of a run."""

    options: Options
    now_ns: Callable[[], int]
    dialer: Dialer


class WebSocketSession(Session):
    """Performs the operations of a call in turn; an operation that waits is continued by a callback.

    ``started_ns`` of a request is the moment its first operation began; of one that only opens the connection, the
    moment its upgrade was sent.
    """

    __slots__ = (
        "_awaiting",
        "_backlog",
        "_busy",
        "_connection",
        "_counts",
        "_dialing",
        "_gauges",
        "_idle_bytes",
        "_iteration",
        "_left",
        "_match",
        "_now_ns",
        "_opening",
        "_opens_only",
        "_operations",
        "_pinged",
        "_rendered",
        "_resources",
        "_text",
        "_timer",
        "reply",
    )

    def __init__(self, scope: Scope, done: Callable[[Reply], None], resources: RunResources) -> None:
        super().__init__(scope, done)
        # For the lifetime of the user
        self.reply = WebSocketReply()
        self._backlog: deque[bytes] = deque(maxlen=resources.options.backlog)
        self._connection: Connection | None = None
        self._counts = MessageCounts()
        self._gauges: dict[str, float] = {}
        self._resources = resources
        self._idle_bytes = 0
        self._iteration = scope.iteration if resources.options.new_connection_each_iteration else None
        self._now_ns = resources.now_ns
        self._text = ""
        # For one request
        self._awaiting = ""
        self._busy = False
        self._dialing: asyncio.Task[None] | None = None
        self._left = 0
        self._match: Match | None = None
        self._opening: Opening | None = None
        self._opens_only = False
        self._operations: Iterator[Operation] = iter(())
        self._pinged = 0
        self._rendered: dict[Varying, Any] = {}
        self._timer: asyncio.Handle | None = None

    def start(self, call: WebSocketCall) -> None:
        if self._iteration is not None and self._iteration != self.scope.iteration:
            self._iteration = self.scope.iteration
            self.reset()
        if call.varying:
            self._rendered = call.render(self.scope)
        target = call.target
        if self._connection is None or (target.own and target.text(self.scope) != self._text):
            self._dial(call, target)
            return
        reply = self.reply
        reply.reset()
        self._busy = reply.sent = True
        self._operations = iter(call.operations)
        if self._idle_bytes:
            reply.bytes_received, self._idle_bytes = self._idle_bytes, 0
        reply.started_ns = self._now_ns()
        if self._perform():
            self._timer = asyncio.get_running_loop().call_soon(self._finish)

    def partial_counters(self) -> Mapping[str, float] | None:
        return self._counts.taken() if self._busy else None

    def abort(self, error_class: str) -> None:
        if not self._busy:
            return
        if self._dialing is not None:
            self._dialing.cancel()
        self.reset()
        self._fail(error_class, "")

    def reset(self) -> None:
        connection, self._connection = self._connection, None
        self._backlog.clear()
        if connection is not None:
            connection.drop() if self._busy else connection.leave()

    async def close(self) -> None:
        self.reset()
        await asyncio.sleep(0)  # lets the loop run the callbacks of the closed connection

    # Connecting

    def _dial(self, call: WebSocketCall, target: Target) -> None:
        text = self._text if self._text and not target.own else target.text(self.scope)
        address = parse_url(text)
        headers = [(name, render(value, self.scope).decode()) for name, value in target.headers]
        jar = self.scope if self._resources.options.cookies else None
        opening = Opening(self._now_ns, address, headers, jar)
        self.reset()
        self.reply.reset()
        self._text = self.reply.peer = text
        self.reply.head = None
        self._busy = True
        self._operations = iter(call.operations)
        self._opens_only = not call.operations
        self._opening = opening
        self._dialing = asyncio.get_running_loop().create_task(self._open(opening, target.offer))

    async def _open(self, opening: Opening, offer: Offer) -> None:
        options = self._resources.options
        limits = Limits(options.max_message_bytes, options.strict)
        try:
            connection = await opening.open(self._resources.dialer, self.scope, limits, offer)
        except Refused as refused:
            opening.replied(self.reply, refused.head)
            self.reply.payload = refused.body
            self._fail(refused.error_class, str(refused), refused.head.status)
        except Failed as error:
            self._fail(error.error_class, str(error))
        else:
            self._opened(connection, opening)

    def _opened(self, connection: Connection, opening: Opening) -> None:
        self._dialing = self._opening = None
        self._connection = connection
        reply = self.reply
        opening.record(reply)
        if opening.agreed is not None:
            opening.replied(reply, opening.agreed.head)
        self._gauges["upgrade_ms"] = reply.waiting_ns / NS_PER_MS
        connection.attach(self)
        if not self._busy or self._connection is not connection:  # it ended as soon as it began, and that was events
            return
        if self._opens_only:
            reply.status = SWITCHING_PROTOCOLS
            self._finish()
            return
        reply.waiting_ns = 0
        reply.started_ns = self._now_ns()
        reply.bytes_received += self._idle_bytes
        self._idle_bytes = 0
        if self._perform():
            self._finish()

    # Performing

    def _perform(self) -> bool:
        """Continue with the operations. Return True if none is left."""
        self._awaiting = ""
        for operation in self._operations:
            if self._connection is None:
                self._fail(INVALID_REQUEST, CLOSED_BEFORE)
                return False
            if not operation(self):
                return False
        return True

    def _go_on(self, now: int = 0) -> None:
        """Continue with the operations and end the request after the last; ``now`` spares a reading of the clock."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._awaiting = ""
        for operation in self._operations:
            now = 0
            if self._connection is None:
                self._fail(INVALID_REQUEST, CLOSED_BEFORE)
                return
            if not operation(self):
                return
        self._finish(now)

    def send(self, kind: WSMsgType, payload: Payload) -> bool:
        data = payload.constant
        if data is None:
            data = self._rendered[payload]
        connection, reply = self._connection, self.reply
        if self._backlog:
            self._backlog.clear()
        self._counts.sent += 1
        reply.sent_payload = data
        reply.bytes_sent += connection.send(kind, data)  # type: ignore[union-attr]  # it stands
        if connection.full:  # type: ignore[union-attr]
            self._awaiting = "room"
            return False
        return True

    def rendered(self, message_predicate: MessagePredicate) -> Match:
        match: Match = self._rendered[message_predicate]
        return match

    def ping(self) -> bool:
        self._pinged = self._now_ns()
        payload = (self._pinged & 0xFFFFFFFF).to_bytes(PING_BYTES)
        self.reply.bytes_sent += self._connection.send(PING, payload)  # type: ignore[union-attr]
        self._counts.count("pings")
        self._awaiting = "pong"
        return False

    def expect(self, match: Match | None, count: int, timeout_s: float | None) -> bool:
        self._match = match
        self._left = count
        while self._backlog and self._left:
            data = self._backlog.popleft()
            if match is None or match(data):
                self._left -= 1
                self.reply.payload = data
        if not self._left:
            return True
        self._awaiting = "message"
        if timeout_s is not None:
            self._timer = asyncio.get_running_loop().call_later(timeout_s, self.abort, TIMEOUT)
        return False

    def hold(self, seconds: float) -> bool:
        self._awaiting = "time"
        if self._backlog:
            self.reply.payload = self._backlog[-1]
            self._backlog.clear()
        self._timer = asyncio.get_running_loop().call_later(seconds + EARLIEST_S, self._go_on)
        return False

    def close_with(self, code: int, reason: str) -> bool:
        self._awaiting = "close"
        self._connection.close(code, reason)  # type: ignore[union-attr]
        return False

    # Callbacks of the connection

    def message(self, data: bytes, size: int) -> None:
        self._counts.received += 1
        if self._awaiting == "message":  # the way of most: as few calls as can be
            reply = self.reply
            now = self._now_ns()
            reply.bytes_received += size
            if not reply.waiting_ns:
                reply.waiting_ns = now - reply.started_ns
            if self._match is None:
                self._left -= 1
            elif self._match(data):
                self._left -= 1
                now = 0
            else:
                return
            reply.payload = data
            if not self._left:
                self._go_on(now)
            return
        self._came(size)
        self._counts.count("pushes")
        if self._awaiting == "time":
            self.reply.payload = data
        else:
            self._backlog.append(data)

    def ponged(self, payload: bytes, size: int) -> None:
        if self._awaiting == "pong" and payload == (self._pinged & 0xFFFFFFFF).to_bytes(PING_BYTES):
            self._came(size)
            self._gauges["ping_ms"] = (self._now_ns() - self._pinged) / NS_PER_MS
            self._go_on()

    def closed(self, code: int, reason: str) -> None:
        self._connection = None
        self._counts.count(f"close_{code}")
        if self._awaiting == "close":
            self.reply.status = code
            self._came(4)
            self._go_on()
        elif self._busy:
            text = f"the server closed the connection with code {code}"
            self._fail(f"WebSocket Closed: {code}", f"{text}: {reason}" if reason else text)

    def lost(self, error_class: str, message: str) -> None:
        self._connection = None
        if self._busy:
            self._fail(error_class, message)

    def resumed(self) -> None:
        if self._awaiting == "room":
            self._go_on()

    def _came(self, size: int) -> None:
        if not self._busy:
            self._idle_bytes += size
            return
        reply = self.reply
        reply.bytes_received += size
        if not reply.waiting_ns:
            reply.waiting_ns = self._now_ns() - reply.started_ns

    # The end of a request

    def _finish(self, now: int = 0) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._busy = False
        self._awaiting = ""
        reply = self.reply
        reply.ended_ns = now or self._now_ns()
        reply.counters = self._counts.taken()
        if self._gauges:
            reply.gauges, self._gauges = self._gauges, {}
        self.done(reply)

    def _fail(self, error_class: str, message: str, status: int = 0) -> None:
        if self._opening is not None:
            self._opening.record(self.reply)
        self._dialing = self._opening = None
        reply = self.reply
        reply.failure = error_class
        reply.message = message
        reply.status = status
        self._finish()
