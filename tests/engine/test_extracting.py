"""Which value an extractor takes, how it is decoded, and checks turned round."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic import TypeAdapter

from perfsvc.engine.checks import StatusFailures
from perfsvc.engine.checks import compile_check
from perfsvc.engine.checks import unjudged
from perfsvc.engine.extractors import compile_extractor
from perfsvc.engine.trial_report import text_of_check
from perfsvc.model.checks import Check
from perfsvc.model.extractors import Extractor
from perfsvc.model.jsonpath import MISSING
from perfsvc.model.template import Template
from perfsvc.plugin import Excerpt
from perfsvc.plugin import Reply
from perfsvc.plugin import Scope

BODY = b'{"items": [{"id": 1}, {"id": 2}, {"id": 3}], "text": "a &amp; b", "coded": ["YQ==", "%2F"]}'


class Page(Reply):
    """A reply with a body."""

    __slots__ = ("content",)

    def __init__(self, content: bytes = BODY) -> None:
        super().__init__()
        self.content = content
        self.status = 200

    def header(self, name: str) -> str | None:
        return {"X-Next": "%2Fa"}.get(name)

    def body(self) -> bytes:
        return self.content

    def excerpt(self) -> Excerpt:
        return Excerpt("", "", self.content)


def found(document: dict[str, Any], content: bytes = BODY, seed: int = 1) -> Any:
    extractor = TypeAdapter(Extractor).validate_python({"name": "x", **document})
    return compile_extractor(extractor, random.Random(seed))(Page(content))


IDS = {"from": "json", "path": "$.items[*].id"}
TAGS = b"<b>1</b><b>2</b><b>3</b><b>"


@pytest.mark.parametrize(("match", "value"), [("first", 1), ("last", 3), (2, 2), ("all", [1, 2, 3]), (4, MISSING)])
def test_one_of_several_values_or_all(match: Any, value: Any) -> None:
    text = value if value is MISSING else [str(each) for each in value] if isinstance(value, list) else str(value)
    assert found({**IDS, "match": match}) == value
    assert found({"from": "regex", "pattern": r"<b>(\d)", "match": match}, TAGS) == text
    assert found({"from": "boundary", "left": "<b>", "right": "</b>", "match": match}, TAGS) == text


def test_a_random_value_repeats_with_the_seed() -> None:
    drawn = [found({**IDS, "match": "random"}, seed=seed) for seed in range(20)]
    assert set(drawn) == {1, 2, 3}
    assert drawn == [found({**IDS, "match": "random"}, seed=seed) for seed in range(20)]


@pytest.mark.parametrize("match", ["first", "last", "all", "random", 1])
def test_where_nothing_is_there_the_default_is_taken(match: Any) -> None:
    for document in (IDS, {"from": "regex", "pattern": "no(t)"}, {"from": "boundary", "left": "<", "right": ">"}):
        assert found({**document, "match": match}, b"[]") is MISSING
        assert found({**document, "match": match, "default": 5}, b"[]") == 5


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ({"from": "json", "path": "$.text", "decode": "html"}, "a & b"),
        ({"from": "header", "header": "X-Next", "decode": "url"}, "/a"),
        ({"from": "json", "path": "$.coded[0]", "decode": "base64"}, "a"),
        ({"from": "json", "path": "$.coded", "decode": "url"}, ["YQ==", "/"]),
        ({"from": "json", "path": "$.coded[1]", "decode": "base64"}, MISSING),
        ({"from": "json", "path": "$.items[0].id", "decode": "url"}, 1),
    ],
)
def test_texts_are_decoded(document: dict[str, Any], value: Any) -> None:
    assert found(document) == value


@pytest.mark.parametrize(
    ("document", "label", "text"),
    [
        ({"type": "status", "equals": 200}, "Check: not status", "¬ status = 200"),
        ({"type": "contains", "text": "items"}, "Check: not contains items", "¬ ⊃ items"),
        ({"type": "json", "path": "$.items"}, "Check: not json $.items", "¬ $.items ∃"),
        ({"type": "header", "name": "X-Next"}, "Check: not header X-Next", "¬ X-Next ∃"),
    ],
)
def test_a_check_turned_round(document: dict[str, Any], label: str, text: str) -> None:
    for negated, failure in ((True, label), (False, None)):
        check = TypeAdapter(Check).validate_python({**document, "not": negated})
        run = compile_check(check, StatusFailures(unjudged), Template)
        assert run(Page(), Scope(1, 1)) == failure
        assert text_of_check(check).startswith("¬") == negated
    assert text_of_check(TypeAdapter(Check).validate_python({**document, "not": True})) == text


def test_a_check_that_fails_holds_when_it_is_turned_round() -> None:
    check = TypeAdapter(Check).validate_python({"type": "contains", "text": "nowhere", "not": True})
    assert compile_check(check, StatusFailures(unjudged), Template)(Page(), Scope(1, 1)) is None
