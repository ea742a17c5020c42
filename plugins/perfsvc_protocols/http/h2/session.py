"""One virtual user as a client of HTTP/2."""

from __future__ import annotations

from collections.abc import Callable

from perfsvc.plugin import NotSent
from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin import failures
from perfsvc.plugin.net.dial import Dialer
from perfsvc.plugin.net.dial import Phases
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http.call import BODY
from perfsvc_protocols.http.call import HttpCall
from perfsvc_protocols.http.h2.connection import Connection
from perfsvc_protocols.http.h2.decoding import Heads
from perfsvc_protocols.http.h2.sending import FileBody
from perfsvc_protocols.http.pooled_user import PooledUser
from perfsvc_protocols.http.rendered_request import REDIRECTS
from perfsvc_protocols.http.rendered_request import RenderedRequest
from perfsvc_protocols.http.reply import UnframedReply
from perfsvc_protocols.http.spec import Options
from perfsvc_protocols.http.user import SET_COOKIE
from perfsvc_protocols.http.user import STREAM_RESET

MOST_REFUSALS = 3
"""So often a request is sent again that the server refused."""
NOT_SPOKEN = "TLS Error: no application protocol"


class Http2Session(PooledUser[Connection]):
    """Sends requests over HTTP/2, one at a time on each connection."""

    __slots__ = ("_heads",)

    reply: UnframedReply

    def __init__(
        self,
        scope: Scope,
        done: Callable[[Reply], None],
        options: Options,
        dialer: Dialer,
        heads: Heads,
        now_ns: Callable[[], int],
    ) -> None:
        super().__init__(scope, done, options, UnframedReply(options.limits), dialer, now_ns)
        self._heads = heads

    def start(self, call: HttpCall) -> None:
        self.reply.reads_body = call.mode is BODY or (call.listening is not None and call.listening.keeps)
        try:
            super().start(call)
        except NotSent:
            self._message = None
            raise

    def _new_connection(self, origin: Origin) -> Connection:
        return Connection(origin, self, self._heads, self._now_ns)

    # On the way out

    def _send(self, connection: Connection, message: RenderedRequest) -> None:
        file = None if message.file is None else FileBody(message.file)
        self._connection = connection
        wire = message.wire
        if self.scope.cookies is not None and self.options.cookies:
            wire = message.with_cookies(self.scope.cookies.header(message.origin, message.target))
        reply = self.reply
        reply.wire = wire
        reply.sent = True
        if not reply.started_ns:
            reply.started_ns = self._now_ns()
        connection.request(self._call, wire, file)

    def _dialled(self, connection: Connection, message: RenderedRequest, phases: Phases) -> None:
        if not connection.negotiated:
            connection.drop()
            self._fail(NOT_SPOKEN, f"{message.origin} does not speak HTTP/2")
            return
        try:
            super()._dialled(connection, message, phases)
        except NotSent as error:
            self._fail(error.error_class, str(error))

    # On the way back

    def reply_complete(self, connection: Connection) -> None:
        reply = self.reply
        if self.options.cookies and SET_COOKIE in reply.raw:
            self._take_cookies(reply.raw)
        if self._call.max_redirects and reply.status in REDIRECTS and self._follow(reply.raw):
            return
        if not self._unreadable(reply.raw.lower()):
            self.finish()

    def stream_refused(self, connection: Connection) -> None:
        message = self._message
        if message is None or self._repeats >= MOST_REFUSALS:
            self._fail(STREAM_RESET, f"the server refused the request {self._repeats + 1} times without processing it")
            return
        try:
            self._repeat(message)
        except NotSent as error:
            self._fail(error.error_class, str(error))

    def stream_reset(self, connection: Connection, code: int) -> None:
        self._fail(STREAM_RESET, f"the server gave the request up: error {code}")

    def file_unreadable(self, connection: Connection, error: OSError) -> None:
        connection.drop()
        self._fail(failures.INVALID_REQUEST, str(error))

    def _follow(self, reply_head: bytes) -> bool:
        try:
            return super()._follow(reply_head)
        except NotSent as error:
            self._fail(error.error_class, str(error))
            return True
