"""Texts that are not JSON or TOML: place, reason and what to do."""

from __future__ import annotations

import json
import random
import re
import tomllib

import pytest

from perfsvc.model.json_faults import json_fault
from perfsvc.model.text_place import TextFault
from perfsvc.model.toml_faults import toml_fault

COMMA = "there is a comma too many; remove it"
MISSING = "a comma is missing here"
VALUE = "a value is missing here"
NOT_CLOSED = "a bracket is not closed; add the } for this {"
QUOTE = 'a quote is not closed; add " at the end of the text'
COMMENT = "JSON has no comments; remove this one"
JSON_BROKEN = [
    ("", 1, 1, "it is empty; write a JSON object"),
    (' \n{"a":1,}', 2, 7, COMMA),
    ("[1, ]", 1, 3, COMMA),
    ('{"a":1,,"b":2}', 1, 8, COMMA),
    ("[,1]", 1, 2, COMMA),
    ('{"a":1\n "b":2}', 2, 2, MISSING),
    ('{"a":,}', 1, 6, VALUE),
    ('{"a": }', 1, 7, VALUE),
    ("{a:1}", 1, 2, 'write "a", in double quotes'),
    ("{'a':1}", 1, 2, "write \" for '"),
    ('{“a”:1}', 1, 2, 'write " for “'),
    ('{"a"：1}', 1, 5, "write : for ："),
    ('{"a":1，"b":2}', 1, 7, "write , for ，"),
    ('{"a"="b"}', 1, 5, "write : for ="),
    ('{"a" 1}', 1, 6, 'a colon is missing after the key; write "key": value'),
    ('{"a": True}', 1, 7, "write true for True"),
    ('{"a": None}', 1, 7, "write null for None"),
    ('{"a": fast}', 1, 7, 'write "fast", in double quotes'),
    ('{"a": {{x}}}', 1, 7, "put a text that begins with {{ in quotes"),
    ('{"a": 01}', 1, 7, "a number must not begin with 0; put codes in double quotes"),
    ('{"a": .5}', 1, 7, "a number begins with a digit, such as 0.5, 1 or -1"),
    ('{"a": "say "hi""}', 1, 12, 'write \\" for a double quote within a text'),
    ('{"a": "x', 1, 7, QUOTE),
    ('{"a": "x\ny"}', 1, 9, "a text ends on its line: add its closing quote, or write \\n for a line break"),
    ('{"a": "\t"}', 1, 8, "write \\t for a tab within a text"),
    ('{"a": "\x01"}', 1, 8, "contains the character U+0001, which is not allowed; remove it"),
    ('{"a": "\\d"}', 1, 8, "\\d is not allowed; write \\\\d"),
    ('{"a": "\\u12"}', 1, 8, "four hexadecimal digits follow \\u, such as \\u4e2d"),
    ('{"a": 1', 1, 1, NOT_CLOSED),
    ('{"a": [1}', 1, 7, "a bracket is not closed; add the ] for this ["),
    ('{"a": {"b": "}"', 1, 7, NOT_CLOSED),
    ('{"a": ', 1, 1, NOT_CLOSED),
    ('{"a": 1}}', 1, 9, "there is a } without its beginning; remove it"),
    ('{"a": 1} x', 1, 10, "the JSON ends before this; remove what follows"),
    ('{\n // c\n"a": 1}', 2, 2, COMMENT),
    ('# c\n{"a": 1}', 1, 1, COMMENT),
]  # fmt: skip
STATEMENT = "a line is key = value, or [table]; a key has letters, digits, _ and -, others are put in quotes"
EQUALS = "an equals sign follows a key; write key = value"
TWICE = "this key or table is there already; remove or rename one of them"
BEHIND = "the value ends before this; remove what follows, or begin a new line"
NO_VALUE = "a value is missing after the equals sign"
ITEMS = "the list is not closed, or a comma is missing; add ] or a comma"
TOML_BROKEN = [
    ("port: 8000", 1, 5, EQUALS),
    ("port", 1, 5, EQUALS),
    ('{"port": 8000}', 1, 1, STATEMENT),
    ("ключ = 1", 1, 1, STATEMENT),
    ("a = 1\r\nport = \r\nb = 1", 2, 8, NO_VALUE),
    ("port =", 1, 7, NO_VALUE),
    ("host = 127.0.0.1 # here", 1, 8, 'texts are in quotes; write "127.0.0.1"'),
    ("data_dir = /var/lib", 1, 12, 'texts are in quotes; write "/var/lib"'),
    ("registration = True", 1, 16, "write true"),
    ('host = "a\nport = 1', 1, 8, QUOTE),
    ("host = 'a", 1, 8, "a quote is not closed; add ' at the end of the text"),
    ('data_dir = "C:\\data"', 1, 15, "write \\\\ for a \\ in double quotes, or use single quotes"),
    ("a = [1, 2\nb = 1", 2, 1, ITEMS),
    ("a = [1 2]", 1, 8, ITEMS),
    ("a = {b = 1\n}", 1, 11, "the inline table is not closed; add } and keep it on one line"),
    ("port = 1\nport = 2\n", 2, 1, TWICE),
    ("[a]\n[a]", 2, 1, TWICE),
    ("[a", 1, 1, "a bracket is not closed; add the ] for this ["),
    ("[[a]", 1, 1, "a bracket is not closed; add the ]] for this [["),
    ('a = "x" y', 1, 9, BEHIND),
    ('a = "\x01"', 1, 6, "contains the character U+0001, which is not allowed; remove it"),
]  # fmt: skip
FAULTS = [("json", *each) for each in JSON_BROKEN] + [("toml", *each) for each in TOML_BROKEN]
WHOLE = {
    "json": '{"a": [1, -2.5e3, true, null, "x\\"y\\u4e2d"], "b": {"c": {}, "d": "{[,:"}}',
    "toml": 'a = "x\\"y"\nb = [1, -2.5e3, true]\n[c.d]\ne = {f = 1, "g" = \'\'}\nh = 2026-01-02T03:04:05Z\n',
}
SIGNS = {"json": "{}[]\",:\\ \n0-.x中'", "toml": "{}[]\",=:\\ \n0-.x中'"}


