"""Values in a reply that checks and extractors share: the JSON document, compiled patterns and paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import regex

from perfsvc.model.jsonpath import MISSING
from perfsvc.model.jsonpath import compile_path
from perfsvc.model.jsonpath import compile_paths
from perfsvc.model.problems import Fault
from perfsvc.model.user_pattern import compile_pattern
from perfsvc.plugin.protocol import Reply

REGEX_LIMIT_S = 0.1
"""A pattern that backtracks for longer would block every user of the process, so it fails its request."""

decode_json = msgspec.json.Decoder().decode


def document_of(reply: Reply) -> Any:
    """Return the body decoded as JSON, or MISSING where it is not JSON."""
    try:
        return decode_json(reply.body())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return MISSING


def compile_regex(pattern: str, at: str) -> regex.Pattern[str]:
    """Compile a regular expression. Raise Fault at ``at``."""
    try:
        return compile_pattern(pattern)
    except Fault as fault:
        raise Fault(*fault.problems[0].text, at) from None


def compile_json_paths(path: str) -> Callable[[Any], list[Any]]:
    """Compile a JSONPath for every value at it. Raise Fault at ``path``."""
    try:
        return compile_paths(path)
    except Fault as fault:
        raise Fault(*fault.problems[0].text, "path") from None


def compile_json_path(path: str) -> Callable[[Any], Any]:
    """Compile a JSONPath. Raise Fault at ``path``."""
    try:
        return compile_path(path)
    except Fault as fault:
        raise Fault(*fault.problems[0].text, "path") from None
