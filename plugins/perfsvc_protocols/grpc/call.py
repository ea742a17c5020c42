"""A compiled step: what is called where with what."""

from __future__ import annotations

from collections.abc import Sequence

from perfsvc.plugin import Call
from perfsvc.plugin import Fault
from perfsvc.plugin import NotSent
from perfsvc.plugin import Problem
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import Scope
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc_protocols.grpc.message import MessageTemplate
from perfsvc_protocols.grpc.message import Texts
from perfsvc_protocols.grpc.metadata import MetadataTemplate
from perfsvc_protocols.grpc.schema import Method
from perfsvc_protocols.grpc.target import Target

NS = 1_000_000_000

Wire = tuple[bytes, ...]


class GrpcCall(Call):
    """One step's call, shared by all users. ``method`` is None until the schema is known."""

    __slots__ = ("_constant", "_nothing", "messages", "metadata", "method", "path", "reads", "target", "timeout_s")

    def __init__(
        self,
        target: Target,
        path: str,
        messages: Sequence[MessageTemplate],
        metadata: MetadataTemplate,
        timeout_ns: int,
        reads: ReplyParts,
    ) -> None:
        super().__init__(timeout_ns)
        self.target = target
        self.path = path
        self.messages = tuple(messages)
        self.metadata = metadata
        self.method: Method | None = None
        self.reads = reads
        self.timeout_s = timeout_ns / NS
        self._constant: Wire | None = None
        self._nothing: tuple[Texts, ...] = ((),) * len(self.messages)

    def bind(self, method: Method) -> None:
        """Settles what is called. Raises Fault, with paths relative to ``request``, for messages that do not fit."""
        if not method.client_streaming and len(self.messages) != 1:
            raise Fault("该方法只接收一条消息", "this method takes exactly one message", "messages")
        for message in self.messages:
            if message.constant:
                _checked(message, method)
        if all(message.constant for message in self.messages):
            self._constant = tuple(message.encoded((), method) for message in self.messages)
        self.method = method

    def render(self, scope: Scope) -> tuple[Texts, ...]:
        """Render the varying parts of the messages for one virtual user. Raises MissingVariable."""
        if self._constant is not None:
            return self._nothing
        return tuple([message.render(scope) for message in self.messages])

    def wire(self, texts: tuple[Texts, ...]) -> Wire:
        """The messages' bytes, once bound. Raises NotSent when what was rendered is no such message."""
        if self._constant is not None:
            return self._constant
        assert self.method is not None  # noqa: S101 - for the type checker: callers have bound it
        try:
            return tuple([m.encoded(each, self.method) for m, each in zip(self.messages, texts, strict=True)])
        except Fault as fault:
            raise NotSent(INVALID_REQUEST, str(fault)) from None


def _checked(message: MessageTemplate, method: Method) -> None:
    try:
        message.encoded((), method)
    except Fault as fault:
        raise Fault.all([Problem(message.at, problem.text) for problem in fault.problems]) from None
