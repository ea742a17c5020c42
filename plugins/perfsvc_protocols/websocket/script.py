"""The actions of a step, compiled to operations that the session performs one after the other."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from json import JSONDecodeError
from json import loads
from typing import Any
from typing import NamedTuple
from typing import Protocol

from picows import WSMsgType

from perfsvc.plugin import MISSING
from perfsvc.plugin import Call
from perfsvc.plugin import Fault
from perfsvc.plugin import Problem
from perfsvc.plugin import Scope
from perfsvc.plugin import compile_path
from perfsvc_protocols._net.pattern import compile_search
from perfsvc_protocols._net.payload import Payload
from perfsvc_protocols._net.payload import Texts
from perfsvc_protocols._net.pieces import Pieces
from perfsvc_protocols.websocket.spec import Action
from perfsvc_protocols.websocket.spec import Expect

NS = 1_000_000_000

Match = Callable[[bytes], bool]


class Performer(Protocol):
    """What an operation asks of the session. Each answers whether it is done already."""

    def send(self, kind: WSMsgType, payload: Payload) -> bool: ...
    def ping(self) -> bool: ...
    def expect(self, match: Match | None, count: int, timeout_s: float | None) -> bool: ...
    def hold(self, seconds: float) -> bool: ...
    def close_with(self, code: int, reason: str) -> bool: ...


Operation = Callable[[Performer], bool]
"""Begins something; True when it is done already, else the session goes on when it is."""


class Target(NamedTuple):
    """Where a step wants to be connected: no URL of its own means wherever the user is."""

    own: bool
    url: Pieces
    headers: tuple[tuple[str, Pieces], ...]


class WebSocketCall(Call):
    """A compiled step. ``payloads`` are those of its script that vary: they are rendered before anything is sent."""

    __slots__ = ("operations", "payloads", "target")

    def __init__(self, target: Target, operations: list[Operation], payloads: list[Payload], timeout_ns: int) -> None:
        super().__init__(timeout_ns)
        self.target = target
        self.operations = tuple(operations)
        self.payloads = tuple(payload for payload in payloads if payload.constant is None)

    def render(self, scope: Scope) -> dict[Payload, bytes]:
        """What varies, for one virtual user at this moment. Raises MissingVariable and NotSent."""
        return {payload: payload.render(scope) for payload in self.payloads}


class Script:
    """Compiles the actions of one step; ``payloads`` and ``held_ns`` (time the step holds on purpose) add up."""

    def __init__(self, texts: Texts) -> None:
        self.payloads: list[Payload] = []
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
        self.payloads.append(payload)
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
        try:
            match = predicate(expect)
        except Fault as fault:
            self._texts.problems += [Problem(f"{at}.{problem.path}", problem.text) for problem in fault.problems]
            match = None
        count, timeout_s = expect.count, None if expect.timeout is None else expect.timeout / 1000
        return lambda session: session.expect(match, count, timeout_s)


def predicate(expect: Expect) -> Match | None:
    """Whether a message is one that is waited for; None when every one is. Raises Fault."""
    if expect.contains is not None:
        needle = expect.contains.encode()
        return lambda message: needle in message
    if expect.regex is not None:
        return _regex(expect.regex)
    if expect.json_match is not None:
        compares = "equals" in expect.json_match.model_fields_set
        return _json(expect.json_match.path, expect.json_match.equals if compares else MISSING)
    return None


def _regex(pattern: str) -> Match:
    try:
        search = compile_search(pattern)
    except Fault as fault:
        raise Fault(*fault.problems[0].text, "regex") from None
    return lambda message: search(message) is not None


def _json(path: str, wanted: Any) -> Match:
    try:
        get = compile_path(path)
    except Fault as fault:
        raise Fault(*fault.problems[0].text, "json.path") from None

    def match(message: bytes) -> bool:
        try:
            found = get(loads(message))
        except (JSONDecodeError, UnicodeDecodeError, RecursionError):
            return False
        return found is not MISSING if wanted is MISSING else bool(found == wanted)

    return match
