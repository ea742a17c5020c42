"""Where a text is neither YAML nor JSON, why, and what to do about it, in both languages.

Frequent mistakes have messages of their own; for all others the parser's text stands in brackets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import yaml

from perfsvc.errors import Text
from perfsvc.model.json_faults import json_fault
from perfsvc.model.problems import Fault
from perfsvc.model.text_place import DEEP
from perfsvc.model.text_place import DIGITS
from perfsvc.model.text_place import NOT_UTF8
from perfsvc.model.text_place import PLACEHOLDER
from perfsvc.model.text_place import TextFault
from perfsvc.model.text_place import at
from perfsvc.model.text_place import bracket_not_closed
from perfsvc.model.text_place import not_allowed
from perfsvc.model.text_place import not_parsed
from perfsvc.model.text_place import quote_not_closed
from perfsvc.model.text_place import too_many

BARE = re.compile(r":\s+\{\{")
QUOTES_WITHIN = re.compile(r'"[^"]*\{\{[^"]*\("')
NO_BLANK = re.compile(r"^(?P<indent>\s*(?:- +)*)(?P<key>[A-Za-z_][\w-]*):(?!//)(?P<value>[^\s:].*)$")
"""A key whose colon has its value right behind it."""
WIDE_COLON = re.compile(r"^\s*(?:- +)*(?P<key>[A-Za-z_][\w-]*)\s*：")
"""A key whose colon an input method for Chinese wrote."""
ITEM_LINE = re.compile(r"\s*- ")
GOES_ON = re.compile(r"[ \t]*[^\s,\]}#]")
"""Something on the line behind a closing quote that cannot be there."""
KEY = re.compile(r"\n *(?:- +)*[A-Za-z_][\w-]*:\s")
"""A key at the beginning of a line."""
WORD = 20
"""Characters of the text that a message repeats."""

TAB = Text("请用空格缩进，不能用制表符", "indent with spaces, not with tabs")
INDENT = Text(
    "缩进与前后行不一致，请与同级的行对齐", "this line is not indented like its neighbours; align it with its siblings"
)
COLON_WITHIN = Text(
    "文本中含有冒号加空格，请给整个文本加引号", "a text contains a colon and a blank; put the whole text in quotes"
)
BEHIND = Text(
    "引号或括号之后还有内容，请删去，或给整个文本加引号",
    "something follows a closing quote or bracket; remove it, or put the whole text in quotes",
)
ITEM = Text(
    "列表项不能与键写在同一行，请另起一行写在键的下方",
    "a list item is on the line of its key; write it on a line of its own below",
)
SINGLE_QUOTES = Text("文本中有双引号时，请用单引号括起整个文本", 'put a text that has " in it in single quotes')
DOCUMENTS = Text("只能有一个文档，请删去 ---", "there is more than one document; remove ---")


class _Stop(NamedTuple):
    """Where the parser stopped, and where the part begins that it was in, both from 0."""

    lines: list[str]
    line: int
    column: int
    begin_line: int
    begin_column: int
    match: re.Match[str]

    @property
    def written(self) -> str:
        """The line in which the parser stopped."""
        return _line_of(self.lines, self.line)

    @property
    def opening(self) -> str:
        """The character with which the part begins."""
        return _line_of(self.lines, self.begin_line)[self.begin_column : self.begin_column + 1]

    def here(self, zh: str, en: str) -> TextFault:
        """Return a fault where the parser stopped."""
        return TextFault(self.line + 1, self.column + 1, Text(zh, en))

    def at_begin(self, zh: str, en: str) -> TextFault:
        """Return a fault where the part begins."""
        return TextFault(self.begin_line + 1, self.begin_column + 1, Text(zh, en))

    def at_line(self, text: Text) -> TextFault:
        """Return a fault at the first character of the line in which the parser stopped."""
        return TextFault(self.line + 1, _indent(self.written) + 1, text)


def text_fault(text: str, error: Exception) -> TextFault:
    """Return the place and the reason of an error that ``document_of`` raised for ``text``."""
    if isinstance(error, Fault):
        return TextFault(0, 0, error.problems[0].text)
    if isinstance(error, RecursionError):
        return TextFault(0, 0, DEEP)
    if isinstance(error, json.JSONDecodeError):
        return json_fault(text.removeprefix("\ufeff"), error)
    if "integer string conversion" in str(error):
        return TextFault(0, 0, DIGITS)
    if isinstance(error, UnicodeDecodeError):
        return TextFault(0, 0, NOT_UTF8)
    if isinstance(error, yaml.reader.ReaderError) and isinstance(error.character, int):
        return at(text.removeprefix("\ufeff"), error.position, not_allowed(chr(error.character)))
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark or error.context_mark):
        return _marked(text.removeprefix("\ufeff"), error, mark)
    return TextFault(0, 0, not_parsed(str(error)))


def not_json(data: bytes, error: Exception) -> Text:
    """Return the message for bytes that a decoder of JSON refused with ``error``: where, why, and what to do."""
    text = data.decode("utf-8", "replace")
    try:
        json.loads(data.decode("utf-8"), parse_constant=no_constant)
    except (ValueError, RecursionError) as found:
        return text_fault(text, found).of_kind("JSON")
    return TextFault(0, 0, not_parsed(str(error))).of_kind("JSON")


def no_constant(name: str) -> Any:
    """Raise Fault for a constant that Python reads and JSON does not have."""
    raise Fault(f"JSON 中没有 {name}，请写数字或 null", f"JSON has no {name}; write a number or null")


def _marked(text: str, error: yaml.MarkedYAMLError, mark: yaml.Mark) -> TextFault:
    begin = error.context_mark or mark
    message = f"{error.context or ''}: {error.problem or ''}".removeprefix(": ")
    lines = text.splitlines()
    if BARE.search(_line_of(lines, mark.line)):
        return TextFault(mark.line + 1, mark.column + 1, PLACEHOLDER)
    if wide := _wide_colon(lines, begin.line, mark.line):
        return wide
    if swallowed := _swallowed(text, mark.line):
        return swallowed
    for pattern, rule in RULES:
        if match := pattern.search(message):
            fault = rule(_Stop(lines, mark.line, mark.column, begin.line, begin.column, match))
            if fault is not None:
                return fault
    return TextFault(mark.line + 1, mark.column + 1, _text_of(error) or not_parsed(message))


def _wide_colon(lines: list[str], first: int, last: int) -> TextFault | None:
    """Return the fault of a key with a full-width colon in the last line before the parser stopped, or around it."""
    for number in dict.fromkeys((last, first, last - 1)):
        if number >= 0 and (match := WIDE_COLON.match(_line_of(lines, number))):
            key = match["key"]
            text = Text(f"冒号是全角的，请写成 {key}: …", f"the colon is a full-width one; write {key}: …")
            return TextFault(number + 1, match.end("key") + 1, text)
    return None


def _text_of(error: yaml.MarkedYAMLError) -> Text | None:
    text = getattr(error, "text", None)  # of those that PlanLoader raises
    return text if isinstance(text, Text) else None


def _line_of(lines: list[str], number: int) -> str:
    return lines[number] if number < len(lines) else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _short(text: str) -> str:
    return text if len(text) <= WORD else f"{text[:WORD]}…"


def _open_quote(stop: _Stop) -> TextFault:
    if QUOTES_WITHIN.search(_line_of(stop.lines, stop.begin_line)):
        return stop.at_begin(f"引号没有闭合；{SINGLE_QUOTES.zh}", f"a quote is not closed; {SINGLE_QUOTES.en}")
    return TextFault(stop.begin_line + 1, stop.begin_column + 1, quote_not_closed(stop.opening))


def _swallowed(text: str, line: int) -> TextFault | None:
    """Return the fault of a quote that ends only at the next one, with whole keys in between, before ``line`` ends."""
    fault = None
    try:
        for token in yaml.scan(text, yaml.SafeLoader):
            begin, end = token.start_mark, token.end_mark
            if begin.line > line or fault:
                break
            if begin.line < end.line and getattr(token, "style", None) in ("'", '"'):
                within = text[begin.index : end.index]
                if KEY.search(within) and GOES_ON.match(text, end.index):
                    fault = TextFault(begin.line + 1, begin.column + 1, quote_not_closed(within[0]))
    except yaml.YAMLError:
        pass
    return fault


def _bracket(stop: _Stop) -> TextFault:
    """A bracket that is never closed, else something that does not belong into one."""
    closing, found = stop.match["closing"], stop.match["found"]
    below = stop.line > stop.begin_line
    outside = below and _indent(stop.written) <= _indent(_line_of(stop.lines, stop.begin_line))
    if found == "<stream end>" or (below and ITEM_LINE.match(stop.written)) or (found == ":" and outside):
        return stop.at_begin(*bracket_not_closed(stop.opening, closing))
    if found == ":":
        return stop.here(*COLON_WITHIN)
    if QUOTES_WITHIN.search(stop.written):
        return stop.here(*SINGLE_QUOTES)
    return stop.here(
        f"此处应为逗号或 {closing}；含有引号、括号或逗号的文本要加引号",
        f"a comma or {closing} is missing here; put a text that has quotes, brackets or commas in it in quotes",
    )


def _no_blank(stop: _Stop, number: int) -> TextFault | None:
    """Return the fault of a line whose colon has no blank behind it."""
    match = NO_BLANK.match(_line_of(stop.lines, number))
    if match is None:
        return None
    key, value = match["key"], _short(match["value"].rstrip())
    zh, en = f"冒号后缺少空格，请写成 {key}: {value}", f"a blank is missing after the colon; write {key}: {value}"
    return TextFault(number + 1, match.end("key") + 2, Text(zh, en))


def _no_colon(stop: _Stop) -> TextFault:
    if fault := _no_blank(stop, stop.begin_line):
        return fault
    written = _short(_line_of(stop.lines, stop.begin_line).strip())
    if re.match(r"-[^\s-]", written):
        return stop.at_begin(
            f"- 后缺少空格，请写成 - {written[1:]}", f"a blank is missing after -; write - {written[1:]}"
        )
    return stop.at_begin(
        "这一行没有冒号，请写成“键: 值”，或检查上一行的缩进和引号",
        "this line has no colon; write “key: value”, or see the indentation and the quotes of the line above",
    )


def _value(stop: _Stop) -> TextFault | None:
    if re.search(r":\s", stop.written[: stop.column]):
        return stop.here(*COLON_WITHIN)
    above = max((number for number in range(stop.line) if stop.lines[number].strip()), default=stop.line)
    return _no_blank(stop, above) or stop.at_line(INDENT)


def _block_end(stop: _Stop) -> TextFault:
    found = stop.match["found"]
    if found in ("]", "}"):
        return stop.here(*too_many(found))
    if found == "<scalar>" and stop.written[: stop.column].strip(" -"):
        return stop.here(*(SINGLE_QUOTES if QUOTES_WITHIN.search(stop.written) else BEHIND))
    return stop.at_line(INDENT)


def _item(stop: _Stop) -> TextFault:
    return stop.here(*ITEM) if ":" in stop.written[: stop.column] else stop.at_line(INDENT)


def _beginning(stop: _Stop) -> TextFault | None:
    """A character with which no text without quotes may begin: ``@`` and ``%``, and what makes up aliases and tags."""
    first = stop.written[stop.begin_column : stop.begin_column + 1] if stop.line == stop.begin_line else ""
    if first == "\t":
        return stop.here(*TAB)
    if not first or first not in "@`%*&!":
        return None
    zh, en = f"文本不能以 {first} 开头，请加引号", f"a text must not begin with {first}; put it in quotes"
    return stop.at_begin(zh, en)


def _alias(stop: _Stop) -> TextFault:
    name = stop.match["name"]
    return stop.here(
        f"没有名为 {name} 的锚点（&{name}）；以 * 开头的文本要加引号",
        f"there is no anchor &{name}; put a text that begins with * in quotes",
    )


def _escape(stop: _Stop) -> TextFault:
    character = stop.match["character"]
    return stop.here(
        f"双引号中不能写 \\{character}，请写成 \\\\{character}，或改用单引号",
        f"\\{character} is not allowed in double quotes; write \\\\{character}, or use single quotes",
    )


RULES: tuple[tuple[re.Pattern[str], Callable[[_Stop], TextFault | None]], ...] = (
    (re.compile(r"quoted scalar: found unexpected (?:end of stream|document separator)"), _open_quote),
    (re.compile(r"quoted scalar: found unknown escape character '(?P<character>.)'"), _escape),
    (re.compile(r"expected ',' or '(?P<closing>.)', but got '(?P<found>[^']+)'"), _bracket),
    (re.compile(r"could not find expected ':'"), _no_colon),
    (re.compile(r"mapping values are not allowed here"), _value),
    (re.compile(r"expected (?:<block end>|the node content), but found '(?P<found>[^']+)'"), _block_end),
    (re.compile(r"sequence entries are not allowed here"), _item),
    (re.compile(r"found undefined alias '(?P<name>[^']*)'"), _alias),
    (re.compile(r"cannot start any token|while scanning an? (?:alias|anchor|tag)|constructor for the tag"), _beginning),
    (re.compile(r"but found another document"), lambda stop: stop.here(*DOCUMENTS)),
)
"""What the parser says of a frequent mistake, and the reason behind it."""
