"""Predicates of ``expect``, compiled once, or once per request if they vary."""

from __future__ import annotations

from collections.abc import Callable
from json import JSONDecodeError
from json import loads
from typing import Any
from typing import NamedTuple

from perfsvc.plugin import MISSING
from perfsvc.plugin import Fault
from perfsvc.plugin import NotSent
from perfsvc.plugin import Problem
from perfsvc.plugin import Scope
from perfsvc.plugin import compile_path
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc_protocols._net.pattern import SearchTimeout
from perfsvc_protocols._net.pattern import compile_search
from perfsvc_protocols._net.payload import NOTHING
from perfsvc_protocols._net.payload import Payload
from perfsvc_protocols._net.payload import Texts
from perfsvc_protocols.websocket.spec import Expect
from perfsvc_protocols.websocket.spec import JsonMatch

Match = Callable[[bytes], bool]


class MessagePredicate(NamedTuple):
    """An expected message: ``make`` compiles the rendered ``payload`` to a predicate. Raises Fault."""

    payload: Payload
    make: Callable[[bytes], Match]

    def render(self, scope: Scope) -> Match:
        """The predicate for one virtual user at this moment. Raises MissingVariable and NotSent."""
        try:
            return self.make(self.payload.render(scope))
        except Fault as fault:
            raise NotSent(INVALID_REQUEST, str(fault)) from None


def message_predicate(expect: Expect, texts: Texts, at: str) -> MessagePredicate | None:
    """Return the predicate of an ``expect``, None for any message. Problems are added to ``texts``."""
    if expect.contains is not None:
        return MessagePredicate(texts.text(expect.contains, f"{at}.contains"), _contains)
    if expect.regex is not None:
        return _sound(MessagePredicate(texts.pattern(expect.regex, f"{at}.regex"), _regex), texts, f"{at}.regex")
    if expect.json_match is not None:
        return _at_path(expect.json_match, texts, f"{at}.json")
    return None


def _sound(made: MessagePredicate, texts: Texts, at: str) -> MessagePredicate:
    """The same, once it was tried out where nothing in it varies."""
    if made.payload.constant is not None:
        try:
            made.make(made.payload.constant)
        except Fault as fault:
            texts.problems += [Problem(at, problem.text) for problem in fault.problems]
    return made


def _at_path(match: JsonMatch, texts: Texts, at: str) -> MessagePredicate | None:
    try:
        get = compile_path(match.path)
    except Fault as fault:
        texts.problems += [Problem(f"{at}.path", problem.text) for problem in fault.problems]
        return None
    if "equals" not in match.model_fields_set:
        return MessagePredicate(NOTHING, lambda _: _json(get, MISSING, False))
    payload = texts.json(match.equals, f"{at}.equals")
    varies = payload.constant is None
    return MessagePredicate(payload, lambda rendered: _json(get, loads(rendered), varies))


def _contains(needle: bytes) -> Match:
    return lambda message: needle in message


def _regex(pattern: bytes) -> Match:
    search = compile_search(pattern.decode())

    def match(message: bytes) -> bool:
        try:
            return search(message) is not None
        except SearchTimeout:
            return False

    return match


def _json(get: Callable[[Any], Any], expected: Any, as_text: bool) -> Match:
    """``as_text``: what templates give is text, so a number is compared by its text too."""

    def match(message: bytes) -> bool:
        try:
            value = get(loads(message))
        except (JSONDecodeError, UnicodeDecodeError, RecursionError):
            return False
        if expected is MISSING or value is MISSING:
            return value is not MISSING
        return bool(value == expected or (as_text and type(value) in (int, float) and str(value) == expected))

    return match
