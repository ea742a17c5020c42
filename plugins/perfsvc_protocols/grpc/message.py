"""A message as users write it, JSON with templates in its strings, and its bytes once it is rendered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from typing import NamedTuple

from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc_protocols.grpc.schema import Method

KEPT_BODIES = 4096
KEPT_BYTES = 8 * 1024 * 1024


class WrittenValue(NamedTuple):
    """A truth value, null, list or object, as JSON: a placeholder that is a whole string keeps its type.

    Numbers are left as text, which fields of numbers and of texts both take.
    """

    json: str


Texts = tuple[str | WrittenValue, ...]
"""Values of the varying strings of a message: with the message they determine its bytes."""


class Slot(NamedTuple):
    """The place of a varying string in a message."""

    number: int


class MessageTemplate:
    """One message of a step, shared by all users; keeps the bytes of what was rendered lately."""

    __slots__ = ("_kept", "_kept_bytes", "_shape", "_templates", "at")

    def __init__(self, value: Any, template: Callable[[str, str], Template], at: str) -> None:
        """``template`` compiles a text and notes what is wrong with it under the given path."""
        self.at = at
        self._templates: list[Template] = []
        self._shape = self._cut(value, at, template)
        self._kept: dict[Texts, bytes] = {}
        self._kept_bytes = 0

    @property
    def constant(self) -> bool:
        """Whether one rendering serves all calls."""
        return not self._templates

    def render(self, scope: Scope) -> Texts:
        """The varying strings for one virtual user. Raises MissingVariable."""
        return tuple([_value(template, scope) for template in self._templates])

    def encoded(self, texts: Texts, method: Method) -> bytes:
        """The message's bytes. Raises Fault when it is no such message."""
        data = self._kept.get(texts)
        if data is None:
            data = method.encoded(_filled(self._shape, texts))
            self._keep(texts, data)
        return data

    def filled(self, texts: Texts) -> Any:
        """The message as JSON, for people."""
        return _filled(self._shape, texts)

    def _cut(self, value: Any, at: str, template: Callable[[str, str], Template]) -> Any:
        if isinstance(value, dict):
            return {name: self._cut(item, f"{at}.{name}", template) for name, item in value.items()}
        if isinstance(value, list):
            return [self._cut(item, f"{at}[{number}]", template) for number, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        compiled = template(value, at)
        if compiled.constant is not None:
            return compiled.constant
        self._templates.append(compiled)
        return Slot(len(self._templates) - 1)

    def _keep(self, texts: Texts, data: bytes) -> None:
        self._kept[texts] = data
        self._kept_bytes += _weight(texts, data)
        while len(self._kept) > KEPT_BODIES or (self._kept_bytes > KEPT_BYTES and len(self._kept) > 1):
            oldest = next(iter(self._kept))
            self._kept_bytes -= _weight(oldest, self._kept.pop(oldest))


def _value(template: Template, scope: Scope) -> str | WrittenValue:
    if template.value is None:
        return template.render(scope)
    value = template.value(scope)
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return WrittenValue(json.dumps(value))


def _filled(shape: Any, texts: Texts) -> Any:
    if isinstance(shape, Slot):
        text = texts[shape.number]
        return text if isinstance(text, str) else json.loads(text.json)
    if isinstance(shape, dict):
        return {name: _filled(item, texts) for name, item in shape.items()}
    return [_filled(item, texts) for item in shape] if isinstance(shape, list) else shape


def _weight(texts: Texts, data: bytes) -> int:
    return len(data) + sum(len(text) if isinstance(text, str) else len(text.json) for text in texts)
