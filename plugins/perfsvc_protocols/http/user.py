"""Base class of HTTP sessions, independent of the transport: cookies, redirects, one request at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from perfsvc.plugin import Failed
from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin import Session
from perfsvc.plugin import failures
from perfsvc.plugin.body import Undecodable
from perfsvc_protocols._net.address import Address
from perfsvc_protocols._net.cookies import take_cookies
from perfsvc_protocols.http import head
from perfsvc_protocols.http.call import BODY
from perfsvc_protocols.http.call import HttpCall
from perfsvc_protocols.http.rendered_request import RenderedRequest
from perfsvc_protocols.http.reply import HttpReply
from perfsvc_protocols.http.spec import Options

SET_COOKIE = b"\nset-cookie:"
ENCODED = b"\ncontent-encoding:"
CHARSET = b"charset"
NS = 1_000_000_000
REPEATED = MappingProxyType({"requests_repeated": 1})
"""Counter of requests that were sent again."""
NO_REPLY = "no reply in time"
PARTIAL = "the reply did not end in time"
STREAM_RESET = "Connection Error: stream reset"
"""The server reset one stream, not the connection."""


class HttpUser(Session):
    """The part of a session that is independent of the transport.

    ``started_ns`` of a redirected request is that of its first bytes: latency includes the redirects.
    """

    __slots__ = ("_call", "_iteration", "_message", "_now_ns", "_requested_ns", "options", "reply")

    def __init__(
        self, scope: Scope, done: Callable[[Reply], None], options: Options, reply: HttpReply, now_ns: Callable[[], int]
    ) -> None:
        super().__init__(scope, done)
        # For the lifetime of the user
        self.reply = reply
        self._iteration = scope.iteration if options.new_session_each_iteration else None
        self._now_ns = now_ns
        self.options = options
        # For one request; _message is None between requests
        self._requested_ns = 0
        self._call: HttpCall
        self._message: RenderedRequest | None = None

    @abstractmethod
    def _dispatch(self, message: RenderedRequest) -> None:
        """Send a request, on an open or a new connection."""

    @abstractmethod
    def stop_listening(self) -> None:
        """End the reply in flight, which has begun, as complete."""

    def _fail_listening(self, error: Exception) -> None:
        """Fail a request whose reply cannot be listened to."""
        if isinstance(error, Undecodable):
            self._fail(failures.UNDECODABLE, str(error))
        else:
            self._fail(failures.TOO_LARGE, f"one event of more than {self.options.max_body_bytes} bytes")

    def finish(self) -> None:
        self._message = None
        reply = self.reply
        self.done(reply)
        if self._message is None:
            reply.forget()
            reply.hops = None

    def _fail(self, error_class: str, message: str) -> None:
        reply = self.reply
        reply.failure = error_class
        reply.message = message
        reply.status = 0
        reply.ended_ns = self._now_ns()
        reply.started_ns = reply.started_ns or self._requested_ns
        self.finish()

    def _count(self, counters: Mapping[str, float] | None) -> None:
        """Add counters to the reply."""
        if counters is not None:
            before = self.reply.counters or {}
            self.reply.counters = {**before, **{name: before.get(name, 0) + counters[name] for name in counters}}

    def _take_cookies(self, reply_head: bytes) -> None:
        message = cast(RenderedRequest, self._message)
        take_cookies(head.values(reply_head, "set-cookie"), self.scope, Address(message.origin, message.target))

    def _unreadable(self, lowered: bytes) -> bool:
        """Fail a request whose good reply has a body that is read and cannot be decoded; ``lowered`` is its head."""
        reply = self.reply
        if self._call.mode is not BODY:
            return False
        coded = ENCODED in lowered
        if not coded:
            reply.take_plain()
        if not 200 <= reply.status < 300 or not (coded or CHARSET in lowered):
            return False
        try:
            reply.read()
        except Undecodable as error:
            self._fail(failures.UNDECODABLE, f"HTTP {reply.status}: {error}")
            return True
        return False

    def _follow(self, reply_head: bytes) -> bool:
        """Follow a redirect. Return False if it has no Location and so is the reply itself."""
        location = head.value(reply_head, "location")
        if location is None:
            return False
        try:
            if len(self.reply.hops or ()) >= self._call.max_redirects:
                raise Failed("Too Many Redirects", f"more than {self._call.max_redirects}, the last to {location}")
            self._message = cast(RenderedRequest, self._message).redirected(self.reply.status, location)
        except Failed as error:
            self._fail(error.error_class, str(error))
            return True
        self.reply.note_hop(f"{self._message.origin}{self._message.target}", self._now_ns())
        self.reply.forget()
        self._dispatch(self._message)
        return True
