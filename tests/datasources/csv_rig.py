"""CSV files for the contract suite."""

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
from perfsvc_datasources.csv import CsvSource

GIVEN = {"file": "users.csv"}


class CsvRig(DataRig):
    source = CsvSource
    refused: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({}, "datafile_id"),
        ({"datafile_id": 1, "file": "users.csv"}, "datafile_id"),
        ({"datafile_id": 0}, "datafile_id"),
        ({"datafile_id": "1"}, "datafile_id"),
        ({"file": ""}, "file"),
        ({"file": "nobody.csv"}, "file"),
        (GIVEN | {"delimiter": ""}, "delimiter"),
        (GIVEN | {"delimiter": ",,"}, "delimiter"),
        (GIVEN | {"delimiter": "\n"}, "delimiter"),
        (GIVEN | {"quote": "`"}, "quote"),
        (GIVEN | {"encoding": "zip"}, "encoding"),
        (GIVEN | {"columns": []}, "columns"),
        (GIVEN | {"columns": ["a b"]}, "columns[0]"),
        (GIVEN | {"columns": ["a", "a"]}, "columns[1]"),
        (GIVEN | {"header": False}, "columns"),
        (GIVEN | {"on_bad_row": "ignore"}, "on_bad_row"),
        (GIVEN | {"path": "users.csv"}, "path"),
    ]

    @asynccontextmanager
    async def around(self, folder: Path, count: int) -> AsyncIterator[Setting]:
        file = folder / "users.csv"
        if not file.exists():
            with file.open("w", encoding="utf-8") as out:
                out.write("username,password,note\n")
                out.writelines(f"user{number},secret{number},普通用户\n" for number in range(count))
        yield Setting(GIVEN, data_context(folder))

    def row(self, number: int) -> Row:
        return {"username": f"user{number}", "password": f"secret{number}", "note": "普通用户"}
