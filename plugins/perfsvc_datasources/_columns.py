"""Names of columns, which steps use as ``{{name}}``."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from perfsvc.plugin import Problem
from perfsvc.plugin import Row
from perfsvc.plugin import Text
from perfsvc.plugin import VariableName
from perfsvc.plugin import is_variable_name

MOST_COLUMNS = 1000
Column = VariableName


def row_maker(columns: Sequence[str]) -> Callable[[Iterable[Sequence[Any]]], list[Row]]:
    """Return a function from records to rows. It raises ValueError for a record of another length.

    A dict display with constant names takes a third of the time of ``dict(zip(columns, record))``, so one is compiled
    for these columns, as ``namedtuple`` does it. Names become literals by ``repr``, whatever is in them.
    """
    if not columns:
        return lambda records: [{} for _ in records]
    values = [f"value{number}" for number in range(len(columns))]
    display = ", ".join(f"{name!r}: {value}" for name, value in zip(columns, values, strict=True))
    source = f"lambda records: [{{{display}}} for ({', '.join(values)},) in records]"
    return eval(source, {"__builtins__": {}})  # type: ignore[no-any-return]  # noqa: S307 - nothing but literals


def unusable(names: Iterable[str]) -> list[str]:
    """Return the names that cannot be variables."""
    return [name for name in names if not is_variable_name(name)]


def twice(names: Iterable[str], at: str) -> list[Problem]:
    """Return a problem for every repeated name."""
    seen: set[str] = set()
    problems = []
    for index, name in enumerate(names):
        if name in seen:
            problems.append(Problem(f"{at}[{index}]", Text(f"列名 {name} 重复", f"{name} is repeated")))
        seen.add(name)
    return problems
