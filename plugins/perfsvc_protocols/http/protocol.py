"""The HTTP protocol: one object serves one run on one node."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Any

from perfsvc.plugin import Protocol
from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Text
from perfsvc.plugin.net.dial import Dialer
from perfsvc_protocols.http import spec
from perfsvc_protocols.http.call import HttpCall
from perfsvc_protocols.http.compile import Compiler
from perfsvc_protocols.http.curl import support
from perfsvc_protocols.http.listening_user import listening_kind
from perfsvc_protocols.http.session import HttpSession
from perfsvc_protocols.http.user import HttpUser

if TYPE_CHECKING:
    from perfsvc_protocols.http.curl.transport import CurlTransport
    from perfsvc_protocols.http.h2.decoding import Heads
    from perfsvc_protocols.http.h2.session import Http2Session

ALPN = {"2": ("h2",)}
"""ALPN protocols that our own client offers, by version; otherwise ``http/1.1``."""
USUAL = ("http/1.1",)


LISTENING_1: type[HttpSession] = listening_kind(HttpSession)


@cache
def http2_kind(*, listens: bool) -> type[Http2Session]:
    """The sessions of HTTP/2, which few runs need and which take a while to load."""
    from perfsvc_protocols.http.h2.session import Http2Session

    return listening_kind(Http2Session) if listens else Http2Session


class HttpProtocol(Protocol):
    """HTTP with and without TLS: versions 1.1 and 2 by our own client, version 3 and rare features by libcurl."""

    name = "http"
    title = Text("HTTP", "HTTP")
    Request = spec.Request
    Options = spec.Options

    def __init__(self, options: spec.Options, context: RunContext) -> None:
        """Raises InvalidInput for a CA or a client certificate that cannot be read."""
        super().__init__(options, context)
        self._compiler = Compiler(options, context)
        self._dialers: dict[str, Dialer] = {}
        self._dialer(options.http_version)
        self._versions: set[str] = set()
        self._listens = False
        self._transport: CurlTransport | None = None
        if support.always(options) and not support.MISSING:
            self._transport = self._through_curl()

    def compile(self, request: Any, timeout_ns: int, reads: ReplyParts) -> HttpCall:
        call = self._compiler.call(request, timeout_ns, reads)
        version = call.needs.version
        self._versions.add(version)
        if call.listening is not None:
            self._listens = True
            self.counts_in_flight = True  # type: ignore[misc]  # of this run, not of every one
        if support.needed(request, self.options) or len(self._versions) > 1:
            support.check(call, self.options)
            self._transport = self._transport or self._through_curl()
        if call.message is not None and call.message.origin.secure:
            self._dialer(version).tls.prepare()  # before the load begins rather than in the middle of it
        return call

    def session(self, scope: Scope, done: Callable[[Reply], None]) -> HttpUser:
        # All steps of a run are compiled by now. Where one needs libcurl, or another version, all go through libcurl: a
        # user has one connection to a place, not two.
        if self._transport is not None:
            return self._transport.session(scope, done, listens=self._listens)
        options, now_ns = self.options, self.context.now_ns
        (version,) = self._versions or {options.http_version}
        dialer = self._dialer(version)
        if version == "2":
            return http2_kind(listens=self._listens)(scope, done, options, dialer, self._heads, now_ns)
        http1 = LISTENING_1 if self._listens else HttpSession
        return http1(scope, done, options, dialer, now_ns)

    def status_failure(self, status: int) -> str | None:
        return f"HTTP {status}" if status >= 400 else None

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @cached_property
    def _heads(self) -> Heads:
        from perfsvc_protocols.http.h2.decoding import Heads

        return Heads(self.options.max_head_bytes, self.options.max_header_fields)

    def _through_curl(self) -> CurlTransport:
        from perfsvc_protocols.http.curl.transport import CurlTransport

        return CurlTransport(self.options, self.context, self._dialer(self.options.http_version))

    def _dialer(self, version: str) -> Dialer:
        if version not in self._dialers:
            self._dialers[version] = Dialer(self.options, self.context, ALPN.get(version, USUAL))
        return self._dialers[version]
