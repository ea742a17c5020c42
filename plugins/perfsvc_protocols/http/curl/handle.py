"""Requests of one user as options of a reused handle; only changed options are set."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO

import pycurl

from perfsvc.plugin import NotSent
from perfsvc.plugin import Scope
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols._net.byte_template import render
from perfsvc_protocols.http.call import HttpCall
from perfsvc_protocols.http.curl.driver import Driver
from perfsvc_protocols.http.curl.settings import ConnectTo
from perfsvc_protocols.http.rendered_request import END_OF_HEAD
from perfsvc_protocols.http.rendered_request import RenderedRequest
from perfsvc_protocols.http.request_template import TransportNeeds
from perfsvc_protocols.http.request_template import unchunked

VERSIONS: dict[str, int] = {
    "1.1": pycurl.CURL_HTTP_VERSION_1_1,
    "2": pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
    "3": pycurl.CURL_HTTP_VERSION_3ONLY,
    "auto": pycurl.CURL_HTTP_VERSION_3,
}
OURS = frozenset({b"content-length", b"connection"})
"""Headers that libcurl computes, or that HTTP/2 does not have."""
QUIET = (b"content-type", b"expect", b"user-agent", b"accept")
"""Header fields that libcurl would add by itself."""
SERVER_HELLO, CERTIFICATE = 2, 11
"""First bytes of two messages of a TLS handshake; one without a certificate resumes a session."""
LONGER_THAN_ALERTS = 32
TLS_DONE, NO_SIGNATURE = b"SSL connection using TLSv1.3", b"/ UNDEF"
"""libcurl's note of a TLS handshake, and its end where the server signed nothing: a session was resumed."""
REFUSED = b"refused by server, try again on a new connection"
"""libcurl's note of REFUSED_STREAM, and of a GOAWAY that names an earlier stream: the server has done nothing."""
HTTP2 = ("2", "auto")
MAX_EXPECT_WAIT_MS = 1_000
"""Wait for 100 Continue before the body is sent anyway (RFC 9110, 10.1.1)."""