def fault_of(kind: str, text: str) -> TextFault | None:
    """Return the fault of a text; None if it has none."""
    try:
        if kind == "json":
            json.loads(text)
        else:
            tomllib.loads(text)
    except json.JSONDecodeError as error:
        return json_fault(text, error)
    except tomllib.TOMLDecodeError as error:
        return toml_fault(text, error)
    return None


@pytest.mark.parametrize(("kind", "text", "line", "column", "reason"), FAULTS)
def test_a_broken_text_has_its_place_and_reason(kind: str, text: str, line: int, column: int, reason: str) -> None:
    fault = fault_of(kind, text)
    assert fault is not None
    assert (fault.line, fault.column, fault.text.en) == (line, column, reason)
    assert re.search("[\u4e00-\u9fff]", fault.text.zh)


@pytest.mark.parametrize("kind", WHOLE)
def test_whatever_is_broken_has_a_place_within_the_text(kind: str) -> None:
    numbers, whole = random.Random(7), WHOLE[kind]
    for _ in range(3_000):
        begin = numbers.randrange(len(whole))
        text = whole[:begin] + numbers.choice([*SIGNS[kind], ""]) + whole[begin + numbers.randrange(3) :]
        fault = fault_of(kind, text)
        if fault is not None:
            assert 1 <= fault.line <= text.count("\n") + 1, text
            assert 1 <= fault.column <= len(text) + 1, text
            assert "cannot be parsed" not in fault.text.en, text


def test_a_long_text_of_quotes_is_looked_through_at_once() -> None:
    fault = fault_of("json", '{"a": "' + '\\"' * 250_000 + '", "b": ' + "[" * 500)
    assert fault is not None
    assert fault.text.en == "a bracket is not closed; add the ] for this ["
