"""The HTTP/1.1 protocol: one object serves one run on one node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perfsvc.plugin import Protocol
from perfsvc.plugin import Reads
from perfsvc.plugin import Reply
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Text
from perfsvc.plugin.net.dial import Dialer
from perfsvc_protocols.http import spec
from perfsvc_protocols.http.compile import Compiler
from perfsvc_protocols.http.recipe import HttpCall
from perfsvc_protocols.http.session import HttpSession

ALPN = ("http/1.1",)


class HttpProtocol(Protocol):
    """HTTP/1.1, plain and over TLS."""

    name = "http"
    title = Text("HTTP", "HTTP")
    Request = spec.Request
    Options = spec.Options

    def __init__(self, options: spec.Options, context: RunContext) -> None:
        """Raises InvalidInput for a CA or a client certificate that cannot be read."""
        super().__init__(options, context)
        self._compiler = Compiler(options, context)
        self._dialer = Dialer(options, context, ALPN)

    def compile(self, request: Any, timeout_ns: int, reads: Reads) -> HttpCall:
        call = self._compiler.call(request, timeout_ns, reads)
        if call.message is not None and call.message.origin.secure:
            self._dialer.tls.prepare()  # before the load begins rather than in the middle of it
        return call

    def session(self, scope: Scope, done: Callable[[Reply], None]) -> HttpSession:
        return HttpSession(scope, done, self.options, self._dialer, self.context.now_ns)

    def status_failure(self, status: int) -> str | None:
        return f"HTTP {status}" if status >= 400 else None
