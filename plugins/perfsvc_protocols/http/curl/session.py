"""Session of one user over libcurl."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar
from typing import cast

import pycurl

from perfsvc.plugin import TIMEOUT
from perfsvc.plugin import MissingVariable
from perfsvc.plugin import NotSent
from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin import failures
from perfsvc.plugin.body import Undecodable
from perfsvc.plugin.net.tls import NOT_RESUMED
from perfsvc.plugin.net.tls import RESUMED
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http.call import BODY
from perfsvc_protocols.http.call import HttpCall
from perfsvc_protocols.http.curl.driver import Driver
from perfsvc_protocols.http.curl.failures import HTTP2_STREAM
from perfsvc_protocols.http.curl.failures import class_of
from perfsvc_protocols.http.curl.handle import Handle
from perfsvc_protocols.http.curl.reply import CurlReply
from perfsvc_protocols.http.curl.settings import ConnectTo
from perfsvc_protocols.http.curl.settings import Settings
from perfsvc_protocols.http.event_stream import TooLong
from perfsvc_protocols.http.rendered_request import REDIRECTS
from perfsvc_protocols.http.rendered_request import RenderedRequest
from perfsvc_protocols.http.spec import Options
from perfsvc_protocols.http.user import NO_REPLY
from perfsvc_protocols.http.user import NS
from perfsvc_protocols.http.user import PARTIAL
from perfsvc_protocols.http.user import REPEATED
from perfsvc_protocols.http.user import SET_COOKIE
from perfsvc_protocols.http.user import HttpUser

CLOSES = b"\r\nconnection: close\r\n"
MOST_OF_A_HEAD = 0.6
"""A request is sent more than once where this part of its head is left over; libcurl's head may differ from ours."""
LEFT = "the server closed the HTTP/2 connection, after GOAWAY, before the reply was complete"
US = 1000
"""Nanoseconds in one of the microseconds that libcurl counts in."""


