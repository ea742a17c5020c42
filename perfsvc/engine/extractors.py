"""Extractors of values from replies, compiled to functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from perfsvc.engine.faults import Faults
from perfsvc.engine.reply_values import REGEX_LIMIT_S
from perfsvc.engine.reply_values import compile_json_path
from perfsvc.engine.reply_values import compile_regex
from perfsvc.engine.reply_values import document_of
from perfsvc.model.jsonpath import MISSING
from perfsvc.model.problems import Fault
from perfsvc.model.scene import BodyExtractor
from perfsvc.model.scene import Extractor
from perfsvc.model.scene import HeaderExtractor
from perfsvc.model.scene import JsonExtractor
from perfsvc.model.scene import RegexExtractor
from perfsvc.model.scene import RequestStep
from perfsvc.model.scene import StatusExtractor
from perfsvc.plugin.protocol import Reply

ExtractFunction = Callable[[Reply], Any]
"""The value found, or MISSING."""


def compile_extractors(step: RequestStep, path: str, faults: Faults) -> list[tuple[str, ExtractFunction]]:
    """The extractors of a step with their variables; what is wrong with the others is noted."""
    made = [
        (extractor.name, faults.noted(partial(compile_extractor, extractor), f"{path}.extract[{number}]"))
        for number, extractor in enumerate(step.extract)
    ]
    return [(name, extract) for name, extract in made if extract is not None]


def compile_extractor(extractor: Extractor) -> ExtractFunction:
    """One extractor as a function. Raises Fault for a broken expression."""
    find = _FINDERS[type(extractor)](extractor)
    if "default" not in extractor.model_fields_set:
        return find
    default = extractor.default

    def run(reply: Reply) -> Any:
        found = find(reply)
        return default if found is MISSING else found

    return run


def _json(extractor: JsonExtractor) -> ExtractFunction:
    get = compile_json_path(extractor.path)

    def run(reply: Reply) -> Any:
        document = document_of(reply)
        return MISSING if document is MISSING else get(document)

    return run


def _regex(extractor: RegexExtractor) -> ExtractFunction:
    compiled, group = compile_regex(extractor.pattern, "pattern"), extractor.group
    if group > max(1, compiled.groups):
        raise Fault(f"该表达式只有 {compiled.groups} 个分组", f"the pattern has only {compiled.groups} groups", "group")
    wanted = min(group, compiled.groups)  # group 1 is the default, and the whole match where there are no groups

    def run(reply: Reply) -> Any:
        match = compiled.search(reply.text(), timeout=REGEX_LIMIT_S)
        return MISSING if match is None or match[wanted] is None else match[wanted]

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
    HeaderExtractor: _header,
    StatusExtractor: _status,
    BodyExtractor: _body,
}
