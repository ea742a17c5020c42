"""A JSON endpoint, in a process of its own, for the contract suite."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from typing import ClassVar

from perfsvc.plugin import Row
from perfsvc.plugin.testing import DataRig
from perfsvc.plugin.testing import Setting
from perfsvc.plugin.testing import data_context
from perfsvc_datasources.api import ApiSource
from tests.support import json_api

ROOT = Path(__file__).parents[2]
GIVEN: dict[str, Any] = {"url": "http://127.0.0.1:1/"}


def paged(url: str, count: int) -> dict[str, Any]:
    """Options for so many rows of the process at ``url``."""
    size = max(100, count // 100)
    place = {"parameter": "start", "start": 0, "step": size, "size_parameter": "size", "size": size}
    return {
        "url": url,
        "query": {"count": count},
        "rows": "$.items",
        "pagination": {"type": "page", **place, "total": "$.total"},
    }


class ApiRig(DataRig):
    source = ApiSource
    refused: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({}, "url"),
        ({"url": "/users"}, "url"),
        ({"url": "ftp://127.0.0.1/"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "http://a:b@127.0.0.1/"}, "url"),
        ({"url": "http://127.0.0.1/\0"}, "url"),
        ({"url": "http://127.0.0.1/{{nobody}}"}, "url"),
        ({"url": "http://127.0.0.1/{{$nothing}}"}, "url"),
        (GIVEN | {"method": "DELETE"}, "method"),
        (GIVEN | {"headers": {"a b": "c"}}, "headers.a b"),
        (GIVEN | {"headers": {"a": "b\r\nc: d"}}, "headers.a"),
        (GIVEN | {"json": {}}, "json"),
        (GIVEN | {"method": "POST", "json": {}, "form": {}}, "form"),
        (GIVEN | {"auth": {"type": "digest"}}, "auth"),
        (GIVEN | {"rows": "$["}, "rows"),
        (GIVEN | {"columns": {"a b": "$.a"}}, "columns.a b"),
        (GIVEN | {"columns": {"a": "$["}}, "columns.a"),
        (GIVEN | {"pagination": {"type": "cursor"}}, "pagination.path"),
        (GIVEN | {"pagination": {"type": "page", "size": 10}}, "pagination.size_parameter"),
        (GIVEN | {"pagination": {"type": "page", "place": "body"}}, "pagination.place"),
        (GIVEN | {"max_rows": 0}, "max_rows"),
        (GIVEN | {"proxy": "http://127.0.0.1"}, "proxy"),
    ]

    @asynccontextmanager
    async def around(self, folder: Path, count: int) -> AsyncIterator[Setting]:
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "tests.support.json_api")
        server = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            port = int(await server.stdout.readline())
            yield Setting(paged(f"http://127.0.0.1:{port}/", count), data_context(folder))
        finally:
            server.stdin.close()
            await server.wait()

    def row(self, number: int) -> Row:
        return json_api.row(number)
