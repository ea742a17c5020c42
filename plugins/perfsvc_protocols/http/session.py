"""One virtual user as a client of HTTP/1.1."""

from __future__ import annotations

from collections.abc import Callable

from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin.net.dial import Dialer
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http import head
from perfsvc_protocols.http.call import BODY
from perfsvc_protocols.http.call import HttpCall
from perfsvc_protocols.http.connection import CHUNKED
from perfsvc_protocols.http.connection import Connection
from perfsvc_protocols.http.connection import LimitedConnection
from perfsvc_protocols.http.pooled_user import PooledUser
from perfsvc_protocols.http.rendered_request import REDIRECTS
from perfsvc_protocols.http.rendered_request import RenderedRequest
from perfsvc_protocols.http.reply import HttpReply
from perfsvc_protocols.http.spec import Options
from perfsvc_protocols.http.user import ENCODED
from perfsvc_protocols.http.user import SET_COOKIE

LOCATION = b"\nlocation:"


class HttpSession(PooledUser[Connection]):
    """HTTP/1.1 session. Recognises replies that equal an earlier one without parsing."""

    __slots__ = ()

    def __init__(
        self, scope: Scope, done: Callable[[Reply], None], options: Options, dialer: Dialer, now_ns: Callable[[], int]
    ) -> None:
        super().__init__(scope, done, options, HttpReply(options.limits), dialer, now_ns)

    def _new_connection(self, origin: Origin) -> Connection:
        kind = Connection if self.options.max_response_bytes is None else LimitedConnection
        return kind(origin, self, self._now_ns)

    def _send(self, connection: Connection, message: RenderedRequest) -> None:
        self._connection = connection
        wire = message.wire
        if self.scope.cookies is not None and self.options.cookies:
            wire = message.with_cookies(self.scope.cookies.header(message.origin, message.target))
        connection.expect(self._call)
        reply = self.reply
        reply.wire = wire
        reply.bytes_sent += len(wire)
        reply.sent = True
        if not reply.started_ns:
            reply.started_ns = self._now_ns()
        connection.write(wire)  # type: ignore[misc]  # callers have checked that it is open

    def reply_complete(self, connection: Connection) -> None:
        if not self.options.keep_alive:
            connection.retire()
        call, reply = self._call, self.reply
        reply_head = head.of(reply.raw)
        lowered = reply_head.lower()
        sets_cookies = self.options.cookies and SET_COOKIE in lowered
        if sets_cookies:
            self._take_cookies(reply_head)
        if call.max_redirects and reply.status in REDIRECTS and self._follow(reply_head):
            return
        coding = head.uncommon_coding(reply_head, lowered)
        if coding is not None and coding != CHUNKED:
            self.protocol_error(connection, head.NOT_ASKED_FOR.format(coding))
            return
        if self._unreadable(lowered):
            return
        if connection.size and not sets_cookies and reply.raw.startswith(reply_head) and _lasts(call, lowered):
            call.learn(reply_head, connection.size, reply.status)
        self.finish()


def _lasts(call: HttpCall, lowered: bytes) -> bool:
    """Whether a reply with the same head and size is complete and, where its body is read, readable."""
    if call.listening is not None:
        return False
    redirects = call.max_redirects and LOCATION in lowered
    return not redirects and head.CODED not in lowered and (call.mode is not BODY or ENCODED not in lowered)
