"""The grammar of what stands between ``{{`` and ``}}``: a variable, or a call whose arguments may be calls."""

from __future__ import annotations

import re
from typing import Any
from typing import NamedTuple

from perfsvc.model.problems import Fault
from perfsvc.model.variable_name import NAME

MOST_NESTED = 32
TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<number>-?\d+(?:\.\d+)?)(?![\w.])
    |(?P<call>\$[A-Za-z_]\w*(?:\.\w+)*)
    |(?P<variable>"""
    + NAME
    + r""")(?![\w-])
    |(?P<sign>[(),])
    )\s*""",
    re.VERBOSE | re.DOTALL,
)
HALF_WIDTH = {"，": ",", "（": "(", "）": ")", "“": '"', "”": '"', "‘": "'", "’": "'", "＄": "$", "￥": "$", "、": ","}
"""What is meant by a sign that an input method for Chinese writes."""
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class Variable(NamedTuple):
    """A variable by its name."""

    name: str


class Constant(NamedTuple):
    """A text or a number."""

    value: Any


class Invocation(NamedTuple):
    """A call of a function; ``name`` is without the ``$``."""

    name: str
    arguments: tuple[Variable | Constant | Invocation, ...]
    written: str


Expression = Variable | Constant | Invocation


def parse(text: str) -> Expression:
    """Parse a whole expression. Raise Fault with the place of what is wrong in it."""
    reader = _Reader(text)
    expression = reader.expression(0)
    if reader.position < len(text) or isinstance(expression, Constant):
        raise reader.fault()
    return expression


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def expression(self, depth: int) -> Expression:
        if depth > MOST_NESTED:
            raise Fault(f"函数嵌套超过 {MOST_NESTED} 层", f"functions are nested more than {MOST_NESTED} deep")
        start = self.position
        match = TOKEN.match(self.text, start)
        if match is None or match["sign"] is not None:
            raise self.fault()
        self.position = match.end()
        if match["text"] is not None:
            return Constant(unquoted(match["text"]))
        if match["number"] is not None:
            return Constant(float(match["number"]) if "." in match["number"] else int(match["number"][:400]))
        if match["variable"] is not None:
            return Variable(match["variable"])
        arguments = self._arguments(depth) if self._takes("(") else ()
        return Invocation(match["call"][1:], arguments, self.text[start : self.position].strip())

    def _arguments(self, depth: int) -> tuple[Expression, ...]:
        if self._takes(")"):
            return ()
        arguments = [self.expression(depth + 1)]
        while self._takes(","):
            arguments.append(self.expression(depth + 1))
        if not self._takes(")"):
            raise self.fault()
        return tuple(arguments)

    def _takes(self, sign: str) -> bool:
        match = TOKEN.match(self.text, self.position)
        if match is None or match["sign"] != sign:
            return False
        self.position = match.end()
        return True

    def fault(self) -> Fault:
        """Build the error at a column, with what may be written there."""
        shown, rest, column = self.text[:100], self.text[self.position :][:20], self.position + 1
        zh = f"无法识别的占位符 {{{{{shown}}}}}：第 {column} 列 {rest!r}"
        en = f"unknown placeholder {{{{{shown}}}}}: column {column}, {rest!r}"
        if (plain := HALF_WIDTH.get(rest[:1])) is not None:
            return Fault(f"{zh}；{rest[0]} 是中文标点，请改为 {plain}", f"{en}; write {plain} for {rest[0]}")
        return Fault(
            f"{zh}；应为变量名或 $函数(…)，参数为变量名、带引号的文本、数字或 $函数(…)",
            f"{en}; write a variable's name or $function(…), with names, quoted texts, numbers or calls as arguments",
        )


def unquoted(text: str) -> str:
    r"""The text between quotes; ``\n``, ``\r`` and ``\t`` are control characters, any other ``\x`` is ``x``."""
    return re.sub(r"\\(.)", lambda match: ESCAPES.get(match[1], match[1]), text[1:-1], flags=re.DOTALL)
