"""Names of columns: what a step can write as ``{{name}}``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from perfsvc.plugin import Problem
from perfsvc.plugin import Text

MOST_COLUMNS = 1000
NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"
Column = Annotated[str, Field(pattern=NAME)]

_usable = re.compile(NAME)


def unusable(names: Iterable[str]) -> list[str]:
    """The names that no step can use."""
    return [name for name in names if not _usable.match(name)]


def twice(names: Iterable[str], at: str) -> list[Problem]:
    """A problem for every name that stands there more than once."""
    seen: set[str] = set()
    problems = []
    for index, name in enumerate(names):
        if name in seen:
            problems.append(Problem(f"{at}[{index}]", Text(f"列名 {name} 重复", f"{name} is there twice")))
        seen.add(name)
    return problems
