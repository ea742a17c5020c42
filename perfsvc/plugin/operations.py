"""Operations of a target as a plugin returns them, checked before they are shown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from perfsvc.errors import Text
from perfsvc.plugin.protocol import Operation
from perfsvc.plugin.protocol import Unlisted


def checked(operations: Iterable[Any]) -> list[Operation]:
    """Return operations whose requests are JSON. Raise TypeError or ValueError for any other."""
    return [_checked(each) for each in operations if not isinstance(each, Unlisted)]


def unlisted_in(operations: Iterable[Any]) -> list[Unlisted]:
    """Return what could not be listed. Raise TypeError for a name or a reason that is no text."""
    unlisted = [each for each in operations if isinstance(each, Unlisted)]
    for name, reason in unlisted:
        if not isinstance(reason, Text) or not all(isinstance(each, str) for each in (name, *reason)):
            raise TypeError(f"unlisted {name!r}: name is str, reason is Text")
    return unlisted


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
