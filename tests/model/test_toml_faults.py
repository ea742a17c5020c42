"""Texts that are not TOML: place, reason and what to do."""

from __future__ import annotations

import random
import re
import tomllib

import pytest

from perfsvc.model.text_place import TextFault
from perfsvc.model.toml_faults import toml_fault

STATEMENT = "a line is key = value, or [table]; a key has letters, digits, _ and -, others are put in quotes"
EQUALS = "an equals sign follows a key; write key = value"
TWICE = "this key or table is there already; remove or rename one of them"
BEHIND = "the value ends before this; remove what follows, or begin a new line"
NO_VALUE = "a value is missing after the equals sign"
QUOTE = 'a quote is not closed; add " at the end of the text'
ITEMS = "the list is not closed, or a comma is missing; add ] or a comma"
BROKEN = [
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


def fault_of(text: str) -> TextFault | None:
    """The fault of a text; None if it is TOML."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return toml_fault(text, error)
    return None


@pytest.mark.parametrize(("text", "line", "column", "reason"), BROKEN)
def test_a_text_that_is_not_toml_has_its_place_and_reason(text: str, line: int, column: int, reason: str) -> None:
    found = fault_of(text)
    assert found is not None
    assert (found.line, found.column, found.text.en) == (line, column, reason)
    assert re.search("[\u4e00-\u9fff]", found.text.zh)


WHOLE = 'a = "x\\"y"\nb = [1, -2.5e3, true]\n[c.d]\ne = {f = 1, "g" = \'\'}\nh = 2026-01-02T03:04:05Z\n'


def test_whatever_is_broken_has_a_place_within_the_text() -> None:
    numbers = random.Random(7)
    for _ in range(3_000):
        begin = numbers.randrange(len(WHOLE))
        text = WHOLE[:begin] + numbers.choice([*"{}[]\",=:\\ \n0-.x中'", ""]) + WHOLE[begin + numbers.randrange(3) :]
        found = fault_of(text)
        if found is not None:
            assert 1 <= found.line <= text.count("\n") + 1, text
            assert 1 <= found.column <= len(text) + 1, text
            assert "cannot be parsed" not in found.text.en, text
