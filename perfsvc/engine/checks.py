"""Checks of replies, compiled to functions. What they compare with may hold templates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from perfsvc.engine.faults import Faults
from perfsvc.engine.pages import Find
from perfsvc.engine.pages import compile_css
from perfsvc.engine.pages import compile_xpath
from perfsvc.engine.pattern_time import search
from perfsvc.engine.reply_values import Varying
from perfsvc.engine.reply_values import document_of
from perfsvc.model.checks import Check
from perfsvc.model.checks import ContainsCheck
from perfsvc.model.checks import CssCheck
from perfsvc.model.checks import HeaderCheck
from perfsvc.model.checks import JsonCheck
from perfsvc.model.checks import JsonSchemaCheck
from perfsvc.model.checks import RegexCheck
from perfsvc.model.checks import ResponseTimeCheck
from perfsvc.model.checks import SizeCheck
from perfsvc.model.checks import StatusCheck
from perfsvc.model.checks import XpathCheck
from perfsvc.model.jsonpath import MISSING
from perfsvc.model.jsonpath import compile_path
from perfsvc.model.jsonschema import compile_schema
from perfsvc.model.scene import RequestStep
from perfsvc.model.template import MissingVariable
from perfsvc.model.template import Template
from perfsvc.model.template import as_text
from perfsvc.model.user_pattern import compile_pattern
from perfsvc.model.value_template import ValueTemplate
from perfsvc.model.value_template import same_value
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import Scope

CheckFunction = Callable[[Reply, Scope], "str | None"]
"""The error class when the check fails, else None. Raises MissingVariable."""
Compile = Callable[[str], Template]


MAX_STATUSES = 1000
DETAILS = ("path", "selector", "pattern", "text", "name", "less_than", "greater_than")
"""Of the fields of a check the first that is set is named in its error class."""


class StatusFailures(dict[int, "str | None"]):
    """The error class of each status by its protocol, cached; None for a good one."""

    def __init__(self, judge: Callable[[int], str | None]) -> None:
        super().__init__()
        self._judge = judge

    def __missing__(self, status: int) -> str | None:
        failure = self._judge(status)
        if len(self) < MAX_STATUSES:
            self[status] = failure
        return failure


def unjudged(status: int) -> str | None:
    """For steps whose protocol is not there: no status is a failure."""
    return None


def compile_checks(
    step: RequestStep, failures: StatusFailures, template: Compile, path: str, faults: Faults
) -> list[CheckFunction]:
    """The checks of a step, those of the status first; what is wrong with the others is noted."""
    compiled = [
        faults.noted(partial(compile_check, check, failures, template), f"{path}.checks[{number}]")
        for number, check in sorted(enumerate(step.checks), key=status_first)
    ]
    return [check for check in compiled if check is not None]


def status_first(numbered: tuple[int, Check]) -> bool:
    """The key by which checks are sorted: a wrong status is the cause of whatever else fails."""
    return numbered[1].type != "status"


def compile_check(check: Check, failures: StatusFailures, template: Compile) -> CheckFunction:
    """One check as a function. Raises Fault for a broken expression."""
    compiled = _status(check, failures) if isinstance(check, StatusCheck) else _COMPILERS[type(check)](check, template)
    return opposite(compiled, check) if check.negated else compiled


def opposite(check: CheckFunction, spec: Check) -> CheckFunction:
    """A check that holds when another fails."""
    label = f"Check: not {short_name(spec)}"
    return lambda reply, scope: label if check(reply, scope) is None else None


def short_name(check: Check) -> str:
    """A check as its error class names it."""
    details = (getattr(check, name, None) for name in DETAILS)
    detail = next((str(each)[:60] for each in details if each is not None), "")
    return f"{check.type} {detail}".rstrip()


def broken_by(check: CheckFunction, reply: Reply, scope: Scope) -> str | None:
    """Return the error class of a check that fails, also for want of a variable; else None."""
    try:
        return check(reply, scope)
    except MissingVariable as error:
        return error.error_class


def _status(check: StatusCheck, failures: StatusFailures) -> CheckFunction:
    allowed = frozenset(check.one_of or (check.equals,))

    def run(reply: Reply, scope: Scope) -> str | None:
        return None if reply.status in allowed else failures[reply.status] or f"Check: status {reply.status}"

    return run


def _json(check: JsonCheck, template: Compile) -> CheckFunction:
    path, label = Varying(check.path, template, compile_path, "path"), f"Check: json {check.path}"
    expected, exists = ValueTemplate(check.equals, template), check.exists
    compares, constant = "equals" in check.model_fields_set, path.constant

    def run(reply: Reply, scope: Scope) -> str | None:
        document = document_of(reply)
        value = MISSING if document is MISSING else (constant or path.of(scope))(document)
        if exists is not None and (value is not MISSING) != exists:
            return label
        if compares:
            return None if equal_values(value, expected.render(scope), expected.filled_in) else label
        return label if exists is None and value is MISSING else None

    return run


def equal_values(value: Any, expected: Any, filled_in: bool) -> bool:
    """Whether a value is the expected one, of the same type.

    A column and an environment have texts only: those equal what they write.
    """
    if filled_in and type(expected) is str and value is not MISSING and type(value) is not str:
        return as_text(value) == expected
    return same_value(value, expected)


def _json_schema(check: JsonSchemaCheck, template: Compile) -> CheckFunction:
    path, label = Varying(check.path, template, compile_path, "path"), f"Check: jsonschema {check.path}"
    valid = compile_schema(check.rules).is_valid

    def run(reply: Reply, scope: Scope) -> str | None:
        document = document_of(reply)
        value = MISSING if document is MISSING else path.of(scope)(document)
        return None if value is not MISSING and valid(value) else label

    return run


def _size(check: SizeCheck, template: Compile) -> CheckFunction:
    label, measured = f"Check: {short_name(check)}", size_found(check, template)
    equals, less_than, greater_than = check.equals, check.less_than, check.greater_than

    def run(reply: Reply, scope: Scope) -> str | None:
        size = measured(reply, scope)
        if size is None or (equals is not None and size != equals):
            return label
        below = less_than is None or size < less_than
        return None if below and (greater_than is None or size > greater_than) else label

    return run


def size_found(check: SizeCheck, template: Compile) -> Callable[[Reply, Scope], int | None]:
    """The size that a check looks at: None where nothing is there that has one."""
    if check.path is None:
        return lambda reply, scope: len(reply.body())
    path = Varying(check.path, template, compile_path, "path")

    def run(reply: Reply, scope: Scope) -> int | None:
        document = document_of(reply)
        found = MISSING if document is MISSING else path.of(scope)(document)
        return len(found) if isinstance(found, list | dict | str) else None

    return run


def page_values(check: CssCheck | XpathCheck, template: Compile) -> Callable[[Reply, Scope], list[Any]]:
    """The first value that a check finds in a page, if there is one."""
    if isinstance(check, XpathCheck):
        find: Varying[Find] = Varying(check.path, template, compile_xpath, "path")
    else:
        find = Varying(check.selector, template, partial(compile_css, attribute=check.attribute), "selector")
    return lambda reply, scope: find.of(scope)(reply.body(), 1)


def _page(check: CssCheck | XpathCheck, template: Compile) -> CheckFunction:
    label, values = f"Check: {short_name(check)}", page_values(check, template)
    expected, exists = ValueTemplate(check.equals, template), check.exists
    contains = None if check.contains is None else template(check.contains)
    compares = "equals" in check.model_fields_set

    def run(reply: Reply, scope: Scope) -> str | None:
        found = values(reply, scope)
        if exists is False:
            return label if found else None
        if not found or (compares and not same_text(found[0], expected.render(scope))):
            return label
        return None if contains is None or contains.render(scope) in as_text(found[0]) else label

    return run


def same_text(value: Any, expected: Any) -> bool:
    """Whether what a page has is the expected value: numbers and truth by value, texts as they are written."""
    return same_value(value, expected) or (isinstance(value, str) and value == as_text(expected))


def _regex(check: RegexCheck, template: Compile) -> CheckFunction:
    pattern, header = Varying(check.pattern, template, compile_pattern, "pattern"), check.header
    label = f"Check: regex {check.pattern}"
    if header is None:
        return lambda reply, scope: None if search(pattern.of(scope), reply.text()) else label

    def run(reply: Reply, scope: Scope) -> str | None:
        text = "\n".join(reply.header_values(header))
        return None if search(pattern.of(scope), text) else label

    return run


def _contains(check: ContainsCheck, template: Compile) -> CheckFunction:
    text, label = template(check.text), f"Check: contains {check.text[:60]}"
    if text.constant is None:
        return lambda reply, scope: None if text.render(scope).encode("utf-8", "replace") in reply.body() else label
    needle = text.constant.encode("utf-8", "replace")
    return lambda reply, scope: None if needle in reply.body() else label


def _header(check: HeaderCheck, template: Compile) -> CheckFunction:
    name, label = check.name, f"Check: header {check.name}"
    equals = None if check.equals is None else template(check.equals)
    contains = None if check.contains is None else template(check.contains)

    def run(reply: Reply, scope: Scope) -> str | None:
        value = reply.header(name)
        if value is None or (equals is not None and value != equals.render(scope)):
            return label
        return label if contains is not None and contains.render(scope) not in value else None

    return run


def _response_time(check: ResponseTimeCheck, _: Compile) -> CheckFunction:
    limit_ns, label = check.less_than * 1e6, f"Check: response_time {check.less_than:g} ms"
    return lambda reply, scope: None if reply.ended_ns - reply.started_ns < limit_ns else label


_COMPILERS: dict[type, Callable[[Any, Compile], CheckFunction]] = {
    JsonCheck: _json,
    JsonSchemaCheck: _json_schema,
    CssCheck: _page,
    XpathCheck: _page,
    SizeCheck: _size,
    RegexCheck: _regex,
    ContainsCheck: _contains,
    HeaderCheck: _header,
    ResponseTimeCheck: _response_time,
}
