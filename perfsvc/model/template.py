"""Texts with ``{{…}}`` in them, compiled once into segments.

``{{name}}`` is a variable of the virtual user or of the environment, ``{{$name(argument, …)}}`` a function (see
``functions``); its parentheses may be left out where it needs no argument. ``\\{{`` is a literal ``{{``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import Protocol

from perfsvc.errors import Problem
from perfsvc.model.functions.compiler import ExpressionCompiler
from perfsvc.model.functions.compiler import MissingVariable
from perfsvc.model.functions.compiler import Value
from perfsvc.model.functions.expression import parse
from perfsvc.model.functions.function import as_text
from perfsvc.model.functions.library import Library
from perfsvc.model.problems import Fault
from perfsvc.model.problems import bounded

__all__ = ["MissingVariable", "Template", "Variables", "as_text"]

# A quoted text may hold braces. What has an open quote is left to the second form, whose grammar names the fault.
PLACEHOLDER = re.compile(
    r"""\\\{\{|\{\{((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^"'])*?)\}\}|\{\{(.*?)\}\}""", re.DOTALL
)


class Variables(Protocol):
    """Values that a template reads: see ``plugin.protocol.Scope``."""

    vu: int
    iteration: int
    variables: dict[str, Any]

    @property
    def random(self) -> Any: ...


Segment = Callable[[Any], str]


class Template:
    """A compiled text. ``constant`` is the whole text when nothing in it varies, else None.

    ``value`` reads the value of a text that is one placeholder and nothing else, with its type; None for other texts.
    ``library`` has the functions of the run.
    """

    __slots__ = ("constant", "names", "segments", "value")

    def __init__(self, text: str, constants: Mapping[str, str] | None = None, library: Library | None = None) -> None:
        """Raises Fault with every placeholder that means nothing."""
        self.names: set[str] = set()
        self.segments: list[str | Segment] = []
        self.value: Value | None = None
        compiler = ExpressionCompiler({} if constants is None else constants, library or Library(), self.names)
        position = 0
        problems: list[Problem] = []
        for match in PLACEHOLDER.finditer(text):
            self._literal(text[position : match.start()])
            try:
                self._placeholder(match[1] if match[2] is None else match[2], compiler)
            except Fault as fault:
                problems += fault.problems
            position = match.end()
        if problems:
            raise Fault.all(bounded(problems))
        self._literal(text[position:])
        self.constant = self._joined_literals()
        if len(self.segments) != 1 or self.constant is not None:
            self.value = None

    def render(self, scope: Variables) -> str:
        """The text for one virtual user at this moment. Raises MissingVariable and NotSent."""
        if self.constant is not None:
            return self.constant
        return "".join([part if isinstance(part, str) else part(scope) for part in self.segments])

    def _placeholder(self, expression: str | None, compiler: ExpressionCompiler) -> None:
        if expression is None:
            self._literal("{{")
            return
        compiled = compiler.compile(parse(expression.strip()))
        if compiled.value is None:
            self._literal(as_text(compiled.constant))
        else:
            self.value = compiled.value
            self.segments.append(text_of(compiled.value))

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


def text_of(value: Value) -> Segment:
    """A segment that writes a value as text."""

    def read(scope: Variables) -> str:
        found = value(scope)
        return found if isinstance(found, str) else as_text(found)

    return read
