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
from perfsvc.engine.pages import Find
from perfsvc.engine.pages import compile_css
from perfsvc.engine.pages import compile_xpath
from perfsvc.engine.pattern_time import find_all
from perfsvc.engine.pattern_time import search
from perfsvc.engine.reply_values import at_path
from perfsvc.engine.reply_values import compile_json_path
from perfsvc.engine.reply_values import compile_json_paths
from perfsvc.engine.reply_values import compile_regex
from perfsvc.engine.reply_values import document_of
from perfsvc.model.extractors import BodyExtractor
from perfsvc.model.extractors import BoundaryExtractor
from perfsvc.model.extractors import ChoosingExtractor
from perfsvc.model.extractors import CookieExtractor
from perfsvc.model.extractors import CssExtractor
from perfsvc.model.extractors import Extractor
from perfsvc.model.extractors import HeaderExtractor
from perfsvc.model.extractors import JmespathExtractor
from perfsvc.model.extractors import JsonExtractor
from perfsvc.model.extractors import Match
from perfsvc.model.extractors import RegexExtractor
from perfsvc.model.extractors import StatusExtractor
from perfsvc.model.extractors import XpathExtractor
from perfsvc.model.jmespath import compile_jmespath
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
    compiled = [
        faults.noted(partial(compile_extractor, extractor, rng), f"{path}.extract[{number}]")
        for number, extractor in enumerate(step.extract)
    ]
    return [entry for entries in compiled if entries is not None for entry in entries]


def compile_extractor(extractor: Extractor, rng: random.Random) -> list[tuple[str, ExtractFunction]]:
    """An extractor as a function for each of its variables, to be called in this order for one reply.

    ``rng`` draws from several values. Raises Fault for a broken expression.
    """
    if isinstance(extractor, ChoosingExtractor) and extractor.names:
        sources = one_by_one(several_at_once(extractor, rng), len(extractor.names))
    else:
        sources = [found_by(extractor, rng)]
    return [(name, finished(find, extractor)) for name, find in zip(extractor.variables, sources, strict=True)]


def found_by(extractor: Extractor, rng: random.Random) -> ExtractFunction:
    """The value of an extractor with one variable, as it stands in the reply."""
    if isinstance(extractor, ChoosingExtractor) and extractor.match != "first":
        return chosen(_ALL[type(extractor)](extractor), extractor.match, rng)
    return _FINDERS[type(extractor)](extractor)


def finished(find: ExtractFunction, extractor: Extractor) -> ExtractFunction:
    """A value decoded, or its default."""
    if extractor.decode is not None:
        find = decoded(find, DECODERS[extractor.decode])
    if "default" not in extractor.model_fields_set:
        return find
    default = extractor.default

    def run(reply: Reply) -> Any:
        found = find(reply)
        return default if found is MISSING else found

    return run


def several_at_once(extractor: ChoosingExtractor, rng: random.Random) -> FindAll:
    """The values for several variables: the groups of one match of a pattern, else the values in order."""
    if not isinstance(extractor, RegexExtractor):
        find_all = _ALL[type(extractor)](extractor)
        return lambda reply: list(islice(find_all(reply), len(extractor.names)))
    compiled, subject = compile_regex(extractor.pattern, "pattern"), subject_of(extractor.header)
    if compiled.groups < len(extractor.names):
        raise Fault(f"该表达式只有 {compiled.groups} 个分组", f"the pattern has only {compiled.groups} groups", "names")
    groups = chosen(lambda reply: _groups_of(compiled, subject(reply)), extractor.match, rng)

    def run(reply: Reply) -> Iterable[Any]:
        found = groups(reply)
        if found is MISSING:
            return ()
        return [list(each) for each in zip(*found, strict=True)] if extractor.match == "all" else found

    return run


def _groups_of(pattern: regex.Pattern[str], text: str) -> Iterable[list[Any]]:
    for match in find_all(pattern, text, MOST_VALUES):
        yield [MISSING if group is None else group for group in match.groups()]


def one_by_one(find: FindAll, count: int) -> list[ExtractFunction]:
    """A function for each of ``count`` values that are found at once: by the first, which is called first."""
    values: list[Any] = []

    def first(reply: Reply) -> Any:
        values[:] = find(reply)
        return values[0] if values else MISSING

    def later(number: int) -> ExtractFunction:
        return lambda reply: values[number] if number < len(values) else MISSING

    return [first, *(later(number) for number in range(1, count))]


