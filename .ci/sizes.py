"""The size gate: modules under 600 lines, functions under 60, the median function at most 10.

An exemption is a comment ``# size: <reason>`` on the line of the ``def`` or on the module's first line.
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
MARK = "# size:"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function of a module, methods and inner ones included."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from ``def`` to the end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def check(path: Path, lengths: list[int]) -> Iterator[str]:
    """Complaints about one module; the lengths of its functions are added to ``lengths``."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if len(lines) >= MAX_MODULE and MARK not in lines[0]:
        yield f"{path}: {len(lines)} lines"
    for function in functions(ast.parse(text)):
        lengths.append(length(function))
        if length(function) >= MAX_FUNCTION and MARK not in lines[function.lineno - 1]:
            yield f"{path}:{function.lineno} {function.name}: {length(function)} lines"


def main(folders: list[str]) -> int:
    """Print every complaint; 1 when there is any."""
    lengths: list[int] = []
    modules = sorted(path for folder in folders for path in Path(folder).rglob("*.py"))
    complaints = [complaint for path in modules for complaint in check(path, lengths)]
    median = statistics.median(lengths)
    if median > MAX_MEDIAN:
        complaints.append(f"the median function has {median:g} lines")
    print(*complaints, sep="\n", end="\n" if complaints else "")
    print(f"{len(modules)} modules, {len(lengths)} functions, median {median:g} lines")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
