"""Every check and every extractor works on the parts of a reply that it declares, and on nothing less."""

from __future__ import annotations

import random
from typing import Any
from typing import get_args

import pytest

from perfsvc.engine.checks import StatusFailures
from perfsvc.engine.checks import compile_check
from perfsvc.engine.checks import unjudged
from perfsvc.engine.extractors import compile_extractor
from perfsvc.model import checks
from perfsvc.model import extractors
from perfsvc.model.base import Spec
from perfsvc.model.jsonpath import MISSING
from perfsvc.model.reply_parts import NOTHING
from perfsvc.model.reply_parts import ReadsReply
from perfsvc.model.reply_parts import ReplyParts
from perfsvc.model.scene import RequestStep
from perfsvc.model.template import Template
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import Scope
from tests.engine.rig import run
from tests.engine.rig import spec_of
from tests.support.fake_protocol import Answer
from tests.support.fake_protocol import FakeReply

BODY = b'{"ok": true}'
PAGE = b"<p>x</p>"
HEADERS = {"x-shop": "north", "set-cookie": "sid=1; Path=/"}

CHECKS: list[dict[str, Any]] = [
    {"type": "status", "equals": 200},
    {"type": "json", "path": "$.ok", "equals": True},
    {"type": "regex", "pattern": "o."},
    {"type": "contains", "text": "ok"},
    {"type": "header", "name": "X-Shop", "equals": "north"},
    {"type": "jsonschema", "schema": {"required": ["ok"]}},
    {"type": "size", "greater_than": 0},
    {"type": "css", "selector": "p"},
    {"type": "xpath", "path": "//p"},
    {"type": "response_time", "less_than": 1000},
]
EXTRACTORS: list[dict[str, Any]] = [
    {"name": "a", "from": "json", "path": "$.ok"},
    {"name": "b", "from": "regex", "pattern": "(o)(k)", "group": 2},
    {"name": "c", "from": "header", "header": "x-shop"},
    {"name": "d", "from": "status"},
    {"name": "e", "from": "body"},
    {"name": "f", "from": "boundary", "left": '"', "right": '"'},
    {"name": "g", "from": "jmespath", "path": "ok"},
    {"name": "h", "from": "css", "selector": "p"},
    {"name": "i", "from": "xpath", "path": "//p"},
    {"name": "j", "from": "cookie", "cookie": "sid"},
]
FOUND = {
    "a": True,
    "b": "k",
    "c": "north",
    "d": 200,
    "e": BODY.decode(),
    "f": "ok",
    "g": True,
    "h": "x",
    "i": "x",
    "j": "1",
}


def members(union: Any) -> set[type[Spec]]:
    return {get_args(part)[0] if get_args(part) else part for part in get_args(get_args(union)[0])}


def step_of(**more: Any) -> RequestStep:
    return RequestStep.parse({"name": "a", **more})


def body_for(document: dict[str, Any]) -> bytes:
    return PAGE if {document.get("type"), document.get("from")} & {"css", "xpath"} else BODY


def reply_with(parts: ReplyParts, document: dict[str, Any]) -> FakeReply:
    reply = FakeReply()
    body = body_for(document)
    reply.status, reply.content, reply.headers, reply.kept = 200, body, HEADERS, parts
    reply.ended_ns = 1_000_000
    return reply


def passes(check: Any, reply: Reply) -> bool:
    return compile_check(check, StatusFailures(unjudged), Template)(reply, Scope(1, 1)) is None


def less_than(parts: ReplyParts) -> list[ReplyParts]:
    """``parts`` with one of them left out."""
    return [parts._replace(**{part: False}) for part, needed in parts._asdict().items() if needed]


def test_there_is_a_case_for_every_check_and_extractor() -> None:
    assert {type(check) for check in step_of(checks=CHECKS).checks} == members(checks.Check)
    assert {type(extractor) for extractor in step_of(extract=EXTRACTORS).extract} == members(extractors.Extractor)


@pytest.mark.parametrize("document", CHECKS, ids=lambda document: document["type"])
def test_a_check_needs_what_it_declares(document: dict[str, Any]) -> None:
    step = step_of(checks=[document])
    assert passes(step.checks[0], reply_with(step.reply_parts, document))
    assert not any(passes(step.checks[0], reply_with(parts, document)) for parts in less_than(step.reply_parts))


@pytest.mark.parametrize("document", EXTRACTORS, ids=lambda document: document["from"])
def test_an_extractor_needs_what_it_declares(document: dict[str, Any]) -> None:
    step = step_of(extract=[document])
    ((_, find),), found = compile_extractor(step.extract[0], random.Random(1)), FOUND[document["name"]]
    assert find(reply_with(step.reply_parts, document)) == found
    assert all(find(reply_with(parts, document)) in (MISSING, "") for parts in less_than(step.reply_parts))


def test_a_step_needs_what_any_of_its_checks_and_extractors_needs() -> None:
    assert step_of().reply_parts == NOTHING
    assert step_of(checks=CHECKS[:1], extract=EXTRACTORS[2:4]).reply_parts == ReplyParts(headers=True)
    assert step_of(checks=CHECKS, extract=EXTRACTORS).reply_parts == ReplyParts(headers=True, body=True)


def test_a_class_that_reads_replies_cannot_leave_out_what_it_needs() -> None:
    with pytest.raises(TypeError, match="needs"):

        class Forgetful(ReadsReply, Spec):  # type: ignore[call-arg]
            pass


@pytest.mark.parametrize("document", CHECKS, ids=lambda document: document["type"])
def test_a_run_gets_the_parts_that_its_check_needs(document: dict[str, Any]) -> None:
    rig = run(spec_of([{"name": "a", "checks": [document]}]), Answer(body=body_for(document), headers=HEADERS))
    assert rig.requests > 0
    assert rig.failures == {}


@pytest.mark.parametrize("document", EXTRACTORS, ids=lambda document: document["from"])
def test_a_run_gets_the_parts_that_its_extractor_needs(document: dict[str, Any]) -> None:
    name = document["name"]
    steps = [{"name": "a", "extract": [document]}, {"name": "b", "request": {"path": "{{" + name + "}}"}}]
    rig = run(spec_of(steps), Answer(body=body_for(document), headers=HEADERS))
    written = "true" if FOUND[name] is True else str(FOUND[name])
    assert rig.failures == {}
    assert [path for _, _, path in rig.target.log[:4]].count(written) > 0
