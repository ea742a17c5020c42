"""What steps look for in replies: checks and extractors, compiled to closures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import regex

from perfsvc.engine.faults import Faults
from perfsvc.model.jsonpath import MISSING
from perfsvc.model.jsonpath import compile_path
from perfsvc.model.problems import Fault
from perfsvc.model.scene import Check
from perfsvc.model.scene import ContainsCheck
from perfsvc.model.scene import Extractor
from perfsvc.model.scene import HeaderCheck
from perfsvc.model.scene import JsonCheck
from perfsvc.model.scene import RegexCheck
from perfsvc.model.scene import RequestStep
from perfsvc.model.scene import ResponseTimeCheck
from perfsvc.model.scene import StatusCheck
from perfsvc.plugin.protocol import Reads
from perfsvc.plugin.protocol import Reply

CheckFunction = Callable[[Reply], "str | None"]
"""The error class when the check fails, else None."""
ExtractFunction = Callable[[Reply], Any]
"""The value found, or MISSING."""

MAX_STATUSES = 1000
REGEX_LIMIT_S = 0.1
"""A pattern that backtracks for longer would hold up every user of the process; it fails its request instead."""
decode_json = msgspec.json.Decoder().decode


def reads_of(step: RequestStep) -> Reads:
    """Which parts of the reply this step looks at."""
    headers = any(check.type == "header" for check in step.checks) or any(e.source == "header" for e in step.extract)
    body = any(check.type in ("json", "regex", "contains") for check in step.checks)
    return Reads(headers, body or any(e.source in ("json", "regex", "body") for e in step.extract))


class StatusFailures(dict[int, "str | None"]):
    """What a protocol thinks of each status, remembered."""

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


def document_of(reply: Reply) -> Any:
    """The body as decoded JSON, or MISSING when it is none."""
    try:
        return decode_json(reply.body())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return MISSING


def compile_checks(step: RequestStep, failures: StatusFailures, path: str, faults: Faults) -> list[CheckFunction]:
    """The checks of a step; what is wrong with the others is noted."""
    made = [
        faults.noted(partial(compile_check, check, failures), f"{path}.checks[{number}]")
        for number, check in enumerate(step.checks)
    ]
    return [check for check in made if check is not None]


def compile_extractors(step: RequestStep, path: str, faults: Faults) -> list[tuple[str, ExtractFunction]]:
    """The extractors of a step with their variables; what is wrong with the others is noted."""
    made = [
        (extractor.name, faults.noted(partial(compile_extractor, extractor), f"{path}.extract[{number}]"))
        for number, extractor in enumerate(step.extract)
    ]
    return [(name, extract) for name, extract in made if extract is not None]


def compile_check(check: Check, failures: StatusFailures) -> CheckFunction:
    """One check as a function. Raises Fault for a broken expression."""
    return _COMPILERS[type(check)](check, failures)


def _status(check: StatusCheck, failures: StatusFailures) -> CheckFunction:
    allowed = frozenset(check.one_of or (check.equals,))

    def run(reply: Reply) -> str | None:
        return None if reply.status in allowed else failures[reply.status] or f"Check: status {reply.status}"

    return run


def _json(check: JsonCheck, _: StatusFailures) -> CheckFunction:
    get, label = _path(check.path), f"Check: json {check.path}"
    equals, exists = check.equals, check.exists
    compares = "equals" in check.model_fields_set

    def run(reply: Reply) -> str | None:
        document = document_of(reply)
        found = MISSING if document is MISSING else get(document)
        if exists is not None and (found is not MISSING) != exists:
            return label
        if compares:
            return None if found == equals else label
        return label if exists is None and found is MISSING else None

    return run


def _regex(check: RegexCheck, _: StatusFailures) -> CheckFunction:
    search, label = compile_regex(check.pattern, "pattern").search, f"Check: regex {check.pattern}"
    return lambda reply: None if search(reply.text(), timeout=REGEX_LIMIT_S) else label


def _contains(check: ContainsCheck, _: StatusFailures) -> CheckFunction:
    needle, label = check.text.encode(), f"Check: contains {check.text[:60]}"
    return lambda reply: None if needle in reply.body() else label


def _header(check: HeaderCheck, _: StatusFailures) -> CheckFunction:
    name, equals, contains, label = check.name, check.equals, check.contains, f"Check: header {check.name}"

    def run(reply: Reply) -> str | None:
        value = reply.header(name)
        if value is None or (equals is not None and value != equals):
            return label
        return label if contains is not None and contains not in value else None

    return run


def _response_time(check: ResponseTimeCheck, _: StatusFailures) -> CheckFunction:
    limit_ns, label = check.less_than * 1e6, f"Check: response_time {check.less_than:g} ms"
    return lambda reply: None if reply.ended_ns - reply.started_ns < limit_ns else label


_COMPILERS: dict[type, Callable[[Any, StatusFailures], CheckFunction]] = {
    StatusCheck: _status,
    JsonCheck: _json,
    RegexCheck: _regex,
    ContainsCheck: _contains,
    HeaderCheck: _header,
    ResponseTimeCheck: _response_time,
}


def compile_extractor(extractor: Extractor) -> ExtractFunction:
    """One extractor as a function. Raises Fault for a broken expression."""
    find = _finder(extractor)
    if "default" not in extractor.model_fields_set:
        return find
    default = extractor.default

    def run(reply: Reply) -> Any:
        found = find(reply)
        return default if found is MISSING else found

    return run


def _finder(extractor: Extractor) -> ExtractFunction:
    if extractor.source == "json":
        return _json_finder(extractor.path or "$")
    if extractor.source == "regex":
        return _regex_finder(extractor.pattern or "", extractor.group)
    if extractor.source == "header":
        return _header_finder(extractor.header or "")
    return (lambda reply: reply.status) if extractor.source == "status" else (lambda reply: reply.text())


def _json_finder(path: str) -> ExtractFunction:
    get = _path(path)

    def run(reply: Reply) -> Any:
        document = document_of(reply)
        return MISSING if document is MISSING else get(document)

    return run


def _regex_finder(pattern: str, group: int) -> ExtractFunction:
    compiled = compile_regex(pattern, "pattern")
    if group > max(1, compiled.groups):
        raise Fault(f"该表达式只有 {compiled.groups} 个分组", f"the pattern has only {compiled.groups} groups", "group")
    wanted = min(group, compiled.groups)  # group 1 is the default, and the whole match where there are no groups

    def run(reply: Reply) -> Any:
        match = compiled.search(reply.text(), timeout=REGEX_LIMIT_S)
        return MISSING if match is None or match[wanted] is None else match[wanted]

    return run


def _header_finder(name: str) -> ExtractFunction:
    def run(reply: Reply) -> Any:
        value = reply.header(name)
        return MISSING if value is None else value

    return run


def compile_regex(pattern: str, at: str) -> regex.Pattern[str]:
    """A regular expression. Raises Fault at ``at``."""
    try:
        return regex.compile(pattern)
    except regex.error as error:
        raise Fault(f"无效的正则表达式：{error}", f"not a regular expression: {error}", at) from None
    except RecursionError:
        raise Fault("正则表达式嵌套过深", "is nested too deeply", at) from None


def _path(path: str) -> Callable[[Any], Any]:
    try:
        return compile_path(path)
    except Fault as fault:
        raise Fault(*fault.problems[0].text, "path") from None
