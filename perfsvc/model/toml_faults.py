"""Where a text is not TOML, why, and what to do about it, in both languages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable

from perfsvc.errors import Text
from perfsvc.model.text_place import NOT_UTF8
from perfsvc.model.text_place import TextFault
from perfsvc.model.text_place import at
from perfsvc.model.text_place import bracket_not_closed
from perfsvc.model.text_place import not_allowed
from perfsvc.model.text_place import not_parsed
from perfsvc.model.text_place import quote_not_closed

SAID = re.compile(r"(?P<said>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)
"""The message of the parser, which has the place in no other form."""
BARE = re.compile(r"\s*[^=\n]*=\s*(?P<value>[^\s\"'\[{#][^#\n]*?)\s*(?:#|$)")
"""A key with a value that is not in quotes."""
CONSTANTS = {"true", "false"}

STATEMENT = Text(
    "这一行应写成 键 = 值，或 [表名]；键只能由字母、数字、_ 和 - 组成，其余的要加引号",
    "a line is key = value, or [table]; a key has letters, digits, _ and -, others are put in quotes",
)
EQUALS = Text("键后应为等号，请写成 键 = 值", "an equals sign follows a key; write key = value")
NO_VALUE = Text("等号后缺少值", "a value is missing after the equals sign")
BEHIND = Text(
    "值已经结束，请删去其后的内容，或另起一行", "the value ends before this; remove what follows, or begin a new line"
)
ITEMS = Text(
    "数组没有闭合，或缺少逗号；请补上 ] 或逗号", "the list is not closed, or a comma is missing; add ] or a comma"
)
INLINE = Text("内联表没有闭合；请补上 }，并写在同一行", "the inline table is not closed; add } and keep it on one line")
BACKSLASH = Text(
    "双引号中的 \\ 要写成 \\\\，或改用单引号", "write \\\\ for a \\ in double quotes, or use single quotes"
)
HEX = Text("\\u 之后应为四位十六进制数", "four hexadecimal digits follow \\u")
TWICE = Text(
    "此处的键或表已经定义过；请删去一个或改名", "this key or table is there already; remove or rename one of them"
)


def toml_fault(text: str, error: Exception) -> TextFault:
    """Return the place and the reason of an error that the parser of TOML raised for ``text``, or its decoding."""
    if isinstance(error, UnicodeDecodeError):
        return TextFault(0, 0, NOT_UTF8)
    match = SAID.fullmatch(str(error))
    if not isinstance(error, tomllib.TOMLDecodeError) or match is None:
        return TextFault(0, 0, not_parsed(str(error)))
    text = text.replace("\r\n", "\n")  # as the parser does before it counts
    position = len(text) if match["line"] is None else _position(text, int(match["line"]), int(match["column"]))
    for beginning, rule in RULES:
        if match["said"].startswith(beginning):
            return rule(text, position)
    return at(text, position, not_parsed(match["said"]))


def _position(text: str, line: int, column: int) -> int:
    return sum(len(each) + 1 for each in text.split("\n")[: line - 1]) + column - 1


def _line(text: str, position: int) -> tuple[int, str]:
    """Return where the line of a position begins, and the line; of an end, the last one that is not empty."""
    begin = text.rstrip().rfind("\n", 0, position) + 1
    return begin, text[begin:].partition("\n")[0]


def _fixed(reason: Text) -> Callable[[str, int], TextFault]:
    return lambda text, position: at(text, position, reason)


def _value(text: str, position: int) -> TextFault:
    """Text in the place of a value: mostly a word, an address or a path without quotes."""
    begin, line = _line(text, position)
    bare = BARE.match(line)
    if bare is None:
        return at(text, min(position, begin + len(line)), NO_VALUE if line.rstrip().endswith("=") else BEHIND)
    value = bare["value"]
    reason = (
        Text(f"请写成 {value.lower()}", f"write {value.lower()}")
        if value.lower() in CONSTANTS
        else Text(f'文本要加引号，请写成 "{value}"', f'texts are in quotes; write "{value}"')
    )
    return at(text, begin + bare.start("value"), reason)


def _quote(text: str, position: int) -> TextFault:
    begin, line = _line(text, position)
    quote = next((each for each in line if each in "\"'"), '"')
    return at(text, begin + max(line.find(quote), 0), quote_not_closed(quote))


def _character(text: str, position: int) -> TextFault:
    character = text[position : position + 1]
    if character in ("\n", ""):
        return _quote(text, max(position - 1, 0))
    return at(text, position, not_allowed(character))


def _table(text: str, position: int) -> TextFault:
    begin, line = _line(text, position)
    opening = "[[" if line.lstrip().startswith("[[") else "["
    return at(text, begin, bracket_not_closed(opening, "]" * len(opening)))


def _twice(text: str, position: int) -> TextFault:
    begin, _ = _line(text, position - 1)
    return at(text, begin, TWICE)


RULES: tuple[tuple[str, Callable[[str, int], TextFault]], ...] = (
    ("Invalid statement", _fixed(STATEMENT)),
    ("Invalid initial character for a key", _fixed(STATEMENT)),
    ("Expected '=' after a key", _fixed(EQUALS)),
    ("Expected newline or end of document", _value),
    ("Invalid value", _value),
    ("Invalid date", _value),
    ("Unterminated string", _quote),
    ("Expected \"'", _quote),
    ("Illegal character", _character),
    ("Found invalid character", _character),
    ("Unclosed array", _fixed(ITEMS)),
    ("Unclosed inline table", _fixed(INLINE)),
    ("Unescaped '\\'", lambda text, position: at(text, text.rfind("\\", 0, position), BACKSLASH)),
    ("Invalid hex value", _fixed(HEX)),
    ("Escaped character is not", _fixed(HEX)),
    ("Expected ']", _table),
    ("Cannot ", _twice),
    ("Duplicate inline table key", _twice),
)
"""What the parser says, and the reason behind it."""
