"""JMESPath expressions, compiled once; only such whose results stay in proportion to the document."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from math import prod
from typing import Any

from perfsvc.errors import Text
from perfsvc.model.problems import Fault
from perfsvc.model.syntax_faults import expression_fault
from perfsvc.model.syntax_faults import not_understood
from perfsvc.model.syntax_faults import unbalanced

JMESPATH = Text(" JMESPath", "JMESPath")
UNFINISHED = Text(
    "没有写完，请填写要取的值的表达式，例如 data.items[0].id",
    "not finished; write the expression of the value, such as data.items[0].id",
)

MOST_COPIES = 10_000
"""How many times an expression may put one value into its result: ``[@, @]`` doubles it, and can be repeated."""
COPYING = frozenset({"multi_select_list", "multi_select_dict"})


def compile_jmespath(expression: str) -> Callable[[Any], Any]:
    """A function from a decoded document to the result; None where nothing is found. Raises Fault."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled = jmespath.compile(expression)
        copies = prod(max(len(node.get("children", ())), 1) for node in _nodes(compiled.parsed))
    except (JMESPathError, RecursionError) as error:
        raise _explained(expression, error) from None
    if copies > MOST_COPIES:
        raise Fault("JMESPath 中的 [] 或 {} 过多", "has too many lists [] or objects {} within one another")

    def search(document: Any) -> Any:
        try:
            return compiled.search(document)
        except JMESPathError:  # a function that has no meaning for the values found
            return None

    return search


def _explained(expression: str, error: Exception) -> Fault:
    """Return the fault of an expression that jmespath refuses with ``error``."""
    if fault := unbalanced(expression):
        return expression_fault(JMESPATH, fault[1], fault[0])
    at: int | None = getattr(error, "lex_position", None)
    if not expression.strip() or (at is not None and at >= len(expression)):
        return expression_fault(JMESPATH, UNFINISHED)
    message = " ".join(str(getattr(error, "message", error)).split())
    return expression_fault(JMESPATH, not_understood(message.partition(": Parse error")[0]), at)


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """The lists and objects that an expression makes."""
    if node["type"] in COPYING:
        yield node
    for child in node.get("children", ()):
        if isinstance(child, dict):
            yield from _nodes(child)
