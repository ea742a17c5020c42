"""Texts with placeholders."""

from __future__ import annotations

import re
from typing import Any

import pytest

from perfsvc.model.problems import Fault
from perfsvc.model.template import MissingVariable
from perfsvc.model.template import Template
from perfsvc.plugin import Scope


def scope(**variables: Any) -> Scope:
    made = Scope(3, 1)
    made.iteration = 7
    made.variables.update(variables)
    return made


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("plain", "plain"),
        ("", ""),
        ("{{a}}", "x"),
        ("<{{ a }}|{{a}}>", "<x|x>"),
        ("{{n}} {{f}} {{t}} {{z}} {{d}}", '1 1.5 true null {"k": "é"}'),
        ("{{$vu}}/{{$iteration}}", "3/7"),
        (r"\{{a}}", "{{a}}"),
        ("{a} }} {{a}}", "{a} }} x"),
    ],
)
def test_rendering(text: str, rendered: str) -> None:
    assert Template(text).render(scope(a="x", n=1, f=1.5, t=True, z=None, d={"k": "é"})) == rendered


def test_constants_are_put_in_once() -> None:
    assert Template("http://{{host}}/", {"host": "h"}).constant == "http://h/"
    assert Template("{{host}}").constant is None
    assert Template("{{a}}-{{b}}", {"a": "1"}).names == {"b"}


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("{{$uuid}}", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("{{$timestamp}}", r"\d{10}"),
        ("{{$timestamp_ms}}", r"\d{13}"),
        ("{{$randomInt(1,9)}}", r"[1-9]"),
        ("{{$randomInt(-5, -5)}}", r"-5"),
        ("{{$faker.name}}", r".+"),
    ],
)
def test_built_ins(text: str, pattern: str) -> None:
    assert re.fullmatch(pattern, Template(text).render(scope()))


def test_a_users_random_numbers_repeat_with_the_seed() -> None:
    text = Template("{{$uuid}} {{$randomInt(1,1000000)}} {{$faker.name}}")
    assert text.render(Scope(1, 5)) == text.render(Scope(1, 5))
    assert text.render(Scope(1, 5)) != text.render(Scope(2, 5))


@pytest.mark.parametrize(
    "text", ["{{}}", "{{a b}}", "{{$no}}", "{{$randomInt(9,1)}}", "{{$faker.nope_nope}}", "{{$faker.__class__}}"]
)
def test_a_placeholder_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(Fault):
        Template(text)


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(MissingVariable) as caught:
        Template("{{token}}").render(scope())
    assert caught.value.error_class == "Missing variable: token"
