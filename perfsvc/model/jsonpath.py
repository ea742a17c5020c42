"""JSONPath, compiled once: our own getter for plain paths such as ``$.a.b[3]``, jsonpath-ng for the rest."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from functools import cache
from threading import Lock
from typing import Any

from perfsvc.errors import Text
from perfsvc.model.problems import Fault
from perfsvc.model.syntax_faults import expression_fault
from perfsvc.model.syntax_faults import not_understood
from perfsvc.model.syntax_faults import unbalanced

PLAIN = re.compile(r"^\$(?:\.[A-Za-z_][\w-]*|\[\d+\]|\['[^'\]]+'\])*$")
PART = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^'\]]+)'\]")

NODES = """
    Root This Child Fields Wildcard Index Slice Descendants Filter Expression And Or Len Keys Path SortedThis Split Str
"""
HARMLESS = frozenset(NODES.split())
"""Nodes of jsonpath-ng whose work is bounded. Not so sub() and =~, which take any regular expression; arithmetic, which
multiplies texts as well; parent, after which every child is visited once for each of its siblings; |, which doubles."""
JSONPATH = Text(" JSONPath", "JSONPath")
CALLED = re.compile(r"near token \( ")
LONGEST_PATH = 2000

ENDS_EARLY = re.compile("end of string|EOF")
COLUMN = re.compile(r"(?:at \d+:|col )(\d+)")
"""Where jsonpath-ng names the column of a fault, counted from 0."""

MISSING: Any = object()
"""What a getter returns when nothing is there."""

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
    return lambda document: [match.value for match in compiled.find(document)]


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
        matches = compiled.find(document)
        return matches[0].value if matches else MISSING

    return get


def _parsed(path: str) -> Any:
    if len(path) > LONGEST_PATH:
        raise Fault(f"JSONPath 不能超过 {LONGEST_PATH} 个字符", f"has more than {LONGEST_PATH} characters")
    try:
        tree = _parser().parse(path)
        _check(list(_nodes(tree)))
    except Fault:
        raise
    except RecursionError:
        raise Fault("JSONPath 嵌套过深", "is nested too deeply") from None
    except Exception as error:  # what its parser raises is of many kinds, some of them plain Exceptions
        raise _explained(path, str(error)) from None
    return tree


def _explained(path: str, error: str) -> Fault:
    """Return the fault of a path that jsonpath-ng refuses with ``error``."""
    if ENDS_EARLY.search(error):
        unfinished = "invalid JSONPath: not finished; write the path of the value, such as $.data.token"
        return Fault("JSONPath 没有写完，请填写要取的值的路径，例如 $.data.token", unfinished)
    if fault := unbalanced(path):
        return expression_fault(JSONPATH, fault[1], fault[0])
    place = COLUMN.search(error)
    at = int(place[1]) if place else None
    return expression_fault(JSONPATH, _reason(path, at, error), at)


def _reason(path: str, at: int | None, error: str) -> Text:
    if at == 0:
        return Text("应为 $，例如 $.data.token", "a path begins with $, such as $.data.token")
    if at == 1 and path.startswith("$"):
        return Text("应为 . 或 [，例如 $.data", ". or [ follows $, as in $.data")
    if "Unexpected character" in error or error.endswith("(ID)"):
        return Text(
            "有误；名称以数字开头，或含有空格等字符时，请写成 ['名称']",
            "put a name that begins with a digit, or has blanks or such characters in it, into ['…']",
        )
    if CALLED.search(error):
        return Text("有误；不支持函数调用，取长度请写 .`len`", "functions are not supported; a length is .`len`")
    return not_understood(error)


@cache
def _parser() -> Parser:
    """The parser of the process: making one costs more than parsing a path."""
    return Parser()


class Parser:
    """jsonpath-ng's parser, for one thread at a time."""

    def __init__(self) -> None:
        from jsonpath_ng.ext.parser import ExtendedJsonPathParser  # imported late: few scenes need the full language

        self._parser = ExtendedJsonPathParser()
        self._turn = Lock()

    def parse(self, path: str) -> Any:
        """Raise what jsonpath-ng raises."""
        with self._turn:
            return self._parser.parse(path)


def _nodes(part: Any) -> Iterator[Any]:
    """All nodes of a path, those in its filters as well."""
    from jsonpath_ng import JSONPath

    if isinstance(part, list | tuple):
        for each in part:
            yield from _nodes(each)
    elif isinstance(part, JSONPath):
        yield part
        yield from _nodes(list(vars(part).values()))


def _check(nodes: list[Any]) -> None:
    """Raises Fault for a path that could take for ever, or find more than the document holds."""
    names = [type(node).__name__ for node in nodes]
    for node, name in zip(nodes, names, strict=True):
        if name not in HARMLESS or getattr(node, "op", "") == "=~":
            what = "=~" if name in HARMLESS else name.strip("_").lower()
            raise Fault(f"JSONPath 不支持 {what}", f"may not use {what}")
        listed = list(getattr(node, "fields", None) or getattr(node, "indices", None) or ())
        if len(set(listed)) < len(listed):
            raise Fault("JSONPath 的 [] 中有重复项", "lists the same item twice in []")
        if getattr(node, "step", None) == 0:
            raise Fault("JSONPath 的步长不能为 0", "has a slice with step 0")
    if names.count("Descendants") > 1:
        raise Fault("JSONPath 最多包含一个 ..", "may contain .. only once")
    if any(_asks_all(node) for node in nodes):
        raise Fault("筛选条件中 $ 只能用于比较的值", "may use $ in a filter only for the value compared to")


def _asks_all(node: Any) -> bool:
    """Whether a filter looks through the whole document for every item."""
    return type(node).__name__ == "Expression" and any(type(each).__name__ == "Root" for each in _nodes(node.target))
