"""Extractors of values from replies, compiled to functions."""

from __future__ import annotations

import base64
import html
import random
from collections.abc import Callable
from collections.abc import Iterable
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import unquote

import regex

from perfsvc.engine.faults import Faults
from perfsvc.engine.reply_values import REGEX_LIMIT_S
from perfsvc.engine.reply_values import compile_json_path
from perfsvc.engine.reply_values import compile_json_paths
from perfsvc.engine.reply_values import compile_regex
from perfsvc.engine.reply_values import document_of
from perfsvc.model.extractors import BodyExtractor
from perfsvc.model.extractors import BoundaryExtractor
from perfsvc.model.extractors import ChoosingExtractor
from perfsvc.model.extractors import Extractor
from perfsvc.model.extractors import HeaderExtractor
from perfsvc.model.extractors import JsonExtractor
from perfsvc.model.extractors import Match
from perfsvc.model.extractors import RegexExtractor
from perfsvc.model.extractors import StatusExtractor
from perfsvc.model.jsonpath import MISSING
from perfsvc.model.problems import Fault
from perfsvc.model.scene import RequestStep
from perfsvc.plugin.protocol import Reply

ExtractFunction = Callable[[Reply], Any]
"""The value found, or MISSING."""
FindAll = Callable[[Reply], Iterable[Any]]
"""The values found, in order."""
MOST_VALUES = 10_000
"""Values that are looked at where several are."""


def compile_extractors(
    step: RequestStep, path: str, faults: Faults, rng: random.Random
) -> list[tuple[str, ExtractFunction]]:
    """The extractors of a step with their variables; what is wrong with the others is noted."""
    made = [
        (extractor.name, faults.noted(partial(compile_extractor, extractor, rng), f"{path}.extract[{number}]"))
        for number, extractor in enumerate(step.extract)
    ]
    return [(name, extract) for name, extract in made if extract is not None]


def compile_extractor(extractor: Extractor, rng: random.Random) -> ExtractFunction:
    """One extractor as a function; ``rng`` draws from several values. Raises Fault for a broken expression."""
    find = _FINDERS[type(extractor)](extractor)
    if isinstance(extractor, ChoosingExtractor) and extractor.match != "first":
        find = chosen(_ALL[type(extractor)](extractor), extractor.match, rng)
    if extractor.decode is not None:
        find = decoded(find, DECODERS[extractor.decode])
    if "default" not in extractor.model_fields_set:
        return find
    default = extractor.default

    def run(reply: Reply) -> Any:
        found = find(reply)
        return default if found is MISSING else found

    return run


def chosen(find: FindAll, match: Match, rng: random.Random) -> ExtractFunction:
    """One of the values found, or all of them."""

    def run(reply: Reply) -> Any:
        values = list(islice(find(reply), MOST_VALUES))
        if not values or (isinstance(match, int) and match > len(values)):
            return MISSING
        if match == "all":
            return values
        if match == "random":
            return rng.choice(values)
        return values[-1] if match == "last" else values[int(match) - 1]

    return run


def decoded(find: ExtractFunction, decode: Callable[[str], str]) -> ExtractFunction:
    """A text that was found, decoded, or each text of a list; what cannot be decoded was not found."""

    def run(reply: Reply) -> Any:
        found = find(reply)
        try:
            if isinstance(found, list):
                return [decode(each) if isinstance(each, str) else each for each in found]
            return decode(found) if isinstance(found, str) else found
        except ValueError:
            return MISSING

    return run


def from_base64(text: str) -> str:
    """The text behind Base64 of either alphabet. Raise ValueError."""
    plain = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()


DECODERS: dict[str, Callable[[str], str]] = {"html": html.unescape, "url": unquote, "base64": from_base64}


def _json(extractor: JsonExtractor) -> ExtractFunction:
    get = compile_json_path(extractor.path)

    def run(reply: Reply) -> Any:
        document = document_of(reply)
        return MISSING if document is MISSING else get(document)

    return run


def _json_all(extractor: JsonExtractor) -> FindAll:
    get = compile_json_paths(extractor.path)

    def run(reply: Reply) -> Iterable[Any]:
        document = document_of(reply)
        return () if document is MISSING else get(document)

    return run


def _group(extractor: RegexExtractor) -> tuple[regex.Pattern[str], int]:
    compiled, group = compile_regex(extractor.pattern, "pattern"), extractor.group
    if group > max(1, compiled.groups):
        raise Fault(f"该表达式只有 {compiled.groups} 个分组", f"the pattern has only {compiled.groups} groups", "group")
    return compiled, min(group, compiled.groups)  # group 1 is the default, and the whole match where there are none


def _regex(extractor: RegexExtractor) -> ExtractFunction:
    compiled, wanted = _group(extractor)

    def run(reply: Reply) -> Any:
        match = compiled.search(reply.text(), timeout=REGEX_LIMIT_S)
        return MISSING if match is None or match[wanted] is None else match[wanted]

    return run


def _regex_all(extractor: RegexExtractor) -> FindAll:
    compiled, wanted = _group(extractor)

    def run(reply: Reply) -> Iterable[Any]:
        found = compiled.finditer(reply.text(), timeout=REGEX_LIMIT_S)
        return (match[wanted] for match in found if match[wanted] is not None)

    return run


def _boundary(extractor: BoundaryExtractor) -> ExtractFunction:
    find = _boundary_all(extractor)
    return lambda reply: next(iter(find(reply)), MISSING)


def _boundary_all(extractor: BoundaryExtractor) -> FindAll:
    left, right = extractor.left, extractor.right

    def run(reply: Reply) -> Iterable[str]:
        text, position = reply.text(), 0
        while (start := text.find(left, position)) >= 0:
            start += len(left)
            end = text.find(right, start)
            if end < 0:
                return
            yield text[start:end]
            position = end + len(right)

    return run


def _header(extractor: HeaderExtractor) -> ExtractFunction:
    name = extractor.header

    def run(reply: Reply) -> Any:
        value = reply.header(name)
        return MISSING if value is None else value

    return run


def _status(_: StatusExtractor) -> ExtractFunction:
    return lambda reply: reply.status


def _body(_: BodyExtractor) -> ExtractFunction:
    return lambda reply: reply.text()


_FINDERS: dict[type, Callable[[Any], ExtractFunction]] = {
    JsonExtractor: _json,
    RegexExtractor: _regex,
    BoundaryExtractor: _boundary,
    HeaderExtractor: _header,
    StatusExtractor: _status,
    BodyExtractor: _body,
}
_ALL: dict[type, Callable[[Any], FindAll]] = {
    JsonExtractor: _json_all,
    RegexExtractor: _regex_all,
    BoundaryExtractor: _boundary_all,
}
