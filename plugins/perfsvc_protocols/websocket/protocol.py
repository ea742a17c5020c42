"""The WebSocket protocol: one object serves one run on one node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perfsvc.plugin import Protocol
from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Text
from perfsvc.plugin.net.dial import Dialer
from perfsvc_protocols._net import address
from perfsvc_protocols._net.byte_template import ByteTemplate
from perfsvc_protocols._net.byte_template import header_text
from perfsvc_protocols._net.payload import Payload
from perfsvc_protocols._net.payload import Texts
from perfsvc_protocols.websocket import spec
from perfsvc_protocols.websocket.address import as_http
from perfsvc_protocols.websocket.compression import OFFER
from perfsvc_protocols.websocket.script import Script
from perfsvc_protocols.websocket.script import Target
from perfsvc_protocols.websocket.script import WebSocketCall
from perfsvc_protocols.websocket.session import RunResources
from perfsvc_protocols.websocket.session import WebSocketSession
from perfsvc_protocols.websocket.upgrade import Offer


class WebSocketProtocol(Protocol):
    """WebSocket, plain and over TLS."""

    name = "websocket"
    title = Text("WebSocket", "WebSocket")
    Request = spec.Request
    Options = spec.Options
    counts_in_flight = True

    def __init__(self, options: spec.Options, context: RunContext) -> None:
        """Raises InvalidInput for a CA or a client certificate that cannot be read."""
        super().__init__(options, context)
        self._resources = RunResources(options, context.now_ns, Dialer(options, context))

    def compile(self, request: Any, timeout_ns: int, reads: ReplyParts) -> WebSocketCall:
        texts = Texts(self.context.template)
        script = Script(texts)
        operations = [each for at, action in request.script for each in script.operations(action, at)]
        url, headers = self._url(request.url or "", texts), self._headers(request, texts)
        target = Target(request.url is not None, url, headers, self._offer(request))
        texts.check()
        return WebSocketCall(target, operations, script.varying, timeout_ns + script.held_ns)

    def session(self, scope: Scope, done: Callable[[Reply], None]) -> WebSocketSession:
        return WebSocketSession(scope, done, self._resources)

    def _offer(self, request: spec.Request) -> Offer:
        return Offer(request.subprotocols, self.options.compression, self.options.strict)

    def _url(self, url: str, texts: Texts) -> Payload:
        """Compile the URL. Without any URL a step uses the connection of a step before it."""
        text = url if address.ABSOLUTE.match(url) else address.joined(self.context.base_url, url)
        payload = texts.text(text, "url")
        if payload.constant and not texts.problems:
            try:
                address.parse(as_http(payload.constant.decode()))
            except address.BadAddress as error:
                texts.refuse("url", Text(f"无法连接 {text!r}：{error}", f"{text!r} cannot be connected to: {error}"))
        return payload

    def _headers(self, request: spec.Request, texts: Texts) -> tuple[tuple[str, ByteTemplate], ...]:
        common = {name: value for name, value in self.context.headers.items() if name.lower() not in spec.UPGRADING}
        chosen = {name.lower(): (name, value) for name, value in {**common, **request.headers}.items()}
        headers = [
            (name, texts.byte_template(value, f"headers.{name}", header_text)) for name, value in chosen.values()
        ]
        if request.subprotocols:
            headers.append(("Sec-WebSocket-Protocol", (", ".join(request.subprotocols).encode(),)))
        if self.options.compression:
            headers.append(("Sec-WebSocket-Extensions", (OFFER,)))
        return tuple(headers)
