"""The size gate: what makes code hard to hold in one's head, measured.

Functions have fewer than 60 lines and a median of at most 10; classes have at most 25 attributes and 25 methods;
modules have at most 600 lines. An exemption is a comment ``# size: <reason>`` on the line of the ``def`` or the
``class``, or on the module's first line; one that is not needed is a complaint too.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_MODULE = 600
MAX_FUNCTION = 60
MAX_MEDIAN = 10
MAX_ATTRIBUTES = 25
MAX_METHODS = 25
MARK = "# size: "

Function = ast.FunctionDef | ast.AsyncFunctionDef


def length(function: Function) -> int:
    """Lines from ``def`` to the end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def methods(owner: ast.ClassDef) -> list[Function]:
    """Methods and properties that the class itself defines."""
    return [part for part in owner.body if isinstance(part, Function)]


def attributes(owner: ast.ClassDef) -> set[str]:
    """Instance attributes: annotated fields, and what the class's own methods assign to ``self``."""
    fields = {
        part.target.id
        for part in owner.body
        if isinstance(part, ast.AnnAssign)
        and isinstance(part.target, ast.Name)
        and not ast.unparse(part.annotation).startswith("ClassVar")
    }
    return fields.union(*(assigned(method) for method in methods(owner)))


def assigned(method: Function) -> set[str]:
    """Names of attributes of ``self`` that a method assigns."""
    return {
        node.attr
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def findings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and complaint for each class and function that is too large."""
    for node in ast.walk(tree):
        if isinstance(node, Function) and length(node) >= MAX_FUNCTION:
            yield node.lineno, f"{node.name} has {length(node)} lines"
        if isinstance(node, ast.ClassDef) and len(attributes(node)) > MAX_ATTRIBUTES:
            yield node.lineno, f"{node.name} has {len(attributes(node))} attributes"
        if isinstance(node, ast.ClassDef) and len(methods(node)) > MAX_METHODS:
            yield node.lineno, f"{node.name} has {len(methods(node))} methods"


def check(path: Path) -> Iterator[str]:
    """Yield the complaints about one module."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    found = list(findings(ast.parse(text)))
    if len(lines) > MAX_MODULE:
        found.append((1, f"{len(lines)} lines"))
    marked = {number for number, line in enumerate(lines, 1) if MARK in line}
    yield from (f"{path}:{number} {complaint}" for number, complaint in found if number not in marked)
    yield from (f"{path}:{number} needs no exemption" for number in sorted(marked - {number for number, _ in found}))


def lengths(path: Path) -> list[int]:
    """The lengths of all functions of a module, methods and inner ones included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [length(node) for node in ast.walk(tree) if isinstance(node, Function)]


def main(folders: list[str]) -> int:
    """Print every complaint. Return 1 if there is any."""
    modules = sorted(path for folder in folders for path in Path(folder).rglob("*.py"))
    complaints = [complaint for path in modules for complaint in check(path)]
    functions = [lines for path in modules for lines in lengths(path)]
    median = statistics.median(functions)
    if median > MAX_MEDIAN:
        complaints.append(f"the median function has {median:g} lines")
    print(*complaints, sep="\n", end="\n" if complaints else "")
    print(f"{len(modules)} modules, {len(functions)} functions, median {median:g} lines")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
