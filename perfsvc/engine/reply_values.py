"""Values in a reply that checks and extractors share: the JSON document, compiled patterns and paths."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from typing import Generic
from typing import TypeVar

import msgspec
import regex

from perfsvc.model.jsonpath import MISSING
from perfsvc.model.jsonpath import compile_path
from perfsvc.model.jsonpath import compile_paths
from perfsvc.model.problems import Fault
from perfsvc.model.template import Template
from perfsvc.model.user_pattern import compile_pattern
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import Scope

T = TypeVar("T")

MOST_VARIANTS = 100
"""Expressions with variables in them that are kept compiled, of each place."""

decode_json = msgspec.json.Decoder().decode


class Latest(Generic[T]):
    """What was made of the body that was looked at last, so that several checks of one reply share it."""

    __slots__ = ("_kept", "_make")

    def __init__(self, make: Callable[[bytes], T]) -> None:
        self._make = make
        self._kept: tuple[bytes | None, Any] = (None, None)  # one tuple, so that threads see a body with its own

    def of(self, body: bytes) -> T:
        """What ``make`` makes of a body."""
        kept, made = self._kept
        if kept is not body:
            made = self._make(body)
            self._kept = (body, made)
        found: T = made
        return found


def _decoded(body: bytes) -> Any:
    try:
        return decode_json(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return MISSING


_documents: Latest[Any] = Latest(_decoded)


def document_of(reply: Reply) -> Any:
    """Return the body decoded as JSON, or MISSING where it is not JSON. Not to be changed: it is shared."""
    return _documents.of(reply.body())


class Varying(Generic[T]):
    """An expression that may hold variables, compiled once where it does not, else once for each text it becomes."""

    __slots__ = ("_compile", "_template", "_variants", "constant")

    def __init__(
        self, text: str, template: Callable[[str], Template], compile_text: Callable[[str], T], at: str
    ) -> None:
        """Raises Fault at ``at``."""
        try:
            self._template = template(text)
            self._compile = compile_text
            self._variants: OrderedDict[str, T] = OrderedDict()
            self.constant = None if self._template.constant is None else compile_text(self._template.constant)
        except Fault as fault:
            raise Fault(*fault.problems[0].text, at) from None

    def of(self, scope: Scope) -> T:
        """The expression for one virtual user. Raises MissingVariable, and Fault where it became an invalid one."""
        if self.constant is not None:
            return self.constant
        text = self._template.render(scope)
        made = self._variants.get(text)
        if made is None:
            made = self._variants[text] = self._compile(text)
            if len(self._variants) > MOST_VARIANTS:
                self._variants.popitem(last=False)
        return made


def compile_regex(pattern: str, at: str) -> regex.Pattern[str]:
    """Compile a regular expression. Raise Fault at ``at``."""
    return at_path(compile_pattern, pattern, at)


def compile_json_paths(path: str) -> Callable[[Any], list[Any]]:
    """Compile a JSONPath for every value at it. Raise Fault at ``path``."""
    return at_path(compile_paths, path, "path")


def compile_json_path(path: str) -> Callable[[Any], Any]:
    """Compile a JSONPath. Raise Fault at ``path``."""
    return at_path(compile_path, path, "path")


def at_path(compile_text: Callable[[str], T], text: str, at: str) -> T:
    """Compile an expression. Raise its Fault at ``at``."""
    try:
        return compile_text(text)
    except Fault as fault:
        raise Fault(*fault.problems[0].text, at) from None
