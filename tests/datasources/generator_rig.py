"""The generator for the contract suite: every column is made in its own way, and known all the same."""

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
from perfsvc_datasources.generator import GeneratorSource

DAY = {"from": "2026-01-01", "to": "2026-01-01"}
COLUMNS = {
    "username": {"type": "sequence", "start": 0, "format": "user{:06}"},
    "number": {"type": "sequence", "start": 10, "step": -2},
    "mail": {"type": "text", "template": "{{username}}@{{ host }}"},
    "host": {"type": "choice", "values": ["example.com", "nowhere"], "weights": [1, 0]},
    "level": {"type": "integer", "min": 7, "max": 7},
    "day": {"type": "datetime", **DAY, "format": "%d.%m.%Y"},
    "code": {"type": "regex", "pattern": "^AB-7{3}$"},
    "digit": "random_int(3, 3)",
}


def column(**written: Any) -> dict[str, Any]:
    return {"columns": {"a": written}}


class GeneratorRig(DataRig):
    source = GeneratorSource
    refused: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({}, "columns"),
        ({"columns": {}}, "columns"),
        ({"columns": {"a b": "name"}}, "columns.a b"),
        ({"columns": {"a": 5}}, "columns.a"),
        ({"columns": {"a": "nobody_has_this"}}, "columns.a"),
        ({"columns": {"a": "name"}, "locale": "xx_XX"}, "locale"),
        ({"columns": {"a": "name"}, "locale": "../zh_CN"}, "locale"),
        ({"columns": {"a": "province"}, "locale": "en_US"}, "columns.a"),
        ({"columns": {"a": "name(wrong=1)"}}, "columns.a"),
        ({"columns": {"a": "name"}, "count": 0}, "count"),
        ({"columns": {"a": "name"}, "pool_size": 10**9}, "pool_size"),
        (column(type="nonsense"), "columns.a"),
        (column(type="sequence", step="1"), "columns.a.step"),
        (column(type="sequence", format="user"), "columns.a.format"),
        (column(type="sequence", format="{0.__class__}"), "columns.a.format"),
        (column(type="sequence", format="{:999999999}"), "columns.a.format"),
        (column(type="integer", min=2, max=1), "columns.a.min"),
        (column(type="regex", pattern="("), "columns.a.pattern"),
        (column(type="regex", pattern="(a{900}){900}"), "columns.a.pattern"),
        (column(type="choice", values=[]), "columns.a.values"),
        (column(type="choice", values=[1, 2], weights=[1]), "columns.a.weights"),
        (column(type="choice", values=[1], weights=[0]), "columns.a.weights"),
        (column(type="datetime", **{"from": "yesterday", "to": "2026-01-01"}), "columns.a.from"),
        (column(type="datetime", **{"from": "2026-01-02", "to": "2026-01-01"}), "columns.a.from"),
        (
            column(type="datetime", **{"from": "2026-01-01", "to": "2026-01-01", "format": "%99999d"}),
            "columns.a.format",
        ),
        (column(type="text", template="{{b}}"), "columns.a.template"),
        (column(type="text", template="{{a}}"), "columns.a.template"),
    ]

    @asynccontextmanager
    async def around(self, folder: Path, count: int) -> AsyncIterator[Setting]:
        yield Setting({"columns": COLUMNS, "count": count, "pool_size": 500}, data_context(folder))

    def row(self, number: int) -> Row:
        return {
            "username": f"user{number:06}",
            "number": 10 - 2 * number,
            "mail": f"user{number:06}@example.com",
            "host": "example.com",
            "level": 7,
            "day": "01.01.2026",
            "code": "AB-777",
            "digit": 3,
        }
