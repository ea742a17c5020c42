"""What was found instead, for people: by checks that failed, and by extractors that found nothing.

It is looked for only where a failure is shown: the first examples of a run's errors, and trials.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import islice
from typing import Any

from perfsvc.engine.checks import Compile
from perfsvc.engine.checks import page_values
from perfsvc.engine.checks import size_found
from perfsvc.engine.extractors import MOST_VALUES
from perfsvc.engine.extractors import all_values
from perfsvc.engine.extractors import subject_of
from perfsvc.engine.pages import is_page
from perfsvc.engine.pattern_time import search
from perfsvc.engine.reply_values import document_of
from perfsvc.errors import Text
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
from perfsvc.model.extractors import ChoosingExtractor
from perfsvc.model.extractors import CssExtractor
from perfsvc.model.extractors import Extractor
from perfsvc.model.extractors import HeaderExtractor
from perfsvc.model.extractors import JmespathExtractor
from perfsvc.model.extractors import JsonExtractor
from perfsvc.model.extractors import RegexExtractor
from perfsvc.model.extractors import XpathExtractor
from perfsvc.model.jsonpath import MISSING
from perfsvc.model.jsonpath import compile_path
from perfsvc.model.jsonschema import compile_schema
from perfsvc.model.nearest import did_you_mean
from perfsvc.model.nearest import nearest
from perfsvc.model.user_pattern import compile_pattern
from perfsvc.model.value_template import ValueTemplate
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import Scope

NS_PER_MS = 1_000_000
SHOWN = 80
"""Characters of a value."""
SHOWN_NAMES = 8
"""Names of an object that are listed."""
SHOWN_FAULTS = 3
KEY = re.compile(r"\.(\w{1,64})(?!\w)")
"""A key in a JSONPath."""
MOST_COMPARED = 200
"""Names of an object that a misspelt key is compared with."""


def finding_of(check: Check, reply: Reply, scope: Scope, template: Compile) -> Text:
    """What a check that failed found. Raises what looking at the reply raises."""
    if check.negated:
        return Text("条件成立", "the condition holds")
    return _CHECKS[type(check)](check, reply, scope, template)


def missing_of(extractor: Extractor, reply: Reply) -> Text:
    """Why an extractor found nothing. Raises what looking at the reply raises."""
    if isinstance(extractor, ChoosingExtractor):
        values = list(islice(all_values(extractor)(reply), MOST_VALUES))
        if values and extractor.decode is not None and extractor.match not in range(len(values) + 1, MOST_VALUES + 1):
            return Text(f"不能按 {extractor.decode} 解码：{excerpt(values[0])}",
                        f"is not {extractor.decode}: {excerpt(values[0])}")  # fmt: skip
        if values:
            return Text(f"只有 {len(values)} 个值", f"there are only {len(values)} values")
    if isinstance(extractor, JsonExtractor):
        return no_path(reply, extractor.path)
    if isinstance(extractor, JmespathExtractor):
        return not_json(reply) or Text("JMESPath 没有结果", "the JMESPath gives nothing")
    if isinstance(extractor, CssExtractor | XpathExtractor):
        return no_element(reply)
    if isinstance(extractor, HeaderExtractor):
        return Text(f"没有响应头 {extractor.header}", f"there is no header {extractor.header}")
    if isinstance(extractor, RegexExtractor) and extractor.header is not None:
        return header_found(reply, extractor.header)
    return body_found(reply) if extractor.reads.body else Text("没有这个 Cookie", "the reply does not set it")


def actual_of(check: Check, reply: Reply, scope: Scope, template: Compile) -> Any:
    """What a check compares, as it was in the reply; None where it is not there."""
    if isinstance(check, StatusCheck):
        return reply.status
    if isinstance(check, JsonCheck | JsonSchemaCheck):
        document = document_of(reply)
        value = MISSING if document is MISSING else compile_path(template(check.path).render(scope))(document)
        return None if value is MISSING else value
    if isinstance(check, CssCheck | XpathCheck):
        return next(iter(page_values(check, template)(reply, scope)), None)
    if isinstance(check, SizeCheck):
        return size_found(check, template)(reply, scope)
    if isinstance(check, RegexCheck):
        text = subject_of(check.header)(reply)
        match = search(compile_pattern(template(check.pattern).render(scope)), text)
        return None if match is None else match[0]
    if isinstance(check, HeaderCheck):
        return reply.header(check.name)
    if isinstance(check, ContainsCheck):
        return template(check.text).render(scope).encode("utf-8", "replace") in reply.body()
    return round((reply.ended_ns - reply.started_ns) / NS_PER_MS, 3)


def excerpt(value: Any) -> str:
    """A value as JSON, cut off: so ``"1"`` is not ``1``."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def body_found(reply: Reply) -> Text:
    """The beginning of a body in which something was not found."""
    text = " ".join(reply.text()[: SHOWN * 4].split())
    if not text:
        return Text("响应体为空", "the body is empty")
    start = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return Text(f"响应体为：{start}", f"the body is: {start}")


def not_json(reply: Reply) -> Text | None:
    """That a body is not JSON, or None where it is."""
    if document_of(reply) is not MISSING:
        return None
    found = body_found(reply)
    return Text(f"响应体不是 JSON；{found.zh}", f"the body is not JSON; {found.en}")


