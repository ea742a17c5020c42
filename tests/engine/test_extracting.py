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

HEADERS = [
    ("x-next", "%2Fa"),
    ("location", "/order/71?step=2"),
    ("set-cookie", "sid=abc; Path=/"),
    ("set-cookie", 'lang="en"'),
    ("set-cookie", "sid=def; HttpOnly"),
]
BODY = b'{"items": [{"id": 1}, {"id": 2}, {"id": 3}], "text": "a &amp; b", "coded": ["YQ==", "%2F"]}'


class Page(Reply):
    """A reply with a body."""

    __slots__ = ("content",)

    def __init__(self, content: bytes = BODY) -> None:
        super().__init__()
        self.content = content
        self.status = 200

    def header(self, name: str) -> str | None:
        return ", ".join(self.header_values(name)) or None

    def header_values(self, name: str) -> list[str]:
        return [value for key, value in HEADERS if key == name.lower()]

    def body(self) -> bytes:
        return self.content

    def excerpt(self) -> Excerpt:
        return Excerpt("", "", self.content)


def found(document: dict[str, Any], content: bytes = BODY, seed: int = 1) -> Any:
    ((_, value),) = taken({"name": "x", **document}, content, seed)
    return value


def taken(document: dict[str, Any], content: bytes = BODY, seed: int = 1) -> list[tuple[str, Any]]:
    extractor = TypeAdapter(Extractor).validate_python(document)
    reply = Page(content)
    return [(name, find(reply)) for name, find in compile_extractor(extractor, random.Random(seed))]


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


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ({"from": "jmespath", "path": "items[?id > `1`].id"}, 2),
        ({"from": "jmespath", "path": "items[?id > `1`].id", "match": "all"}, [2, 3]),
        ({"from": "jmespath", "path": "length(items)"}, 3),
        ({"from": "jmespath", "path": "nothing"}, MISSING),
        ({"from": "jmespath", "path": "length(nothing)"}, MISSING),
        ({"from": "cookie", "cookie": "sid"}, "abc"),
        ({"from": "cookie", "cookie": "sid", "match": "last"}, "def"),
        ({"from": "cookie", "cookie": "lang"}, "en"),
        ({"from": "cookie", "cookie": "id"}, MISSING),
        ({"from": "header", "header": "Set-Cookie", "match": 2}, 'lang="en"'),
        ({"from": "regex", "header": "Location", "pattern": r"/order/(\d+)"}, "71"),
        ({"from": "regex", "header": "Set-Cookie", "pattern": r"sid=(\w+)", "match": "all"}, ["abc", "def"]),
    ],
)
def test_other_places(document: dict[str, Any], value: Any) -> None:
    assert found(document) == value


@pytest.mark.parametrize("source", [{"from": "css", "selector": "li"}, {"from": "xpath", "path": "//li"}])
def test_values_of_a_page(source: dict[str, Any]) -> None:
    page = b"<ul><li>1</li><li>a%20b</li><li>3</li></ul>"
    assert [found({**source, "match": match}, page) for match in ("first", "last", 3, 4, "all")] == [
        "1", "3", "3", MISSING, ["1", "a%20b", "3"],
    ]  # fmt: skip
    assert found({**source, "match": 2, "decode": "url"}, page) == "a b"


@pytest.mark.parametrize(
    ("document", "values"),
    [
        ({"from": "regex", "header": "location", "pattern": r"/(\w+)/(\d+)"}, ["order", "71"]),
        ({"from": "regex", "pattern": r"(\d)}, {.id.: (\d)", "match": "last"}, ["1", "2"]),
        ({"from": "regex", "pattern": r"(i)d.: (\d)", "match": "all"}, [["i", "i", "i"], ["1", "2", "3"]]),
        ({"from": "regex", "pattern": r"(x)?(id)"}, [MISSING, "id"]),
        ({"from": "regex", "pattern": "(none)(such)"}, [MISSING, MISSING]),
        ({"from": "jmespath", "path": "[text, length(items)]"}, ["a &amp; b", 3]),
        ({"from": "json", "path": "$.items[*].id"}, [1, 2]),
        ({"from": "json", "path": "$.items[2:].id", "default": 0}, [3, 0]),
    ],
)
def test_several_variables_at_once(document: dict[str, Any], values: list[Any]) -> None:
    assert taken({"names": ["a", "b"], **document}) == list(zip("ab", values, strict=True))


def test_one_draw_decides_all_variables_of_a_match() -> None:
    document = {"from": "regex", "names": ["a", "b"], "pattern": r"<(\d)(\d)>", "match": "random"}
    drawn = [taken(document, b"<11><22><33>", seed) for seed in range(20)]
    assert all(first[1] == second[1] for first, second in drawn)
    assert len({str(each) for each in drawn}) == 3


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"from": "json", "path": "$"}, "is required"),
        ({"from": "json", "path": "$", "name": "a", "names": ["b"]}, "must have name or names, not both"),
        ({"from": "json", "path": "$", "names": ["a", "a"]}, "names a variable twice"),
        ({"from": "json", "path": "$", "names": ["a"], "match": "last"}, "is not for names"),
        ({"from": "regex", "pattern": "(a)", "names": ["a", "b"]}, "the pattern has only 1 groups"),
        ({"from": "jmespath", "path": "a[", "name": "a"}, r"invalid JMESPath: character 2: this \[ is not closed"),
        ({"from": "jmespath", "path": "a.", "name": "a"}, "invalid JMESPath: not finished; write the expression"),
        ({"from": "jmespath", "path": "a b", "name": "a"}, r"character 3: not understood \(Unexpected token: b\)"),
        ({"from": "jmespath", "path": "[@,@]" + "|[@,@][]" * 20, "name": "a"}, "too many lists"),
        ({"from": "css", "selector": "li[", "name": "a"}, "invalid CSS selector"),
        ({"from": "xpath", "path": "//li[", "name": "a"}, "invalid XPath"),
    ],
)
def test_what_extractors_refuse(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        taken(document)
