"""The actions of a step, compiled to operations that the session performs one after the other."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple
from typing import Protocol

from picows import WSMsgType

from perfsvc.plugin import Call
from perfsvc.plugin import Scope
from perfsvc_protocols._net.byte_template import ByteTemplate
from perfsvc_protocols._net.payload import Payload
from perfsvc_protocols._net.payload import Texts
from perfsvc_protocols.websocket.predicate import Match
from perfsvc_protocols.websocket.predicate import MessagePredicate
from perfsvc_protocols.websocket.predicate import message_predicate
from perfsvc_protocols.websocket.spec import Action
from perfsvc_protocols.websocket.spec import Expect
from perfsvc_protocols.websocket.upgrade import Offer

NS = 1_000_000_000


class Performer(Protocol):
    """Operations of a session. Each returns whether it is complete."""

    def send(self, kind: WSMsgType, payload: Payload) -> bool: ...
    def ping(self) -> bool: ...
    def expect(self, match: Match | None, count: int, timeout_s: float | None) -> bool: ...
    def rendered(self, message_predicate: MessagePredicate) -> Match: ...
    def hold(self, seconds: float) -> bool: ...
    def close_with(self, code: int, reason: str) -> bool: ...


Varying = Payload | MessagePredicate
Operation = Callable[[Performer], bool]
"""Starts an operation. Returns True if it is complete; else the session continues when it is."""


class Target(NamedTuple):
    """The URL of a step; without a URL of its own (``own``) the user's current connection."""

    own: bool
    url: Payload
    headers: tuple[tuple[str, ByteTemplate], ...]
    offer: Offer

    def text(self, scope: Scope) -> str:
        """The URL for one virtual user at this moment. Raises MissingVariable and NotSent."""
        return self.url.render(scope).decode()


class WebSocketCall(Call):
    """A compiled step. ``varying`` is what its script has that varies: it is rendered before anything is sent."""

    __slots__ = ("operations", "target", "varying")

    def __init__(self, target: Target, operations: list[Operation], varying: list[Varying], timeout_ns: int) -> None:
        super().__init__(timeout_ns)
        self.target = target
        self.operations = tuple(operations)
        self.varying = tuple(varying)

    def render(self, scope: Scope) -> dict[Varying, Any]:
        """Render the varying parts for one virtual user. Raises MissingVariable and NotSent."""
        return {each: each.render(scope) for each in self.varying}


class Script:
    """Compiles the actions of one step; ``varying`` and ``held_ns`` (time the step holds on purpose) add up."""

    def __init__(self, texts: Texts) -> None:
        self.varying: list[Varying] = []
        self.held_ns = 0
        self._texts = texts

    def operations(self, action: Action, at: str) -> Iterator[Operation]:
        """An action's operations, in the order they are done."""
        prefix = f"{at}." if at else ""
        if action.payloads:
            yield self._send(action, action.payloads[0], prefix)
        if action.ping:
            yield lambda session: session.ping()
        if action.expect is not None:
            yield self._expect(action.expect, f"{prefix}expect")
        if action.hold is not None:
            yield self._hold(action.hold)
        if action.close is not None:
            code, reason = action.close.code, action.close.reason
            yield lambda session: session.close_with(code, reason)

    def _send(self, action: Action, kind: str, prefix: str) -> Operation:
        payload = self._payload(action, kind, prefix + kind)
        if payload.constant is None:
            self.varying.append(payload)
        frame = WSMsgType.BINARY if kind == "base64" else WSMsgType.TEXT
        return lambda session: session.send(frame, payload)

    def _payload(self, action: Action, kind: str, at: str) -> Payload:
        if kind == "json":
            return self._texts.json(action.json_body, at)
        if kind == "base64":
            return self._texts.base64(action.base64 or "", at)
        return self._texts.text(action.text or "", at)

    def _hold(self, seconds: float) -> Operation:
        self.held_ns += int(seconds * NS)
        return lambda session: session.hold(seconds)

    def _expect(self, expect: Expect, at: str) -> Operation:
        count, timeout_s = expect.count, None if expect.timeout is None else expect.timeout / 1000
        predicate = message_predicate(expect, self._texts, at)
        if predicate is None:
            return lambda session: session.expect(None, count, timeout_s)
        constant = predicate.payload.constant
        if constant is None:
            self.varying.append(predicate)
            return lambda session: session.expect(session.rendered(predicate), count, timeout_s)
        match = None if self._texts.problems else predicate.make(constant)
        return lambda session: session.expect(match, count, timeout_s)
