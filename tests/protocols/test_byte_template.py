"""What varies in a request, as bytes: the short ways give what the long ones give."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfsvc.plugin import NotSent
from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc_protocols._net import address
from perfsvc_protocols._net import byte_template
from perfsvc_protocols._net.payload import Texts

PART = st.one_of(st.binary(max_size=5), st.sampled_from([lambda scope: str(scope.vu).encode(), lambda scope: b""]))


@given(st.lists(PART, max_size=6))
def test_a_renderer_gives_what_rendering_gives(parts: list[byte_template.BytePart]) -> None:
    scope = Scope(7, 1)
    together = byte_template.merged(parts)
    assert byte_template.renderer(together)(scope) == byte_template.render(together, scope)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_text_is_the_inside_of_a_json_string(text: str) -> None:
    assert json.loads(b'"' + byte_template.json_text(text) + b'"') == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_header_holds_any_text_without_control_characters(text: str) -> None:
    if byte_template.CONTROL.search(text):
        with pytest.raises(NotSent):
            byte_template.header_text(text)
    else:
        assert byte_template.header_text(text) == text.encode()


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (42, b'{"v":42,"t":"v=42"}'),
        (1.5, b'{"v":1.5,"t":"v=1.5"}'),
        (True, b'{"v":true,"t":"v=true"}'),
        (None, b'{"v":null,"t":"v=null"}'),
        ([1, "\u00e9"], '{"v":[1, "\u00e9"],"t":"v=[1, \\"\u00e9\\"]"}'.encode()),
        ('a"b', b'{"v":"a\\"b","t":"v=a\\"b"}'),
    ],
)
def test_a_placeholder_that_is_a_whole_json_string_keeps_its_type(value: Any, sent: bytes) -> None:
    scope = Scope(1, 1)
    scope.variables["v"] = value
    payload = Texts(Template).json({"v": "{{v}}", "t": "v={{v}}"})
    assert payload.render(scope) == sent


@pytest.mark.parametrize(
    ("base", "url", "whole"),
    [
        ("http://h/", "//a//b", "http://h//a//b"),
        ("http://h/api/", "/a", "http://h/api/a"),
        ("http://h/api", "a/", "http://h/api/a/"),
        ("http://h/api", "?q", "http://h/api?q"),
        ("http://h/api", "", "http://h/api"),
    ],
)
def test_a_url_below_a_base_keeps_its_slashes(base: str, url: str, whole: str) -> None:
    assert address.joined(base, url) == whole
