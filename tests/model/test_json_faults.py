"""Texts that are not JSON: place, reason and what to do."""

from __future__ import annotations

import json
import random
import re

import pytest

from perfsvc.model.json_faults import json_fault
from perfsvc.model.text_place import TextFault

COMMA = "there is a comma too many; remove it"
MISSING = "a comma is missing here"
VALUE = "a value is missing here"
NOT_CLOSED = "a bracket is not closed; add the } for this {"
QUOTE = 'a quote is not closed; add " at the end of the text'
COMMENT = "JSON has no comments; remove this one"
BROKEN = [
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


def fault_of(text: str) -> TextFault | None:
    """The fault of a text; None if it is JSON."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return json_fault(text, error)
    return None


@pytest.mark.parametrize(("text", "line", "column", "reason"), BROKEN)
def test_a_text_that_is_not_json_has_its_place_and_reason(text: str, line: int, column: int, reason: str) -> None:
    found = fault_of(text)
    assert found is not None
    assert (found.line, found.column, found.text.en) == (line, column, reason)
    assert re.search("[\u4e00-\u9fff]", found.text.zh)


WHOLE = '{"a": [1, -2.5e3, true, null, "x\\"y\\u4e2d"], "b": {"c": {}, "d": "{[,:"}}'


def test_whatever_is_broken_has_a_place_within_the_text() -> None:
    numbers = random.Random(7)
    for _ in range(3_000):
        begin = numbers.randrange(len(WHOLE))
        text = WHOLE[:begin] + numbers.choice([*"{}[]\",:\\ \n0-.x中'", ""]) + WHOLE[begin + numbers.randrange(3) :]
        found = fault_of(text)
        if found is not None:
            assert 1 <= found.line <= text.count("\n") + 1, text
            assert 1 <= found.column <= len(text) + 1, text
            assert "cannot be parsed" not in found.text.en, text


def test_a_long_text_of_quotes_is_looked_through_at_once() -> None:
    found = fault_of('{"a": "' + '\\"' * 250_000 + '", "b": ' + "[" * 500)
    assert found is not None
    assert found.text.en == "a bracket is not closed; add the ] for this ["
