"""Texts with placeholders."""

from __future__ import annotations

import re
from typing import Any

import pytest

from perfsvc.model.problems import Fault
from perfsvc.model.template import MAX_RENDERED
from perfsvc.model.template import MOST_PLACEHOLDERS
from perfsvc.model.template import MissingVariable
from perfsvc.model.template import Template
from perfsvc.model.value_template import ValueTemplate
from perfsvc.model.value_template import same_value
from perfsvc.model.variable_name import is_variable_name
from perfsvc.plugin import NotSent
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


@pytest.mark.parametrize("name", ["用户名", "user-name", "naïve", "имя", "_x", "a1"])
def test_names_of_any_script_are_usable(name: str) -> None:
    assert Template(f"<{{{{{name}}}}}>").render(scope(**{name: "v"})) == "<v>"


@pytest.mark.parametrize("name", ["-a", "1a", "a b", "a，b", "a.b", "a" * 65, "", "a\n"])
def test_what_is_no_name(name: str) -> None:
    assert not is_variable_name(name)


@pytest.mark.parametrize("value", [42, 1.5, True, None, [1], {"k": "é"}, "x"])
def test_a_placeholder_that_is_the_whole_text_has_the_value_itself(value: Any) -> None:
    template = Template("{{ a }}")
    assert template.value is not None
    assert template.value(scope(a=value)) == value
    assert type(template.value(scope(a=value))) is type(value)


def test_built_in_numbers_are_numbers() -> None:
    values = [Template(text).value for text in ("{{$vu}}", "{{$iteration}}", "{{$randomInt(5,5)}}")]
    assert [value(scope()) for value in values if value] == [3, 7, 5]


@pytest.mark.parametrize("text", ["", "plain", "{{a}} ", "{{a}}{{a}}", "{{host}}", r"\{{a}}"])
def test_other_texts_have_no_value_of_their_own(text: str) -> None:
    assert Template(text, {"host": "h"}).value is None


@pytest.mark.parametrize(
    ("value", "rendered", "filled_in"),
    [
        ("{{n}}", 1, True),
        ({"a": ["{{n}}", "{{n}}!"], "b": 2}, {"a": [1, "1!"], "b": 2}, True),
        (["x", {"y": None}], ["x", {"y": None}], False),
        (True, True, False),
    ],
)
def test_values_with_templates(value: Any, rendered: Any, filled_in: bool) -> None:
    template = ValueTemplate(value, Template)
    assert template.filled_in is filled_in
    assert template.render(scope(n=1)) == rendered


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, True, False),
        (0, False, False),
        (1, 1.0, True),
        ([1, [True]], [1, [1]], False),
        ({"a": [None]}, {"a": [None]}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ("1", 1, False),
    ],
)
def test_true_is_not_one(one: Any, other: Any, same: bool) -> None:
    assert same_value(one, other) is same


def test_a_text_has_a_bounded_number_of_placeholders() -> None:
    assert Template("{{$vu}}" * MOST_PLACEHOLDERS).constant is None
    with pytest.raises(Fault, match="more than 1000 placeholders"):
        Template("{{$vu}}" * (MOST_PLACEHOLDERS + 1))


def test_a_constant_text_has_a_bounded_length() -> None:
    with pytest.raises(Fault, match="more than 10000000 characters"):
        Template("{{long}}" * 1_000, {"long": "x" * 10_001})


def test_a_rendered_text_has_a_bounded_length() -> None:
    text = Template("{{long}}" * 1_000)
    assert len(text.render(scope(long="x" * 10_000))) == MAX_RENDERED
    with pytest.raises(NotSent, match="more than 10000000 characters"):
        text.render(scope(long="x" * 10_001))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 20])
@pytest.mark.parametrize("literal", ["", "100 %s %b %% ", "{ü}"])
def test_a_text_is_rendered_alike_however_many_parts_it_has(count: int, literal: str) -> None:
    text = literal + "".join(f"{{{{v{number}}}}}{literal}" for number in range(count))
    values = {f"v{number}": number if number % 2 else f"<{number}%s>" for number in range(count)}
    expected = literal + "".join(f"{value}{literal}" for value in values.values())
    assert Template(text).render(scope(**values)) == expected