class CurlSession(HttpUser):
    """Sends one request after the other over connections that libcurl keeps: the user's own, or those of all users.

    Latency begins when the request could be sent on an open connection. Where connections are shared, the time that a
    request waits for one is part of it.
    """

    __slots__ = (
        "_begun_ns",
        "_connect_to",
        "_dns_ns",
        "_driver",
        "_finding",
        "_handle",
        "_listening_error",
        "_settings",
        "_stopped_listening",
    )

    reply: CurlReply
    _listens: ClassVar[bool] = False

    def __init__(
        self,
        scope: Scope,
        done: Callable[[Reply], None],
        options: Options,
        settings: Settings,
        driver: Callable[[], Driver],
        now_ns: Callable[[], int],
    ) -> None:
        super().__init__(scope, done, options, CurlReply(options.limits), now_ns)
        # For as long as the user lives
        self._driver = driver
        self._handle: Handle | None = None
        self._connect_to: dict[Origin, ConnectTo] = {}
        self._settings = settings
        # For one request
        self._begun_ns = 0
        self._dns_ns = 0
        self._finding: asyncio.Task[None] | None = None
        self._stopped_listening = False
        self._listening_error: Exception | None = None

    def start(self, call: HttpCall) -> None:
        message = call.message or call.make(self.scope)
        if self._iteration is not None and self._iteration != self.scope.iteration:
            self._iteration = self.scope.iteration
            self.reset()
        if self._handle is None:
            self._handle = self._new_handle()
        self.reply.reset()
        self._stopped_listening, self._listening_error = False, None
        self.reply.reads_body = call.mode is BODY or (call.listening is not None and call.listening.keeps)
        self._call = call
        self._message = message
        try:
            self._dispatch(message)
        except Exception:
            self._message = None
            raise

    def abort(self, error_class: str) -> None:
        if self._message is None:
            return
        if self._finding is not None:
            self._finding.cancel()
            waited_for = f"no address of {self._message.origin.host} in time"
        else:
            handle = cast(Handle, self._handle)
            self._account(handle.easy)
            self._driver().cancel(handle.easy)
            waited_for = self._waited_for(handle)  # libcurl knows more after that
        self._fail(error_class, waited_for if error_class == TIMEOUT else "")

    def reset(self) -> None:
        self.scope.cookies = None
        self._connect_to.clear()
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    async def close(self) -> None:
        self.reset()

    # On the way out

    def _new_handle(self) -> Handle:
        handle = Handle(
            self._take if self._listens else self.reply.take,
            self._driver(),
            proxied=self.options.proxy is not None,
            watches_tls=self.options.session_resumption,
        )
        try:
            self._settings.apply(handle.easy, self.scope)
        except Exception:
            handle.close()
            raise
        if not self._settings.shared:
            handle.own_connections()
        return handle

    def _dispatch(self, message: RenderedRequest) -> None:
        to = self._connect_to.get(message.origin)
        if to is not None and self.options.keep_alive:
            self._send(message, to)
        else:
            self._requested_ns = self._now_ns()
            self._finding = asyncio.get_running_loop().create_task(self._find(message))

    async def _find(self, message: RenderedRequest) -> None:
        try:
            async with asyncio.timeout(self._call.timeout_ns / NS):
                to = await self._settings.connect_to(message.origin, self.scope.vu)
            self._dns_ns += self._now_ns() - self._requested_ns
            self._finding = None
            self._send(message, to)
        except TimeoutError:
            self._fail(TIMEOUT, f"no address of {message.origin.host} in time")
        except NotSent as error:
            self._fail(error.error_class, str(error))
        except Exception as error:
            failed = failures.connecting(error)
            self._fail(failed.error_class, str(failed))

    def _send(self, message: RenderedRequest, to: ConnectTo) -> None:
        handle = cast(Handle, self._handle)
        wire = message.wire
        if self.scope.cookies is not None and self.options.cookies:
            wire = message.with_cookies(self.scope.cookies.header(message.origin, message.target))
        handle.load(self._call, message, wire, to, self.scope)
        self._connect_to[message.origin] = to
        self.reply.wire = wire
        self._begun_ns = self._now_ns()
        self._driver().start(handle.easy, self)
        handle.watch()

    # On the way back

    def _take(self, part: bytes) -> int | None:
        """Take a part of the body; 0 ends the transfer."""
        reply = self.reply
        reply.take(part)
        if reply.stream is None:
            return None
        if not reply.raw:
            reply.arrived(cast(Handle, self._handle).lines)
        try:
            self._stopped_listening = reply.listened(part)
        except (TooLong, Undecodable) as error:
            self._listening_error = error
            return 0
        return 0 if self._stopped_listening else None

    def stop_listening(self) -> None:
        handle = cast(Handle, self._handle)
        self.reply.ended_ns = self._now_ns()
        self._account(handle.easy)
        self.reply.status = handle.easy.getinfo(pycurl.RESPONSE_CODE)
        self.reply.arrived(handle.lines)
        self._driver().cancel(handle.easy)
        self._dns_ns = 0
        handle.release()
        self.finish()

    def completed(self, code: int, message: str) -> None:
        handle = cast(Handle, self._handle)
        self.reply.ended_ns = self._now_ns()
        self._account(handle.easy)
        if self._listening_error is not None:
            self._fail_listening(self._listening_error)
            return
        if code and not self._stopped_listening:
            self._failed(code, message)
            return
        reply = self.reply
        reply.status = handle.easy.getinfo(pycurl.RESPONSE_CODE)
        reply_head = reply.arrived(handle.lines)
        lowered = reply_head.lower()
        if CLOSES in lowered and self._message is not None:  # the next connection may go to another address
            self._connect_to.pop(self._message.origin, None)
        if len(reply_head) > reply.limits.head or reply_head.count(b"\n") > reply.limits.fields:
            self._fail(failures.PROTOCOL, reply.too_large)
            return
        if self.options.cookies and SET_COOKIE in lowered:
            self._take_cookies(reply_head)
        if self._call.max_redirects and reply.status in REDIRECTS and self._follow(reply_head):
            return
        self._dns_ns = 0
        handle.release()
        if not self._unreadable(lowered):
            self.finish()

    def _failed(self, code: int, text: str) -> None:
        handle = cast(Handle, self._handle)
        easy = handle.easy
        message = cast(RenderedRequest, self._message)
        self._connect_to.pop(message.origin, None)
        if handle.unprocessed:
            code, text = HTTP2_STREAM, "the server refused the request again and again without processing it"
        elif code == pycurl.E_SEND_FAIL_REWIND or handle.repeat_refused:
            code = pycurl.E_SEND_FAIL_REWIND
            text = f"the server closed the kept connection before it responded; {message.method} is not sent again"
        elif code == pycurl.E_HTTP2 and not text:
            code, text = pycurl.E_PARTIAL_FILE, LEFT
        elif code == pycurl.E_OPERATION_TIMEDOUT:
            text = self._waited_for(handle)
        errno, sent = easy.getinfo(pycurl.OS_ERRNO), easy.getinfo(pycurl.REQUEST_SIZE) > 0
        self._fail(class_of(code, text, errno, secure=message.origin.secure, sent=sent), text)

    def _fail(self, error_class: str, message: str) -> None:
        self._finding = None
        self._dns_ns = 0
        if self._handle is not None:
            self._handle.release()
        super()._fail(error_class, message)

    def _waited_for(self, handle: Handle) -> str:
        """Return what the request in flight waits for, as a message."""
        origin, easy = cast(RenderedRequest, self._message).origin, handle.easy
        if self.reply.sent:
            return PARTIAL if handle.lines else NO_REPLY
        place, connected = f"{origin.host}:{origin.port}", easy.getinfo(pycurl.CONNECT_TIME_T) > 0
        if connected and origin.secure and not easy.getinfo(pycurl.APPCONNECT_TIME_T):
            return f"no end of the TLS handshake with {place} in time"
        if not connected and origin.secure:  # libcurl says no more of a transfer that was withdrawn
            return f"no connection to {place} in time, or no end of the TLS handshake"
        return NO_REPLY if connected else f"no connection to {place} in time"

    def _follow(self, reply_head: bytes) -> bool:
        try:
            return super()._follow(reply_head)
        except (MissingVariable, NotSent) as error:
            self._fail(error.error_class, str(error))
            return True

    def _account(self, easy: pycurl.Curl) -> None:
        """Take times and bytes from libcurl into the reply."""
        reply = self.reply
        ready = easy.getinfo(pycurl.PRETRANSFER_TIME_T)
        sent = easy.getinfo(pycurl.REQUEST_SIZE)
        if not ready or not sent:
            reply.started_ns = reply.started_ns or self._requested_ns or self._begun_ns
            return
        reply.sent = True
        if not self._settings.tunnelled and self._call.needs.credentials is None:
            self._count_repeats(sent, easy.getinfo(pycurl.SIZE_UPLOAD_T))
        reply.bytes_sent += sent
        reply.bytes_received += easy.getinfo(pycurl.HEADER_SIZE) + easy.getinfo(pycurl.SIZE_DOWNLOAD_T)
        opened = easy.getinfo(pycurl.NUM_CONNECTS)
        if not reply.started_ns:
            reply.started_ns = self._begun_ns + (ready * US if opened else 0)
        reply.waiting_ns = max(easy.getinfo(pycurl.STARTTRANSFER_TIME_T) - ready, 0) * US
        if opened:
            self._account_connecting(easy)
            to = self._connect_to.get(cast(RenderedRequest, self._message).origin)
            if to is not None and to.addresses:
                self._settings.connected(to, easy.getinfo(pycurl.PRIMARY_IP))

    def _count_repeats(self, sent: int, body: int) -> None:
        """Count what was sent again: of all bytes ``sent`` one head and ``body`` belong to the latest time."""
        head_size = cast(Handle, self._handle).head_size
        surplus = sent - body - head_size
        if surplus > MOST_OF_A_HEAD * head_size:
            for _ in range(max(1, round(surplus / (head_size + body)))):
                self._count(REPEATED)

    def _account_connecting(self, easy: pycurl.Curl) -> None:
        connected, secured = easy.getinfo(pycurl.CONNECT_TIME_T), easy.getinfo(pycurl.APPCONNECT_TIME_T)
        dns, connect, tls = self.reply.connected or (0, 0, 0)
        resumed = cast(Handle, self._handle).resumed
        if resumed is not None:
            self._count(RESUMED if resumed else NOT_RESUMED)
        dns += self._dns_ns
        connect += connected * US
        tls += max(secured - connected, 0) * US
        self._dns_ns = 0
        self.reply.connected = dns, connect, tls
