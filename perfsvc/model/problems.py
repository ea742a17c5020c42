"""Validation faults in words: one table from pydantic's error types to Chinese and English."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel
from pydantic import ValidationError

from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.known_keys import meant_by
from perfsvc.model.known_keys import unknown_key
from perfsvc.model.nearest import nearest

MESSAGES: dict[str, tuple[str, str]] = {
    "missing": ("必填项", "is required"),
    "int_type": ("应为整数", "must be an integer"),
    "int_from_float": ("应为整数", "must be an integer"),
    "float_type": ("应为数字", "must be a number"),
    "finite_number": ("应为有限的数字", "must be a finite number"),
    "string_type": ("应为字符串", "must be a string"),
    "string_too_short": ("长度不能少于 {min_length} 个字符", "must have at least {min_length} characters"),
    "string_too_long": ("长度不能超过 {max_length} 个字符", "must have at most {max_length} characters"),
    "string_pattern_mismatch": ("格式不正确，应匹配 {pattern}", "must match {pattern}"),
    "bool_type": ("应为布尔值", "must be true or false"),
    "list_type": ("应为数组", "must be a list"),
    "tuple_type": ("应为数组", "must be a list"),
    "dict_type": ("应为对象", "must be an object"),
    "model_type": ("应为对象", "must be an object"),
    "model_attributes_type": ("应为对象", "must be an object"),
    "too_short": ("至少需要 {min_length} 项", "must have at least {min_length} items"),
    "too_long": ("最多 {max_length} 项", "must have at most {max_length} items"),
    "greater_than": ("应大于 {gt}", "must be greater than {gt}"),
    "greater_than_equal": ("不能小于 {ge}", "must be at least {ge}"),
    "less_than": ("应小于 {lt}", "must be less than {lt}"),
    "less_than_equal": ("不能大于 {le}", "must be at most {le}"),
    "literal_error": ("应为以下值之一：{expected}", "must be one of {expected}"),
    "enum": ("应为以下值之一：{expected}", "must be one of {expected}"),
    "union_tag_not_found": ("缺少 {discriminator} 字段", "misses the key {discriminator}"),
    "union_tag_invalid": (
        "{discriminator} 应为以下值之一：{expected_tags}",
        "{discriminator} must be one of {expected_tags}",
    ),
    "json_invalid": ("不是合法的 JSON：{error}", "is not valid JSON: {error}"),
    "step_type": (
        "type 应为以下值之一：request, think, group, loop, if, while, choice, break, stop, rendezvous",
        "type must be one of request, think, group, loop, if, while, choice, break, stop, rendezvous",
    ),
    "extractor_source": (
        "from 应为以下值之一：json, jmespath, css, xpath, regex, boundary, header, cookie, status, body",
        "from must be one of json, jmespath, css, xpath, regex, boundary, header, cookie, status, body",
    ),
    "recursion_loop": ("嵌套过深", "is nested too deeply"),
}


MOST_PROBLEMS = 100
"""Of one document; who mends these sees the rest."""
BRACKET = re.compile(r"\[")


class Fault(ValueError):
    """Raised by our own validators: a message in both languages, and the path below the value where it lies."""

    def __init__(self, zh: str, en: str, at: str = "") -> None:
        super().__init__(en)
        self.problems = [Problem(at, Text(zh, en))]

    @classmethod
    def all(cls, problems: list[Problem]) -> Fault:
        """Several problems at once, so that all can be corrected in one round."""
        fault = cls("", "; ".join(problem.text.en for problem in problems))
        fault.problems = problems
        return fault


def problems_of(error: ValidationError, data: Any, at: str = "", model: type[BaseModel] | None = None) -> list[Problem]:
    """Return the faults that pydantic found in ``data``, at most MOST_PROBLEMS, with paths that start with ``at``.

    ``model`` is the spec that refused it, whose keys are proposed in place of unknown ones.
    """
    entries = without_slips(error.errors(include_url=False, include_input=False))
    found = [problem for entry in entries[: MOST_PROBLEMS + 1] for problem in _problems(entry, data, at, model)]
    # A list whose items are all wrong counts as too short as well; the items' own faults say enough.
    parents = {problem.path[: bracket.start()] for problem in found for bracket in BRACKET.finditer(problem.path)}
    return bounded([problem for problem in found if problem.path not in parents], at)


def without_slips(entries: list[Any]) -> list[Any]:
    """Return the errors without keys that are missing because they are misspelt, which is an error of its own."""
    unknown: dict[Any, list[str]] = {}
    for entry in entries:
        if entry["type"] == "extra_forbidden":
            unknown.setdefault(entry["loc"][:-1], []).append(str(entry["loc"][-1]))

    def misspelt(entry: Any) -> bool:
        *above, key = entry["loc"] or ("",)
        return entry["type"] == "missing" and any(
            nearest(meant_by(each), [str(key)]) for each in unknown.get(tuple(above), ())
        )

    return [entry for entry in entries if not misspelt(entry)]


def bounded(problems: list[Problem], at: str = "") -> list[Problem]:
    """Return the first MOST_PROBLEMS; a last one says that there are more."""
    if len(problems) <= MOST_PROBLEMS:
        return problems
    more = Text(
        f"问题超过 {MOST_PROBLEMS} 个，其余未列出", f"more than {MOST_PROBLEMS} problems; the rest are not listed"
    )
    return [*problems[:MOST_PROBLEMS], Problem(at or "$", more)]


def path_of(location: tuple[int | str, ...], at: str = "") -> str:
    """``("steps", 0, "name")`` as ``steps[0].name``, below ``at``."""
    path = at
    for part in location:
        joint = "" if isinstance(part, int) or part.startswith("[") or not path else "."
        path += f"[{part}]" if isinstance(part, int) else f"{joint}{part}"
    return path or "$"


def _problems(entry: Any, data: Any, at: str, model: type[BaseModel] | None) -> list[Problem]:
    context: dict[str, Any] = entry.get("ctx", {})
    cause = context.get("error")
    location = _written_by_user(entry["loc"], data)
    if isinstance(cause, Fault):
        return [
            Problem(path_of((*location, part.path) if part.path else location, at), part.text)
            for part in cause.problems
        ]
    if entry["type"] == "extra_forbidden":
        *above, key = entry["loc"]
        return [Problem(path_of(location, at), unknown_key(str(key), model, tuple(above)))]
    zh, en = MESSAGES.get(entry["type"], (entry["msg"], entry["msg"]))
    in_chinese = zh.format(**context).replace("' or '", "' 或 '")  # pydantic joins choices in English
    return [Problem(path_of(location, at), Text(in_chinese, en.format(**context)))]


def _written_by_user(location: tuple[int | str, ...], data: Any) -> tuple[int | str, ...]:
    """The location without the names of union branches, which pydantic puts in and no user ever wrote.

    A branch is named by the value's own ``type``, or marked with a colon where it would be named like a key; a name
    below what has no keys can be nothing else. A key that is wrong in itself is marked ``[key]``.
    """
    kept: list[int | str] = []
    branch = False
    for part in location:
        # Behind the name of a branch stands a key, though it may be called like the branch.
        branch = isinstance(part, str) and (
            not isinstance(data, dict) or part.startswith(":") or (data.get("type") == part and not branch)
        )
        if branch or part == "[key]":
            continue
        kept.append(part)
        data = data[part] if _holds(data, part) else None
    return tuple(kept)


def _holds(data: Any, part: int | str) -> bool:
    return (isinstance(data, dict) and part in data) or (
        isinstance(data, list) and isinstance(part, int) and part < len(data)
    )
