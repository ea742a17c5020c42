"""Texts with ``{{…}}`` in them, compiled once into segments.

``{{name}}`` is a variable of the virtual user or of the environment, ``{{$name(argument, …)}}`` a function (see
``functions``); its parentheses may be left out where it needs no argument. ``\\{{`` is a literal ``{{``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Protocol

from perfsvc.errors import Problem
from perfsvc.model.functions.compiler import Compiled
from perfsvc.model.functions.compiler import ExpressionCompiler
from perfsvc.model.functions.compiler import MissingVariable
from perfsvc.model.functions.compiler import Value
from perfsvc.model.functions.expression import parse
from perfsvc.model.functions.function import NotSent
from perfsvc.model.functions.function import as_text
from perfsvc.model.functions.library import Library
from perfsvc.model.problems import Fault
from perfsvc.model.problems import bounded

__all__ = ["MissingVariable", "Template", "Variables", "as_text"]

# A quoted text may hold braces. What has an open quote is left to the second form, whose grammar names the fault.
PLACEHOLDER = re.compile(
    r"""\\\{\{|\{\{((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^"'])*?)\}\}|\{\{(.*?)\}\}""", re.DOTALL
)


MOST_PLACEHOLDERS = 1_000
MAX_RENDERED = 10_000_000
"""Characters of one text: rendering blocks the loop."""
FEW = 16
"""Parts whose sum is not watched."""
TOO_LARGE = "Request Too Large"


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

    ``render`` returns the text for one virtual user at this moment; it raises MissingVariable and NotSent.
    ``value`` reads the value of a text that is one placeholder and nothing else, with its type; None for other texts.
    ``library`` has the functions of the run.
    """

    __slots__ = ("_literals", "constant", "names", "render", "segments", "value")

    def __init__(self, text: str, constants: Mapping[str, str] | None = None, library: Library | None = None) -> None:
        """Raises Fault with every placeholder that means nothing, for too many, and for too long a constant text."""
        self.names: set[str] = set()
        self.segments: list[str | Segment] = []
        self.value: Value | None = None
        compiler = ExpressionCompiler({} if constants is None else constants, library or Library(), self.names)
        position = 0
        self._literals: list[str] = []
        problems: list[Problem] = []
        for number, match in enumerate(PLACEHOLDER.finditer(text)):
            if number >= MOST_PLACEHOLDERS:
                zh, en = f"占位符超过 {MOST_PLACEHOLDERS} 个", f"has more than {MOST_PLACEHOLDERS} placeholders"
                raise Fault(zh, en)
            self._literals.append(text[position : match.start()])
            try:
                self._placeholder(match[1] if match[2] is None else match[2], compiler)
            except Fault as fault:
                problems += fault.problems
            position = match.end()
        if problems:
            raise Fault.all(bounded(problems))
        self._literals.append(text[position:])
        self._end_literal()
        self.constant = self._joined_literals()
        if len(self.segments) != 1 or self.constant is not None:
            self.value = None
        self.render = renderer(self.segments)

    def _placeholder(self, expression: str | None, compiler: ExpressionCompiler) -> None:
        if expression is None:
            self._literals.append("{{")
            return
        compiled = compiler.compile(parse(expression.strip()))
        if compiled.value is None:
            self._literals.append(as_text(compiled.constant))
        else:
            self._end_literal()
            self.value = compiled.value
            self.segments.append(text_of(compiled.value, compiled))

    def _end_literal(self) -> None:
        """Join the constant texts since the last part that varies."""
        length = sum(map(len, self._literals))
        if length > MAX_RENDERED:
            raise Fault(
                f"填入变量后超过 {MAX_RENDERED} 个字符",
                f"has more than {MAX_RENDERED} characters with its variables filled in",
            )
        if length:
            self.segments.append("".join(self._literals))
        self._literals = []

    def _joined_literals(self) -> str | None:
        if not self.segments:
            return ""
        only = self.segments[0]
        return only if len(self.segments) == 1 and isinstance(only, str) else None


def text_of(value: Value, compiled: Compiled) -> Segment:
    """A segment that writes a value as text; of a variable without a call in between."""
    name = compiled.variable

    def read(scope: Variables) -> str:
        found = value(scope)
        return found if isinstance(found, str) else as_text(found)

    def read_variable(scope: Variables) -> str:
        try:
            found = scope.variables[name]  # type: ignore[index]  # it has a name here
        except KeyError:
            raise MissingVariable(name or "") from None
        return found if isinstance(found, str) else as_text(found)

    return read if name is None else read_variable


def renderer(segments: Sequence[str | Segment]) -> Segment:
    """The function that renders segments: the fewer there are, the less it has to look at."""
    if len(segments) > FEW:
        return lambda scope: rendered_bounded(segments, scope)
    literals, varying = [""], []
    for part in segments:
        if isinstance(part, str):
            literals[-1] += part
        else:
            varying.append(part)
            literals.append("")
    if not varying:
        constant = literals[0]
        return lambda scope: constant
    if len(varying) == 1:
        (first, last), (only,) = literals, varying
        return lambda scope: first + only(scope) + last
    if len(varying) == 2:
        (first, middle, last), (one, two) = literals, varying
        return lambda scope: "".join((first, one(scope), middle, two(scope), last))
    return lambda scope: "".join([part if isinstance(part, str) else part(scope) for part in segments])


def rendered_bounded(segments: Sequence[str | Segment], scope: Variables) -> str:
    """The text of many segments. Raise NotSent where it is too long."""
    parts, length = [], 0
    for part in segments:
        parts.append(part if isinstance(part, str) else part(scope))
        length += len(parts[-1])
        if length > MAX_RENDERED:
            raise NotSent(TOO_LARGE, f"a text of more than {MAX_RENDERED} characters")
    return "".join(parts)