class Handle:
    """A user's handle. ``lines`` are the headers of the replies to the request in flight, as they come.

    ``resumed``: whether the latest TLS handshake of that request resumed a session, None where there was none or
    ``watches_tls`` is False. ``repeat_refused``: it would have been sent a second time, which its method forbids.
    ``head_size``: bytes of its head as it is sent once. ``unprocessed``: the server refused it without processing.
    """

    __slots__ = (
        "_call",
        "_digests",
        "_driver",
        "_file",
        "_guarded",
        "_message",
        "_once",
        "_origin",
        "_proxied",
        "_refusable",
        "_sent",
        "_share",
        "_to",
        "_watches_tls",
        "_wire",
        "easy",
        "head_size",
        "lines",
        "repeat_refused",
        "resumed",
        "unprocessed",
    )

    def __init__(
        self, take: Callable[[bytes], object], driver: Driver, *, proxied: bool, watches_tls: bool = False
    ) -> None:
        """``take`` is given the body as it comes; it ends the transfer by 0."""
        self.easy = pycurl.Curl()
        self.lines: list[bytes] = []
        self.easy.setopt(pycurl.WRITEFUNCTION, take)
        self.easy.setopt(pycurl.HEADERFUNCTION, self.lines.append)
        self.easy.setopt(pycurl.SOCKOPTFUNCTION, self._opened)
        self.easy.setopt(pycurl.DEBUGFUNCTION, self._observe)
        self.easy.setopt(pycurl.VERBOSE, watches_tls)
        self._driver = driver
        self._file: IO[bytes] | None = None
        self._call: HttpCall | None = None
        self._digests = False
        self._origin: Origin | None = None
        self._message: RenderedRequest | None = None
        self._once = self._refusable = False
        self._to: ConnectTo | None = None
        self._proxied = proxied
        self._guarded = self._sent = self.repeat_refused = self.unprocessed = False
        self.head_size = 0
        self.resumed: bool | None = None
        self._watches_tls = watches_tls
        self._share: pycurl.CurlShare | None = None
        self._wire = b""

    def load(self, call: HttpCall, message: RenderedRequest, wire: bytes, to: ConnectTo, scope: Scope) -> None:
        """Makes ready for a request. Raises MissingVariable, and NotSent for a file that cannot be read."""
        self.lines.clear()
        self._sent = self.repeat_refused = self.unprocessed = False
        self.resumed = None
        if self._refusable:
            self.easy.setopt(pycurl.VERBOSE, self._watches_tls)
        if to is not self._to:
            self._go_to(to)
        if call is not self._call or message.origin is not self._origin or call.needs.credentials is not None:
            self._behave(call, message, scope)
        if message is not self._message or wire is not self._wire or self._once:
            self._set_request(message, wire)

    def watch(self) -> None:
        """Have libcurl report what the server refuses, if that matters; not before the request is on its way.

        Each line of a report costs a call.
        """
        if self._refusable:
            self.easy.setopt(pycurl.VERBOSE, True)

    def own_connections(self) -> None:
        """Give this handle caches of its own for connections and TLS sessions; earlier connections are closed."""
        self.forget_connections()
        self._share = pycurl.CurlShare()
        self._share.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_CONNECT)
        self._share.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_SSL_SESSION)
        self.easy.setopt(pycurl.SHARE, self._share)

    def forget_connections(self) -> None:
        """Closes what is kept for this handle alone."""
        if self._share is not None:
            self._driver.closing(self.easy)
            self.easy.unsetopt(pycurl.SHARE)
            self._share.close()
            self._share = None

    def release(self) -> None:
        """The request ended: its file is closed."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def close(self) -> None:
        """Ends it. Must not be in flight."""
        self.release()
        self.forget_connections()
        self.easy.close()

    def _opened(self, descriptor: int, _purpose: int) -> int:
        if self._guarded and self._sent:
            self.repeat_refused = True
            return int(pycurl.SOCKOPT_ERROR)
        self._driver.opened(self.easy if self._share is not None else None, descriptor)
        return int(pycurl.SOCKOPT_OK)

    def _observe(self, kind: int, data: bytes) -> None:
        """Take what libcurl reports while it is verbose."""
        if kind == pycurl.INFOTYPE_HEADER_OUT:
            self._sent, self.unprocessed = True, False
        elif kind == pycurl.INFOTYPE_TEXT:
            if REFUSED in data:
                self._sent, self.unprocessed = False, True
            elif self._watches_tls and data.startswith(TLS_DONE):  # all that libcurl reports of a handshake over QUIC
                self.resumed = data.rstrip().endswith(NO_SIGNATURE)
        elif kind == pycurl.INFOTYPE_SSL_DATA_IN and len(data) > LONGER_THAN_ALERTS:
            if data[0] == SERVER_HELLO:
                self.resumed = True
            elif data[0] == CERTIFICATE:
                self.resumed = False

    def _go_to(self, to: ConnectTo) -> None:
        if to.to:
            self.easy.setopt(pycurl.CONNECT_TO, [to.to])
        else:
            self.easy.unsetopt(pycurl.CONNECT_TO)  # an empty list would leave the last one in force
        if to.entries:
            self.easy.setopt(pycurl.RESOLVE, to.entries)
        if to.source is not None:
            self.easy.setopt(pycurl.INTERFACE, f"host!{to.source}")
        self._to = to

    def _behave(self, call: HttpCall, message: RenderedRequest, scope: Scope) -> None:
        easy, needs = self.easy, call.needs
        easy.setopt(pycurl.HTTP_VERSION, self._version(needs, message))
        easy.setopt(pycurl.CONNECTTIMEOUT_MS, call.timeout_ns // 1_000_000)
        easy.setopt(pycurl.EXPECT_100_TIMEOUT_MS, min(call.timeout_ns // 2_000_000, MAX_EXPECT_WAIT_MS))
        # A redirect to another origin must not carry the credentials.
        if needs.credentials is not None and not message.elsewhere:
            easy.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_DIGEST)
            easy.setopt(pycurl.USERNAME, render(needs.credentials.username, scope))
            easy.setopt(pycurl.PASSWORD, render(needs.credentials.password, scope))
            self._digests = True
        elif self._digests:
            easy.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_NONE)
            easy.unsetopt(pycurl.USERNAME)
            easy.unsetopt(pycurl.PASSWORD)
            self._digests = False
        self._call, self._origin = call, message.origin

    def _version(self, needs: TransportNeeds, message: RenderedRequest) -> int:
        if needs.version == "auto" and not message.origin.secure:
            return VERSIONS["1.1"]
        if needs.version == "auto" and self._proxied:
            return int(pycurl.CURL_HTTP_VERSION_2TLS)
        return VERSIONS[needs.version]

    def _set_request(self, message: RenderedRequest, wire: bytes) -> None:
        head, _, body = wire.partition(END_OF_HEAD)
        start, *lines = head.split(b"\r\n")
        chunked = b"Transfer-Encoding: chunked" in lines
        if chunked:
            body = unchunked(body)
        elif message.file is not None and self._call is not None and self._call.needs.chunked:
            chunked = True
            lines.append(b"Transfer-Encoding: chunked")
        _, target, _ = start.split(b" ", 2)
        sends = bool(body) or message.file is not None
        expects = sends and self._call is not None and self._call.needs.expects_continue
        self.easy.setopt(pycurl.URL, b"%b%b" % (str(message.origin).encode(), target))
        self.easy.setopt(pycurl.HTTPHEADER, headers(lines, message.origin.authority.encode(), expects=expects))
        self._carry(message, body, chunked=chunked)
        self._message, self._wire = message, wire
        self.head_size = len(head) + len(END_OF_HEAD)

    def _carry(self, message: RenderedRequest, body: bytes, *, chunked: bool) -> None:
        easy, method = self.easy, message.method
        usual = "GET"
        once = bool(body) and not message.idempotent and not self._digests
        self._once = message.file is not None or once or chunked
        self._guard(not (self._once or message.idempotent or self._digests))
        self._refusable = once and self._call is not None and self._call.needs.version in HTTP2
        if message.file is not None:
            usual = "PUT"
            self._send_file(message, chunked=chunked)
        elif self._once:
            usual = "POST"
            self._send_read(body, chunked=chunked, again=not once)
        elif body or method in ("POST", "PUT", "PATCH"):
            usual = "POST"
            easy.setopt(pycurl.POST, 1)
            easy.setopt(pycurl.POSTFIELDS, body)
        elif method == "HEAD":
            usual = "HEAD"
            easy.setopt(pycurl.NOBODY, 1)
        else:
            easy.setopt(pycurl.HTTPGET, 1)
        if method == usual:
            easy.unsetopt(pycurl.CUSTOMREQUEST)
        else:
            easy.setopt(pycurl.CUSTOMREQUEST, method)

    def _guard(self, guarded: bool) -> None:
        """Refuse connections once the request is sent, until the server refuses it unprocessed.

        libcurl sends one without a body again, whatever its method.
        """
        if guarded != self._guarded:
            self.easy.setopt(pycurl.VERBOSE, guarded or self._watches_tls)
            self._guarded = guarded

    def _send_read(self, body: bytes, *, chunked: bool, again: bool) -> None:
        """Send a body as libcurl reads it; ``again``: it may start over when a kept connection was closed.

        Any may that the server refused unprocessed.
        """
        source = io.BytesIO(body)

        def rewind(offset: int, origin: int) -> int:
            source.seek(offset, origin)
            return int(pycurl.SEEKFUNC_OK if again or self.unprocessed else pycurl.SEEKFUNC_FAIL)

        self.easy.setopt(pycurl.POST, 1)
        self.easy.setopt(pycurl.READFUNCTION, source.read)
        self.easy.setopt(pycurl.SEEKFUNCTION, rewind)
        self.easy.setopt(pycurl.POSTFIELDSIZE_LARGE, -1 if chunked else len(body))

    def _send_file(self, message: RenderedRequest, *, chunked: bool) -> None:
        self.release()
        try:
            file = self._file = message.file.open("rb")  # type: ignore[union-attr]  # the caller saw that there is one
            size = file.seek(0, 2)
            file.seek(0)
        except OSError as error:
            raise NotSent(INVALID_REQUEST, f"{message.file}: {error.strerror}") from None

        def rewind(offset: int, origin: int) -> int:
            file.seek(offset, origin)
            return 0

        self.easy.setopt(pycurl.UPLOAD, 1)
        self.easy.setopt(pycurl.READFUNCTION, file.read)
        self.easy.setopt(pycurl.SEEKFUNCTION, rewind)
        self.easy.setopt(pycurl.INFILESIZE_LARGE, -1 if chunked else size)


def headers(lines: list[bytes], authority: bytes, *, expects: bool) -> list[bytes]:
    """Return header lines for libcurl: without those it computes, and with its additions suppressed."""
    fields, names = [], set()
    for line in lines:
        name, _, value = line.partition(b":")
        lowered = name.lower()
        if lowered in OURS or (lowered == b"host" and value.strip() == authority):
            continue
        names.add(lowered)
        # "Name:" would take the header away; "Name;" sends it with no value.
        fields.append(line if value.strip() else name + b";")
    if expects:
        fields.append(b"Expect: 100-continue")
        names.add(b"expect")
    return fields + [name + b":" for name in QUIET if name not in names]