def chosen(find: FindAll, match: Match, rng: random.Random) -> ExtractFunction:
    """One of the values found, or all of them."""

    def run(reply: Reply) -> Any:
        values = list(islice(find(reply), 1 if match == "first" else MOST_VALUES))
        if not values or (isinstance(match, int) and match > len(values)):
            return MISSING
        if match == "all":
            return values
        if match == "random":
            return rng.choice(values)
        return values[-1] if match == "last" else values[0 if match == "first" else int(match) - 1]

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


def subject_of(header: str | None) -> Callable[[Reply], str]:
    """What a pattern is held against: the body, or all lines of a header."""
    if header is None:
        return lambda reply: reply.text()
    return lambda reply: "\n".join(reply.header_values(header))


def all_values(extractor: ChoosingExtractor) -> FindAll:
    """What an extractor chooses from. Raises Fault for a broken expression."""
    return _ALL[type(extractor)](extractor)


def _first_of(find_all: FindAll) -> ExtractFunction:
    return lambda reply: next(iter(find_all(reply)), MISSING)


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


def _jmespath_all(extractor: JmespathExtractor) -> FindAll:
    search = at_path(compile_jmespath, extractor.path, "path")

    def run(reply: Reply) -> Iterable[Any]:
        document = document_of(reply)
        found = None if document is MISSING else search(document)
        if isinstance(found, list):
            return found
        return () if found is None else (found,)

    return run


def page_finder(extractor: CssExtractor | XpathExtractor) -> Find:
    """What looks a page through. Raises Fault."""
    if isinstance(extractor, XpathExtractor):
        return at_path(compile_xpath, extractor.path, "path")
    return at_path(partial(compile_css, attribute=extractor.attribute), extractor.selector, "selector")


def _page(extractor: CssExtractor | XpathExtractor) -> ExtractFunction:
    find = page_finder(extractor)
    return lambda reply: next(iter(find(reply.body(), 1)), MISSING)


def _page_all(extractor: CssExtractor | XpathExtractor) -> FindAll:
    find = page_finder(extractor)
    return lambda reply: find(reply.body(), MOST_VALUES)


def _group(extractor: RegexExtractor) -> tuple[regex.Pattern[str], int]:
    compiled, group = compile_regex(extractor.pattern, "pattern"), extractor.group
    if group > max(1, compiled.groups):
        raise Fault(f"该表达式只有 {compiled.groups} 个分组", f"the pattern has only {compiled.groups} groups", "group")
    return compiled, min(group, compiled.groups)  # group 1 is the default, and the whole match where there are none


def _regex(extractor: RegexExtractor) -> ExtractFunction:
    (compiled, wanted), subject = _group(extractor), subject_of(extractor.header)

    def run(reply: Reply) -> Any:
        match = search(compiled, subject(reply))
        return MISSING if match is None or match[wanted] is None else match[wanted]

    return run


def _regex_all(extractor: RegexExtractor) -> FindAll:
    (compiled, wanted), subject = _group(extractor), subject_of(extractor.header)

    def run(reply: Reply) -> Iterable[Any]:
        found = find_all(compiled, subject(reply), MOST_VALUES)
        return (match[wanted] for match in found if match[wanted] is not None)

    return run


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


def _header_all(extractor: HeaderExtractor) -> FindAll:
    name = extractor.header
    return lambda reply: reply.header_values(name)


def _cookie_all(extractor: CookieExtractor) -> FindAll:
    start = f"{extractor.cookie}="

    def run(reply: Reply) -> Iterable[str]:
        for line in reply.header_values("set-cookie"):
            pair = line.partition(";")[0].strip()
            if pair.startswith(start):
                yield pair[len(start) :].strip('"')

    return run


def _status(_: StatusExtractor) -> ExtractFunction:
    return lambda reply: reply.status


def _body(_: BodyExtractor) -> ExtractFunction:
    return lambda reply: reply.text()


_ALL: dict[type, Callable[[Any], FindAll]] = {
    JsonExtractor: _json_all,
    JmespathExtractor: _jmespath_all,
    CssExtractor: _page_all,
    XpathExtractor: _page_all,
    RegexExtractor: _regex_all,
    BoundaryExtractor: _boundary_all,
    HeaderExtractor: _header_all,
    CookieExtractor: _cookie_all,
}
_FINDERS: dict[type, Callable[[Any], ExtractFunction]] = {
    JsonExtractor: _json,
    JmespathExtractor: lambda extractor: _first_of(_jmespath_all(extractor)),
    CssExtractor: _page,
    XpathExtractor: _page,
    RegexExtractor: _regex,
    BoundaryExtractor: lambda extractor: _first_of(_boundary_all(extractor)),
    HeaderExtractor: _header,
    CookieExtractor: lambda extractor: _first_of(_cookie_all(extractor)),
    StatusExtractor: _status,
    BodyExtractor: _body,
}
"""The first value alone, where finding it costs less than finding all."""
