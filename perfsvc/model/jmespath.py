"""JMESPath expressions, compiled once; only such whose results stay in proportion to the document."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from math import prod
from typing import Any

from perfsvc.model.problems import Fault

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
        shown = " ".join(str(error).split())
        raise Fault(f"无效的 JMESPath：{shown}", f"invalid JMESPath: {shown}") from None
    if copies > MOST_COPIES:
        raise Fault("JMESPath 中的 [] 或 {} 过多", "has too many lists [] or objects {} within one another")

    def search(document: Any) -> Any:
        try:
            return compiled.search(document)
        except JMESPathError:  # a function that has no meaning for the values found
            return None

    return search


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """The lists and objects that an expression makes."""
    if node["type"] in COPYING:
        yield node
    for child in node.get("children", ()):
        if isinstance(child, dict):
            yield from _nodes(child)
