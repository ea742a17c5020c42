"""Names of headers that users write."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from perfsvc.plugin import Fault
from perfsvc.plugin import Problem
from perfsvc.plugin import Text

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
V = TypeVar("V")

NOT_A_NAME = Text("不是合法的请求头名称", "is not a header name")


def sendable(headers: dict[str, V], reserved: Callable[[str], Text | None]) -> dict[str, V]:
    """Return the headers unchanged. Raises Fault for invalid names and where ``reserved`` gives a reason for one."""
    faults = {name: reserved(name.lower()) if TOKEN.fullmatch(name) else NOT_A_NAME for name in headers}
    problems = [Problem(name, fault) for name, fault in faults.items() if fault is not None]
    if problems:
        raise Fault.all(problems)
    return headers
