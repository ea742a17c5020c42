"""JSONPath, compiled once: our own getter for plain paths such as ``$.a.b[3]``, jsonpath-ng for the rest."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from perfsvc.model.problems import Fault

PLAIN = re.compile(r"^\$(?:\.[A-Za-z_][\w-]*|\[\d+\]|\['[^'\]]+'\])*$")
PART = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^'\]]+)'\]")

MISSING: Any = object()
"""What a getter answers when nothing is there."""

Getter = Callable[[Any], Any]


def compile_path(path: str) -> Getter:
    """A function from a decoded document to the first value at ``path``, or MISSING. Raises Fault."""
    return _plain(path) if PLAIN.match(path) else _general(path)


def compile_paths(path: str) -> Callable[[Any], list[Any]]:
    """A function from a decoded document to every value at ``path``. Raises Fault."""
    if PLAIN.match(path):
        get = _plain(path)
        return lambda document: [] if (value := get(document)) is MISSING else [value]
    compiled = _parsed(path)
    return lambda document: [found.value for found in compiled.find(document)]


def _plain(path: str) -> Getter:
    keys = [int(index) if index else name or quoted for name, index, quoted in PART.findall(path)]

    def get(document: Any) -> Any:
        try:
            for key in keys:
                document = document[key]
        except (KeyError, IndexError, TypeError):
            return MISSING
        return document

    return get


def _general(path: str) -> Getter:
    compiled = _parsed(path)

    def get(document: Any) -> Any:
        found = compiled.find(document)
        return found[0].value if found else MISSING

    return get


def _parsed(path: str) -> Any:
    from jsonpath_ng.exceptions import JSONPathError  # imported late: few scenes need the full language
    from jsonpath_ng.ext.parser import parse

    try:
        return parse(path)
    except RecursionError:
        raise Fault("JSONPath 嵌套过深", "is nested too deeply") from None
    except (JSONPathError, AttributeError, ValueError, re.error) as error:
        raise Fault(f"无效的 JSONPath：{error}", f"not a JSONPath: {error}") from None
