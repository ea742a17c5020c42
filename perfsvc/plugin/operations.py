"""Operations of a target as a plugin returns them, checked before they are shown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from perfsvc.errors import Text
from perfsvc.plugin.protocol import Operation


def checked(operations: Iterable[Any]) -> list[Operation]:
    """Return operations whose requests are JSON. Raise TypeError or ValueError for any other."""
    return [_checked(each) for each in operations]


def _checked(operation: Any) -> Operation:
    if not isinstance(operation, Operation):
        raise TypeError(f"operations() returned {type(operation).__name__}, not Operation")
    name, kind, request = operation
    if not isinstance(name, str) or not isinstance(kind, Text) or not isinstance(request, Mapping):
        raise TypeError(f"operation {name!r}: name is str, kind is Text, request is a mapping")
    written = json.dumps([name, *kind, dict(request)], ensure_ascii=False, allow_nan=False).encode()
    name, zh, en, request = json.loads(written)
    if not isinstance(zh, str) or not isinstance(en, str):
        raise TypeError(f"operation {name!r}: kind has texts in both languages")
    return Operation(name, Text(zh, en), request)
