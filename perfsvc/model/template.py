"""Texts with ``{{name}}`` in them, compiled once into segments.

``{{name}}`` is a variable of the virtual user or of the environment. Built in are ``{{$vu}}``, ``{{$iteration}}``,
``{{$uuid}}``, ``{{$timestamp}}`` (Unix seconds), ``{{$timestamp_ms}}``, ``{{$randomInt(1,9)}}`` (both ends included)
and ``{{$faker.name}}`` with any of Faker's providers. ``\\{{`` is a literal ``{{``.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import Protocol

from perfsvc.model.problems import Fault

PLACEHOLDER = re.compile(r"\\\{\{|\{\{\s*(.*?)\s*\}\}", re.DOTALL)
VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")
RANDOM_INT = re.compile(r"^\$randomInt\(\s*(-?\d{1,18})\s*,\s*(-?\d{1,18})\s*\)$")
FAKER = re.compile(r"^\$faker\.([a-z][a-z0-9_]*)$")


class MissingVariable(Exception):
    """A template needs a variable that the virtual user does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Missing variable: {name}")
        self.name = name
        self.error_class = f"Missing variable: {name}"


class Variables(Protocol):
    """What a template looks at: see ``plugin.protocol.Scope``."""

    vu: int
    iteration: int
    variables: dict[str, Any]

    @property
    def random(self) -> Any: ...


Segment = Callable[[Any], str]


class Template:
    """A compiled text. ``constant`` is the whole text when nothing in it varies, else None."""

    __slots__ = ("constant", "names", "segments")

    def __init__(self, text: str, constants: Mapping[str, str] | None = None) -> None:
        """Raises Fault for a placeholder that means nothing."""
        self.names: set[str] = set()
        self.segments: list[str | Segment] = []
        position = 0
        for match in PLACEHOLDER.finditer(text):
            self._literal(text[position : match.start()])
            self._placeholder(match[1], constants or {})
            position = match.end()
        self._literal(text[position:])
        self.constant = self._joined_literals()

    def render(self, scope: Variables) -> str:
        """The text for one virtual user at this moment. Raises MissingVariable."""
        if self.constant is not None:
            return self.constant
        return "".join([part if isinstance(part, str) else part(scope) for part in self.segments])

    def _placeholder(self, expression: str | None, constants: Mapping[str, str]) -> None:
        if expression is None:
            self._literal("{{")
        elif expression in constants:
            self._literal(constants[expression])
        else:
            self.segments.append(self._segment(expression))

    def _segment(self, expression: str) -> Segment:
        if VARIABLE.match(expression):
            self.names.add(expression)
            return variable(expression)
        return built_in(expression)

    def _literal(self, text: str) -> None:
        if self.segments and isinstance(self.segments[-1], str):
            self.segments[-1] += text
        elif text:
            self.segments.append(text)

    def _joined_literals(self) -> str | None:
        if not self.segments:
            return ""
        only = self.segments[0]
        return only if len(self.segments) == 1 and isinstance(only, str) else None


def variable(name: str) -> Segment:
    """A segment that reads a variable. Objects and lists are written as JSON, booleans and null as JSON has them."""

    def read(scope: Variables) -> str:
        try:
            value = scope.variables[name]
        except KeyError:
            raise MissingVariable(name) from None
        return value if isinstance(value, str) else as_text(value)

    return read


def as_text(value: Any) -> str:
    """How a value that is not a string stands in a text."""
    if type(value) is int:
        return str(value)
    return json.dumps(value, ensure_ascii=False)


SIMPLE: dict[str, Segment] = {
    "$vu": lambda scope: str(scope.vu),
    "$iteration": lambda scope: str(scope.iteration),
    "$uuid": lambda scope: str(uuid.UUID(int=scope.random.getrandbits(128), version=4)),
    "$timestamp": lambda scope: str(int(time.time())),
    "$timestamp_ms": lambda scope: str(time.time_ns() // 1_000_000),
}


def built_in(expression: str) -> Segment:
    """A segment for a ``$`` expression; raises Fault for one that does not exist."""
    if expression in SIMPLE:
        return SIMPLE[expression]
    if match := RANDOM_INT.match(expression):
        return _random_int(int(match[1]), int(match[2]))
    if match := FAKER.match(expression):
        return _faker(match[1])
    raise Fault(f"无法识别的占位符 {{{{{expression}}}}}", f"unknown placeholder {{{{{expression}}}}}")


def _random_int(low: int, high: int) -> Segment:
    if low > high:
        raise Fault("randomInt 的下限大于上限", "the lower bound of randomInt exceeds the upper one")
    return lambda scope: str(scope.random.randint(low, high))


def _faker(provider: str) -> Segment:
    from faker import Factory  # imported late: it takes 0.2 s that few runs need

    fake = Factory.create()
    method = getattr(fake, provider, None)
    if not callable(method):
        raise Fault(f"Faker 没有 {provider}", f"Faker has no {provider}")

    def make(scope: Variables) -> str:
        fake.random = scope.random
        return str(method())

    return make
