"""Texts of plan files: the core schema of YAML 1.2, JSON, parts for anchors."""

from __future__ import annotations

import io
from typing import Any

import pytest
import yaml

from perfsvc.cli.commands import make_parser
from perfsvc.cli.plan_loader import plan_of
from perfsvc.model.plan_text import document_of


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
    plan = plan_of(make_parser().parse_args(["run", "-"]))
    assert (plan.name, plan.config.concurrent_users) == ("from stdin", 2)
