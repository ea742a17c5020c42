"""JSON values whose strings may hold templates: what checks and conditions compare with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perfsvc.model.template import Template
from perfsvc.model.template import Variables

Compile = Callable[[str], Template]
Render = Callable[[Variables], Any]


class ValueTemplate:
    """A compiled value. ``render`` gives it for one virtual user; a placeholder that is a whole string keeps its type.

    ``filled_in`` is whether it has placeholders, also such that are constants of the environment.
    """

    __slots__ = ("filled_in", "render")

    def __init__(self, value: Any, template: Compile) -> None:
        """Raises Fault for a placeholder that means nothing."""
        self.filled_in = False
        self.render = self._compiled(value, template)

    def _compiled(self, value: Any, template: Compile) -> Render:
        if isinstance(value, str):
            return self._text(value, template(value))
        if isinstance(value, dict):
            items = {name: self._compiled(item, template) for name, item in value.items()}
            return lambda scope: {name: render(scope) for name, render in items.items()}
        if isinstance(value, list | tuple):
            parts = [self._compiled(item, template) for item in value]
            return lambda scope: [render(scope) for render in parts]
        return lambda scope: value

    def _text(self, text: str, template: Template) -> Render:
        self.filled_in |= template.constant != text
        if template.constant is not None:
            constant = template.constant
            return lambda scope: constant
        return template.value or template.render


def same_value(value: Any, expected: Any) -> bool:
    """Whether two JSON values are equal; true and 1 are not."""
    if isinstance(value, bool) or isinstance(expected, bool):
        return value is expected
    if isinstance(value, dict) and isinstance(expected, dict):
        return value.keys() == expected.keys() and all(same_value(value[name], expected[name]) for name in value)
    if isinstance(value, list) and isinstance(expected, list):
        return len(value) == len(expected) and all(map(same_value, value, expected))
    return bool(value == expected)
