"""Texts of plan files: the core schema of YAML 1.2, JSON, parts for anchors."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
import yaml

from perfsvc.cli.commands import make_parser
from perfsvc.cli.plan_loader import read_source
from perfsvc.model.plan_text import document_of
from perfsvc.model.text_faults import text_fault


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("yes", "yes"), ("No", "No"), ("1:30", "1:30"), ("2026-01-02", "2026-01-02"), ("1_000", "1_000"),
        ("true", True), ("~", None), ("", None), ("0", 0), ("-12", -12), ("0x1F", 31), ("0o17", 15), ("1.5", 1.5),
        ("1e3", 1000.0), ("'0123'", "0123"), ("01a", "01a"), ("0.5", 0.5), ("=", "="),
    ],
)  # fmt: skip
def test_values_of_yaml(text: str, value: Any) -> None:
    found = document_of(f"a: {text}\non: 1", "plan.yaml")
    assert found == {"a": value, "on": 1}
    assert type(found["a"]) is type(value)


@pytest.mark.parametrize("text", ["0123", "-07", "00"])
def test_numbers_with_a_leading_zero_are_refused_with_their_place(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match=r"(?s)is ambiguous; write .*line 2, column 6"):
        document_of(f"a:\n  b: {text}", "plan.yaml")


ALIGN = "this line is not indented like its neighbours; align it with its siblings"
COLON = "a text contains a colon and a blank; put the whole text in quotes"
BROKEN = [
    ("a:\n  b: 1\n c: 2", 3, 2, ALIGN),
    ("a:\n  b: 1\n   c: 2", 3, 4, ALIGN),
    ("a:\n  - x\n b: 1", 3, 2, ALIGN),
    ("a:\n\tb: 1", 2, 1, "indent with spaces, not with tabs"),
    ("a: 1\nb: 2\na: 3", 3, 1, "'a' appears twice, first in line 1; remove or rename one of them"),
    ("a: 1\nb: 'x\nc: 3", 2, 4, "a quote is not closed; add ' at the end of the text"),
    ('a: "x\nb: 1\nc: "y"\nd: "z"', 1, 4, 'a quote is not closed; add " at the end of the text'),
    ('a: "x\\n b: 1"\nb: [2', 2, 4, "a bracket is not closed; add the ] for this ["),
    ('a: "x\n b: 1"\nb: [2', 3, 4, "a bracket is not closed; add the ] for this ["),
    ("a: [1, 2\nb: 1", 1, 4, "a bracket is not closed; add the ] for this ["),
    ("s:\n  - {a: b\n  - {a: c}", 2, 5, "a bracket is not closed; add the } for this {"),
    ("a: [1]]", 1, 7, "there is a ] without its beginning; remove it"),
    ("vus:2\na: 1", 1, 5, "a blank is missing after the colon; write vus: 2"),
    ("a: 1\n-b", 2, 1, "a blank is missing after -; write - b"),
    ("a: b: c", 1, 5, COLON),
    ("a: {b: c: d}", 1, 9, COLON),
    ("a: - b", 1, 4, "a list item is on the line of its key; write it on a line of its own below"),
    ("Accept: */*", 1, 9, "a text must not begin with *; put it in quotes"),
    ("a: *b", 1, 4, "there is no anchor &b; put a text that begins with * in quotes"),
    ('a: "x" y', 1, 8, "something follows a closing quote or bracket; remove it, or put the whole text in quotes"),
    (r'a: "\d+"', 1, 6, r"\d is not allowed in double quotes; write \\d, or use single quotes"),
    ("a: 1\n---\nb: 1", 2, 1, "there is more than one document; remove ---"),
    ("a: \0", 1, 4, "contains the character U+0000, which is not allowed; remove it"),
    ("a: &x 1\nb: &x 2", 2, 4, "cannot be parsed (found duplicate anchor 'x'; first occurrence: second occurrence)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "reason"), BROKEN)
def test_a_text_that_is_not_yaml_has_its_place_and_reason(text: str, line: int, column: int, reason: str) -> None:
    with pytest.raises((yaml.YAMLError, ValueError)) as error:
        document_of(text, "plan.yaml")
    found = text_fault(text, error.value)
    assert (found.line, found.column, found.text.en) == (line, column, reason)
    assert re.search("[\u4e00-\u9fff]", found.text.zh)


def test_json_is_read_as_json() -> None:
    assert document_of('{\n\t"a": "on",\t"b": [1]}', "plan.json") == {"a": "on", "b": [1]}
    assert document_of('{\n\t"a": 1}', "-") == {"a": 1}
    with pytest.raises(ValueError, match="'a' appears twice"):
        document_of('{"a": 1, "a": 2}', "plan.json")
    with pytest.raises(ValueError, match="line 2 column 5"):
        document_of('{\n "a"}', "plan.json")


def test_parts_for_anchors() -> None:
    text = "x-step: &s {name: a}\nx-more: {}\nsteps: [{<<: *s, url: /}]"
    assert document_of(text, "p.yaml") == {"steps": [{"name": "a", "url": "/"}]}


def test_a_plan_may_come_by_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"x-a: 1\nname: from stdin\nconfig: {vus: 2, target_url: 'http://127.0.0.1:1/'}\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    plan = read_source(make_parser().parse_args(["run", "-"])).plan()
    assert (plan.name, plan.config.concurrent_users) == ("from stdin", 2)
