"""The pool for the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from typing import ClassVar

from perfsvc.plugin import Row
from perfsvc.plugin.testing import DataRig
from perfsvc.plugin.testing import Setting
from perfsvc.plugin.testing import data_context
from perfsvc_datasources.pool import PoolSource


class PoolRig(DataRig):
    source = PoolSource
    without: ClassVar[dict[str, str]] = {
        "many_rows_take_no_more_memory_than_few": "a pool is in memory, which is why it is bounded"
    }
    refused: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({}, "rows"),
        ({"rows": []}, "rows"),
        ({"rows": [5]}, "rows[0]"),
        ({"rows": [{}]}, "rows[0]"),
        ({"rows": [{"a": 1}, {"b": 2}]}, "rows[1].a"),
        ({"rows": [{"a": 1}, {"b": 2}]}, "rows[1].b"),
        ({"rows": [{"a": {"b": 1}}]}, "rows[0].a"),
        ({"rows": [{"a": "x" * 100_001}]}, "rows[0].a"),
        ({"rows": [{"a b": 1}]}, "rows[0].a b"),
        ({"rows": [{"a": 1}], "columns": ["a"]}, "columns"),
        ({"columns": ["a"]}, "values"),
        ({"values": [1]}, "columns"),
        ({"columns": ["a", "a"], "values": [[1, 2]]}, "columns[1]"),
        ({"columns": ["$a"], "values": [1]}, "columns[0]"),
        ({"columns": ["a", "b"], "values": [[1, 2], [3]]}, "values[1]"),
        ({"columns": ["a", "b"], "values": [[1, []]]}, "values[0][1]"),
        ({"columns": ["a"], "values": [{}]}, "values[0]"),
        ({"lines": []}, "lines"),
    ]

    @asynccontextmanager
    async def around(self, folder: Path, count: int) -> AsyncIterator[Setting]:
        yield Setting({"rows": [self.row(number) for number in range(count)]}, data_context(folder))

    def row(self, number: int) -> Row:
        return {"username": f"user{number}", "age": number, "score": number / 2, "vip": number % 2 == 0, "note": None}