def no_path(reply: Reply, path: str) -> Text:
    """Why there is nothing at a JSONPath: the last place on the way that is there, and what it has."""
    absent = not_json(reply)
    if absent is not None:
        return absent
    document = document_of(reply)
    place, value = "$", document
    for end in (at for at, character in enumerate(path) if at and character in ".["):
        try:
            found = compile_path(path[:end])(document)
        except ValueError:  # a part of a path need not be one
            continue
        if found is MISSING:
            break
        place, value = path[:end], found
    hint = did_you_mean(_meant(place, value, path))
    contents = _contents(value)
    return Text(f"没有 {path}；{place} {contents.zh}{hint.zh}", f"there is no {path}; {place} {contents.en}{hint.en}")


def _meant(place: str, value: Any, path: str) -> str | None:
    """Return the path with the key of ``value`` that was probably meant behind ``place``, or None."""
    key = KEY.match(path, len(place))
    if key is None or not isinstance(value, dict):
        return None
    keys = [name for name in islice(value, MOST_COMPARED) if KEY.fullmatch(f".{name}")]
    near = nearest(key[1], keys)
    return None if near is None else f"{place}.{near}{path[key.end() :]}"


def _contents(value: Any) -> Text:
    if isinstance(value, dict):
        names = ", ".join(list(value)[:SHOWN_NAMES]) + (", …" if len(value) > SHOWN_NAMES else "")
        return Text(f"有 {names}", f"has {names}") if value else Text("是空对象", "is an empty object")
    if isinstance(value, list):
        return Text(f"是 {len(value)} 项的数组", f"is a list of {len(value)}")
    return Text(f"是 {excerpt(value)}", f"is {excerpt(value)}")


def no_element(reply: Reply) -> Text:
    """Why nothing was found in a page."""
    if is_page(reply.body()):
        return Text("没有匹配的元素", "no element matches")
    found = body_found(reply)
    return Text(f"响应体不是 HTML 或 XML；{found.zh}", f"the body is neither HTML nor XML; {found.en}")


def header_found(reply: Reply, name: str) -> Text:
    """A header as it is."""
    value = reply.header(name)
    if value is None:
        return Text(f"没有响应头 {name}", f"there is no header {name}")
    return Text(f"{name} 是 {excerpt(value)}", f"{name} is {excerpt(value)}")


def _status(check: StatusCheck, reply: Reply, scope: Scope, template: Compile) -> Text:
    return Text(f"状态码是 {reply.status}", f"the status is {reply.status}")


def _value_at(path: str, reply: Reply) -> Any:
    """Return the value at a path of a JSON body, or MISSING."""
    document = document_of(reply)
    return MISSING if document is MISSING else compile_path(path)(document)


def _json(check: JsonCheck, reply: Reply, scope: Scope, template: Compile) -> Text:
    path = template(check.path).render(scope)
    found = _value_at(path, reply)
    if found is MISSING:
        return no_path(reply, path)
    if "equals" not in check.model_fields_set:
        return Text(f"{path} 是 {excerpt(found)}", f"{path} is {excerpt(found)}")
    wanted = excerpt(ValueTemplate(check.equals, template).render(scope))
    return Text(f"{path} 是 {excerpt(found)}，不是 {wanted}", f"{path} is {excerpt(found)}, not {wanted}")


def _json_schema(check: JsonSchemaCheck, reply: Reply, scope: Scope, template: Compile) -> Text:
    path = template(check.path).render(scope)
    found = _value_at(path, reply)
    if found is MISSING:
        return no_path(reply, path)
    faults = list(islice(compile_schema(check.rules).faults(found), SHOWN_FAULTS))
    listed = "; ".join(f"{path}{_place(place)}: {message}" for place, message in faults)
    return Text(f"不符合：{listed}", f"does not follow it: {listed}")


def _place(parts: list[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def _size(check: SizeCheck, reply: Reply, scope: Scope, template: Compile) -> Text:
    size = size_found(check, template)(reply, scope)
    if check.path is None:
        return Text(f"响应体有 {size} 字节", f"the body has {size} bytes")
    path = template(check.path).render(scope)
    if size is not None:
        return Text(f"{path} 有 {size} 项", f"{path} has {size}")
    found = _value_at(path, reply)
    return no_path(reply, path) if found is MISSING else Text(f"{path} 没有长度", f"{path} has no length")


def _page(check: CssCheck | XpathCheck, reply: Reply, scope: Scope, template: Compile) -> Text:
    found = page_values(check, template)(reply, scope)
    if not found:
        return no_element(reply)
    if "equals" not in check.model_fields_set:
        return Text(f"值是 {excerpt(found[0])}", f"the value is {excerpt(found[0])}")
    wanted = excerpt(ValueTemplate(check.equals, template).render(scope))
    return Text(f"值是 {excerpt(found[0])}，不是 {wanted}", f"the value is {excerpt(found[0])}, not {wanted}")


def _regex(check: RegexCheck, reply: Reply, scope: Scope, template: Compile) -> Text:
    return body_found(reply) if check.header is None else header_found(reply, check.header)


def _contains(check: ContainsCheck, reply: Reply, scope: Scope, template: Compile) -> Text:
    return body_found(reply)


def _header(check: HeaderCheck, reply: Reply, scope: Scope, template: Compile) -> Text:
    return header_found(reply, check.name)


def _response_time(check: ResponseTimeCheck, reply: Reply, scope: Scope, template: Compile) -> Text:
    took = (reply.ended_ns - reply.started_ns) / NS_PER_MS
    return Text(f"用时 {took:.1f} ms", f"it took {took:.1f} ms")


_CHECKS: dict[type, Callable[..., Text]] = {
    StatusCheck: _status,
    JsonCheck: _json,
    JsonSchemaCheck: _json_schema,
    SizeCheck: _size,
    CssCheck: _page,
    XpathCheck: _page,
    RegexCheck: _regex,
    ContainsCheck: _contains,
    HeaderCheck: _header,
    ResponseTimeCheck: _response_time,
}
