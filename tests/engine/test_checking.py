"""Checks of every kind: when they hold, with variables, and what they say was found where they fail."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from perfsvc.engine.checks import StatusFailures
from perfsvc.engine.checks import compile_check
from perfsvc.engine.checks import unjudged
from perfsvc.engine.explanation import Explanation
from perfsvc.model.checks import Check
from perfsvc.model.scene import RequestStep
from perfsvc.model.template import Template
from perfsvc.plugin import Scope
from tests.engine.rig import run
from tests.engine.rig import spec_of
from tests.engine.test_extracting import Page
from tests.support.fake_protocol import Answer

BODY = b'{"code": 1, "flag": true, "id": "7", "items": [{"id": 1, "tags": []}, {"id": 2}], "none": null}'
HTML = b"<title>Shop</title><p class=total>42</p><a href='/a'>more</a>"
SCHEMA = {"type": "object", "properties": {"items": {"items": {"required": ["id", "tags"]}}}}


def scope() -> Scope:
    made = Scope(1, 1)
    made.variables.update(place="items", id=7, total="42")
    return made


def broken(document: dict[str, Any], body: bytes = BODY) -> str | None:
    check = TypeAdapter(Check).validate_python(document)
    return compile_check(check, StatusFailures(unjudged), Template)(Page(body), scope())


def said(step: dict[str, Any], error_class: str, body: bytes = BODY) -> str | None:
    explain = Explanation(RequestStep.parse({"name": "a", **step}), StatusFailures(unjudged), Template)
    text = explain(error_class, Page(body), scope())
    assert text is None or (text.zh and text.en)
    return None if text is None else text.en


@pytest.mark.parametrize(
    ("document", "body", "holds"),
    [
        ({"type": "json", "path": "$.code", "equals": 1}, BODY, True),
        ({"type": "json", "path": "$.code", "equals": True}, BODY, False),
        ({"type": "json", "path": "$.flag", "equals": 1}, BODY, False),
        ({"type": "json", "path": "$.id", "equals": 7}, BODY, False),
        ({"type": "json", "path": "$.none", "equals": None}, BODY, True),
        ({"type": "json", "path": "$.{{place}}[0].id", "equals": 1}, BODY, True),
        ({"type": "json", "path": "$.{{place}}[1].id", "equals": 1}, BODY, False),
        ({"type": "regex", "pattern": '"id": "{{id}}"'}, BODY, True),
        ({"type": "regex", "pattern": "^abc", "header": "set-cookie"}, BODY, False),
        ({"type": "regex", "pattern": "sid=def", "header": "set-cookie"}, BODY, True),
        ({"type": "jsonschema", "schema": {"required": ["code"]}}, BODY, True),
        ({"type": "jsonschema", "schema": SCHEMA}, BODY, False),
        ({"type": "jsonschema", "schema": {"type": "integer"}, "path": "$.code"}, BODY, True),
        ({"type": "jsonschema", "schema": {}}, b"no json", False),
        ({"type": "size", "equals": len(BODY)}, BODY, True),
        ({"type": "size", "less_than": "0.01 KB"}, BODY, False),
        ({"type": "size", "path": "$.items", "equals": 2}, BODY, True),
        ({"type": "size", "path": "$.items", "greater_than": 2}, BODY, False),
        ({"type": "size", "path": "$.code", "greater_than": 0}, BODY, False),
        ({"type": "css", "selector": "p.total", "equals": 42}, HTML, True),
        ({"type": "css", "selector": "p.total", "equals": "{{total}}"}, HTML, True),
        ({"type": "css", "selector": "p.total", "equals": True}, HTML, False),
        ({"type": "css", "selector": "a", "attribute": "href", "contains": "/"}, HTML, True),
        ({"type": "css", "selector": "form"}, HTML, False),
        ({"type": "css", "selector": "form", "exists": False}, HTML, True),
        ({"type": "xpath", "path": "count(//p)", "equals": 1}, HTML, True),
        ({"type": "xpath", "path": "//p = 42", "equals": True}, HTML, True),
        ({"type": "xpath", "path": "//a[.='{{place}}']"}, HTML, False),
    ],
)
def test_when_checks_hold(document: dict[str, Any], body: bytes, holds: bool) -> None:
    assert (broken(document, body) is None) == holds
    assert (broken({**document, "not": True}, body) is None) != holds


@pytest.mark.parametrize(
    ("check", "body", "found"),
    [
        ({"type": "json", "path": "$.code", "equals": 0}, BODY, "$.code is 1, not 0"),
        ({"type": "json", "path": "$.id", "equals": 7}, BODY, '$.id is "7", not 7'),
        ({"type": "json", "path": "$.code", "exists": False}, BODY, "$.code is 1"),
        (
            {"type": "json", "path": "$.data.x"},
            BODY,
            "there is no $.data.x; $ has code, flag, id, items, none",
        ),
        ({"type": "json", "path": "$.items[5].id"}, BODY, "there is no $.items[5].id; $.items is a list of 2"),
        ({"type": "json", "path": "$.a"}, b"<html>busy", "the body is not JSON; the body is: <html>busy"),
        ({"type": "json", "path": "$.a"}, b"", "the body is not JSON; the body is empty"),
        ({"type": "regex", "pattern": "x+"}, b"none", "the body is: none"),
        ({"type": "contains", "text": "x"}, b"none", "the body is: none"),
        ({"type": "header", "name": "X-Next", "equals": "1"}, BODY, 'X-Next is "%2Fa"'),
        ({"type": "header", "name": "X-No"}, BODY, "there is no header X-No"),
        ({"type": "status", "equals": 201}, BODY, "the status is 200"),
        ({"type": "size", "less_than": 3}, b"four", "the body has 4 bytes"),
        ({"type": "size", "path": "$.items", "equals": 3}, BODY, "$.items has 2"),
        ({"type": "css", "selector": ".total", "equals": 1}, HTML, 'the value is "42", not 1'),
        ({"type": "css", "selector": "form"}, HTML, "no element matches"),
        ({"type": "xpath", "path": "//p"}, b"{}", "the body is neither HTML nor XML; the body is: {}"),
        (
            {"type": "jsonschema", "schema": SCHEMA},
            BODY,
            'does not follow it: $.items[1]: "tags" is a required property',
        ),
        ({"type": "contains", "text": "none", "not": True}, b"none", "the condition holds"),
    ],
)
def test_what_a_failing_check_found(check: dict[str, Any], body: bytes, found: str) -> None:
    error_class = broken(check, body)
    assert error_class is not None
    assert said({"checks": [check]}, error_class, body) == found


@pytest.mark.parametrize(
    ("extractor", "body", "found"),
    [
        ({"from": "json", "path": "$.token"}, BODY, "there is no $.token; $ has code, flag, id, items, none"),
        ({"from": "json", "path": "$.token"}, b"oops", "the body is not JSON; the body is: oops"),
        ({"from": "json", "path": "$.items[*].id", "match": 5}, BODY, "there are only 2 values"),
        ({"from": "json", "path": "$.id", "decode": "base64"}, BODY, 'is not base64: "7"'),
        ({"from": "jmespath", "path": "token"}, BODY, "the JMESPath gives nothing"),
        ({"from": "css", "selector": "form"}, HTML, "no element matches"),
        ({"from": "header", "header": "X-No"}, BODY, "there is no header X-No"),
        ({"from": "regex", "header": "Location", "pattern": "x"}, BODY, 'Location is "/order/71?step=2"'),
        ({"from": "cookie", "cookie": "no"}, BODY, "the reply does not set it"),
        ({"from": "regex", "pattern": "x"}, b"none", "the body is: none"),
    ],
)
def test_why_an_extractor_found_nothing(extractor: dict[str, Any], body: bytes, found: str) -> None:
    assert said({"extract": [{"name": "t", **extractor}]}, "Extract: t", body) == found


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "nothing"}, "invalid JSON Schema"),
        ({"$ref": "http://127.0.0.1:1/schema.json"}, "is not fetched"),
        ({"$ref": "file:///etc/hostname"}, "is not fetched"),
    ],
)
def test_a_schema_that_is_refused(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        broken({"type": "jsonschema", "schema": schema})


@pytest.mark.parametrize(
    ("answer", "error_class", "message"),
    [
        (Answer(status=403, body=b"{}"), "HTTP 403", "the status is 403"),
        (Answer(body=b'{"ok": 0}'), "Check: json $.ok", "$.ok is 0, not 1"),
        (Answer(body=b'{"ok": 1}'), "Extract: t", "there is no $.t; $ has ok"),
        (
            Answer(failure="Connection Error: refused"),
            "Connection Error: refused",
            "nothing listens at this address and port; check that the service is started and the port is right",
        ),
    ],
)
def test_the_class_is_the_first_thing_that_failed_and_the_example_says_what_was_found(
    answer: Answer, error_class: str, message: str
) -> None:
    step = {
        "name": "get",
        "request": {"path": "/a"},
        "checks": [{"type": "json", "path": "$.ok", "equals": 1}, {"type": "status", "equals": 200}],
        "extract": [{"name": "t", "from": "json", "path": "$.t"}],
    }
    rig = run(spec_of([step], stages=[{"duration": 1, "target": 1}]), lambda scope, path: answer)
    (found,) = rig.failures
    samples = [sample for snapshot in rig.snapshots for sample in snapshot.errors]
    assert found in (error_class, "Check: status 403")
    assert {sample.message for sample in samples} == {message}
    assert all(sample.message_zh for sample in samples)
