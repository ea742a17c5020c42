"""The TCP protocol: one object serves one run on one node."""

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
from perfsvc_protocols._net.endpoint import endpoint_template
from perfsvc_protocols._net.payload import Payload
from perfsvc_protocols._net.payload import Texts
from perfsvc_protocols.tcp import spec
from perfsvc_protocols.tcp.framing import LengthFraming
from perfsvc_protocols.tcp.framing import UntilCloseFraming
from perfsvc_protocols.tcp.session import TcpCall
from perfsvc_protocols.tcp.session import TcpSession

SCHEMES = ("tcp", "tls")


class TcpProtocol(Protocol):
    """TCP, plain and over TLS."""

    name = "tcp"
    title = Text("TCP", "TCP")
    Request = spec.Request
    Options = spec.Options

    def __init__(self, options: spec.Options, context: RunContext) -> None:
        """Raises InvalidInput for a CA or a client certificate that cannot be read."""
        super().__init__(options, context)
        self._dialer = Dialer(options, context)

    def compile(self, request: Any, timeout_ns: int, reads: ReplyParts) -> TcpCall:
        texts = Texts(self.context.template)
        framing = request.framing or self.options.framing
        payload = None if request.silent else self._payload(request, framing, texts)
        if not request.one_way and framing is None:
            texts.refuse("framing", Text("等待响应时必填", "is required where a reply is waited for"))
        target = endpoint_template(request.url, self.context, SCHEMES, texts)
        if request.half_close and target.constant is not None and target.constant.secure:
            texts.refuse("half_close", Text("TLS 连接不能半关闭", "TLS has no half close"))
        texts.check()
        frame = None if request.one_way or framing is None else framing.frame(self.options.max_message_bytes)
        until_close = isinstance(framing, UntilCloseFraming)
        return TcpCall(target, payload, frame, until_close, request.half_close, timeout_ns)

    def session(self, scope: Scope, done: Callable[[Reply], None]) -> TcpSession:
        return TcpSession(scope, done, self.options, self._dialer, self.context.now_ns)

    def _payload(self, request: spec.Request, framing: Any, texts: Texts) -> Payload:
        payload = request.payload(texts)
        if not request.add_length:
            return payload
        if not isinstance(framing, LengthFraming):
            at = "framing" if framing is None else "add_length"
            texts.refuse(at, Text("add_length 需要 length 分帧", "add_length needs the framing by length"))
            return payload
        try:
            return payload.then(framing.prefixed)
        except ValueError as error:
            texts.refuse("add_length", Text(f"负载过长：{error}", str(error)))
            return payload
