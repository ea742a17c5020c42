"""The UDP protocol: one object serves one run on one node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perfsvc.plugin import Protocol
from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Text
from perfsvc_protocols._net.endpoint import endpoint_template
from perfsvc_protocols._net.payload import Texts
from perfsvc_protocols.udp import spec
from perfsvc_protocols.udp.calls import UdpCall
from perfsvc_protocols.udp.session import MAX_PAYLOAD
from perfsvc_protocols.udp.session import RunResources
from perfsvc_protocols.udp.session import UdpSession


class UdpProtocol(Protocol):
    """UDP datagrams and the replies to them."""

    name = "udp"
    title = Text("UDP", "UDP")
    Request = spec.Request
    Options = spec.Options

    def __init__(self, options: spec.Options, context: RunContext) -> None:
        super().__init__(options, context)
        self._resources = RunResources(options, context)

    def compile(self, request: Any, timeout_ns: int, reads: ReplyParts) -> UdpCall:
        texts = Texts(self.context.template)
        payload = request.payload(texts)
        size = len(payload.constant or b"")
        if size > MAX_PAYLOAD:
            zh, en = f"{size} 字节超过数据报上限 {MAX_PAYLOAD}", f"{size} bytes exceed a datagram's {MAX_PAYLOAD}"
            texts.refuse(request.payload_field, Text(zh, en))
        target = endpoint_template(request.url, self.context, ("udp",), texts)
        texts.check()
        return UdpCall(request, target, payload, timeout_ns)

    def session(self, scope: Scope, done: Callable[[Reply], None]) -> UdpSession:
        return UdpSession(scope, done, self._resources)
