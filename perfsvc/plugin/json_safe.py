"""Rows as they can travel to nodes: the same values on this one and on those far away."""

from __future__ import annotations

from typing import Any

import msgspec

from perfsvc.plugin.datasource import Row

INT64 = range(-(2**63), 2**64)
"""Whole numbers that msgpack has."""

_encode = msgspec.msgpack.Encoder(enc_hook=str).encode


def json_safe(rows: list[Row]) -> list[Row]:
    """The rows, with text for whole numbers beyond 64 bits, and without halves of characters."""
    try:
        _encode(rows)
    except (OverflowError, UnicodeEncodeError):
        return [{name: _carried(value) for name, value in row.items()} for row in rows]
    return rows


def are_portable(rows: list[Row]) -> bool:
    """Whether rows are the same on a node far away."""
    try:
        return bool(msgspec.msgpack.decode(_encode(rows)) == rows)
    except (OverflowError, UnicodeEncodeError):
        return False


def _carried(value: Any) -> Any:
    if isinstance(value, int) and value not in INT64:
        return str(value)
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_carried(key): _carried(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_carried(one) for one in value]
    return value
