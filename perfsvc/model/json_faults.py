"""Where a text is not JSON, why, and what to do about it, in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from perfsvc.errors import Text
from perfsvc.model.text_place import PLACEHOLDER
from perfsvc.model.text_place import TextFault
from perfsvc.model.text_place import at
from perfsvc.model.text_place import bracket_not_closed
from perfsvc.model.text_place import not_allowed
from perfsvc.model.text_place import not_parsed
from perfsvc.model.text_place import quote_not_closed
from perfsvc.model.text_place import too_many

CLOSING = {"{": "}", "[": "]"}
TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""Texts, and brackets outside of them."""
WORD = re.compile(r"[^\W\d][\w$.-]{0,40}")
CONSTANTS = {"true": "true", "false": "false", "none": "null", "null": "null", "nil": "null", "undefined": "null"}
TYPED = {
    "“": '"',
    "”": '"',
    "‘": '"',
    "’": '"',
    "'": '"',
    "`": '"',
    "，": ",",
    "：": ":",
    "；": ",",
    ";": ",",
    "=": ":",
}
"""Characters that are typed in place of those that JSON has."""

EMPTY = Text("内容为空，请写一个 JSON 对象", "it is empty; write a JSON object")
BOM = Text(
    "开头有字节顺序标记（BOM），请保存为无 BOM 的 UTF-8", "it begins with a byte order mark; save it without one"
)
COMMENT = Text("JSON 中不能有注释，请删去", "JSON has no comments; remove this one")
LAST_COMMA = Text("多了一个逗号，请删去", "there is a comma too many; remove it")
COMMA = Text("此处缺少逗号", "a comma is missing here")
COLON = Text('键后缺少冒号，请写成 "键": 值', 'a colon is missing after the key; write "key": value')
VALUE = Text("此处缺少值", "a value is missing here")
KEY = Text("此处应为加双引号的键", "a key in double quotes is missing here")
BEHIND = Text("JSON 在此之前已经结束，请删去其后的内容", "the JSON ends before this; remove what follows")
INNER_QUOTE = Text('文本中的双引号要写成 \\"', 'write \\" for a double quote within a text')
LINE_BREAK = Text(
    "文本不能跨行：请补上结尾的双引号，换行则写成 \\n",
    "a text ends on its line: add its closing quote, or write \\n for a line break",
)
TAB = Text("文本中的制表符要写成 \\t", "write \\t for a tab within a text")
HEX = Text("\\u 之后应为四位十六进制数，如 \\u4e2d", "four hexadecimal digits follow \\u, such as \\u4e2d")
LEADING_ZERO = Text("数字不能以 0 开头；编号等请加双引号", "a number must not begin with 0; put codes in double quotes")
NUMBER = Text("数字要以数字开头，如 0.5、1、-1", "a number begins with a digit, such as 0.5, 1 or -1")


def json_fault(text: str, error: json.JSONDecodeError) -> TextFault:
    """Return the place and the reason of an error that the parser of JSON raised for ``text``."""
    for beginning, rule in RULES:
        if error.msg.startswith(beginning):
            return rule(text, error.pos)
    return at(text, error.pos, not_parsed(error.msg))


def _value(text: str, pos: int) -> TextFault:
    if not text.strip():
        return at(text, 0, EMPTY)
    return _misplaced(text, pos) or at(text, pos, _value_reason(text, pos))


def _value_reason(text: str, pos: int) -> Text:
    if text.startswith((".", "+", "-"), pos):
        return NUMBER
    word = WORD.match(text, pos)
    if word is None:
        return VALUE
    constant = CONSTANTS.get(word[0].lower())
    return _in_quotes(word[0]) if constant is None else _instead(word[0], constant)


def _key(text: str, pos: int) -> TextFault:
    if text.startswith("{", pos) and text.startswith("{", pos - 1):
        return at(text, pos - 1, PLACEHOLDER)
    word = WORD.match(text, pos)
    return _misplaced(text, pos) or at(text, pos, KEY if word is None else _in_quotes(word[0]))


def _comma(text: str, pos: int) -> TextFault:
    if fault := _misplaced(text, pos):
        return fault
    before, here = text[pos - 1], text[pos]
    if before == "0" and here.isdigit():
        return at(text, pos - 1, LEADING_ZERO)
    if before == '"' and here not in '"[{' and not here.isspace():
        return at(text, pos - 1, INNER_QUOTE)
    return at(text, pos, COMMA)


def _colon(text: str, pos: int) -> TextFault:
    return _misplaced(text, pos) or at(text, pos, COLON)


def _behind(text: str, pos: int) -> TextFault:
    return at(text, pos, too_many(text[pos]) if text[pos] in "]}" else BEHIND)


def _control(text: str, pos: int) -> TextFault:
    reasons = {"\n": LINE_BREAK, "\r": LINE_BREAK, "\t": TAB}
    return at(text, pos, reasons.get(text[pos]) or not_allowed(text[pos]))


def _escape(text: str, pos: int) -> TextFault:
    character = text[pos + 1 : pos + 2]
    zh, en = (
        f"文本中不能写 \\{character}，请写成 \\\\{character}",
        f"\\{character} is not allowed; write \\\\{character}",
    )
    return at(text, pos, Text(zh, en))


def _misplaced(text: str, pos: int) -> TextFault | None:
    """Return the fault of what may stand wrongly in any place; None where there is nothing of the kind."""
    before = text[:pos].rstrip()
    here = text[pos : pos + 1]
    if here in ("", "]", "}"):
        opened = _opened(text[:pos])
        if opened is not None and CLOSING[text[opened]] != here:
            return at(text, opened, bracket_not_closed(text[opened], CLOSING[text[opened]]))
        return at(text, len(before) - 1, LAST_COMMA) if before.endswith(",") else None
    if text.startswith(("//", "/*", "#"), pos):
        return at(text, pos, COMMENT)
    if here == ",":
        return at(text, pos, LAST_COMMA if before.endswith((",", "[", "{")) else VALUE)
    return at(text, pos, _instead(here, TYPED[here])) if here in TYPED else None


def _opened(text: str) -> int | None:
    """Return where the last bracket begins that is not closed."""
    opened: list[int] = []
    for token in TOKENS.finditer(text):
        if token[0] in CLOSING:
            opened.append(token.start())
        elif token[0] in CLOSING.values() and opened:
            opened.pop()
    return opened[-1] if opened else None


def _instead(written: str, meant: str) -> Text:
    return Text(f"请将 {written} 写成 {meant}", f"write {meant} for {written}")


def _in_quotes(word: str) -> Text:
    return Text(f'请加双引号，写成 "{word}"', f'write "{word}", in double quotes')


RULES: tuple[tuple[str, Callable[[str, int], TextFault]], ...] = (
    ("Expecting value", _value),
    ("Expecting property name", _key),
    ("Expecting ':'", _colon),
    ("Expecting ','", _comma),
    ("Illegal trailing comma", lambda text, pos: at(text, pos, LAST_COMMA)),
    ("Extra data", _behind),
    ("Unterminated string", lambda text, pos: at(text, pos, quote_not_closed('"'))),
    ("Invalid control character", _control),
    ("Invalid \\uXXXX", lambda text, pos: at(text, text.rfind("\\", 0, pos + 1), HEX)),
    ("Invalid \\escape", _escape),
    ("Unexpected UTF-8 BOM", lambda text, _: at(text, 0, BOM)),
)
"""What the parser says, and the reason behind it."""
