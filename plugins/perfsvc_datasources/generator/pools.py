"""Pools of values that a process of its own makes. They grow while rows are read, up to a size."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from perfsvc.plugin import DataFailure
from perfsvc.plugin import InvalidInput

PIECE = 250
"""Values of each column that come at once."""
LONGEST_LINE = 268_435_456
"""Bytes: a piece of a hundred columns of the longest values."""


class Pools:
    """A pool for each column. The process ends with the last value, with ``close``, or when this one dies."""

    def __init__(self, wanted: Mapping[str, dict[str, Any]], size: int) -> None:
        self.values: dict[str, list[Any]] = {name: [] for name in wanted}
        self._wanted = wanted
        self.size = size if wanted else 0
        self._made = 0
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._more = asyncio.Event()
        self._failure: Exception | None = None

    async def start(self, locale: str, seed: int) -> None:
        """Let the process begin, if there is anything to make."""
        if not self._wanted:
            return
        request = {"locale": locale, "seed": seed, "size": self.size, "piece": PIECE, "columns": self._wanted}
        command = (sys.executable, "-I", "-m", "perfsvc_datasources._faking")
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=nowhere, limit=LONGEST_LINE
        )
        self._reading = asyncio.ensure_future(self._read(self._process, json.dumps(request)))

    async def upto(self, count: int) -> None:
        """Wait until so many values of each column are there. Raises InvalidInput, DataFailure."""
        while self._made < count:
            if self._failure is not None:
                raise self._failure
            self._more.clear()
            await self._more.wait()

    async def close(self) -> None:
        """End the process, wherever it is."""
        if self._process is None or self._reading is None:
            return
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()

    async def _read(self, process: asyncio.subprocess.Process, request: str) -> None:
        try:
            await self._receive(process, request)
        except (InvalidInput, DataFailure) as failure:
            self._failure = failure
        except (OSError, ValueError) as error:
            self._failure = DataFailure(f"生成进程出错：{error}", f"the process that invents values failed: {error}")
        finally:
            self._more.set()

    async def _receive(self, process: asyncio.subprocess.Process, request: str) -> None:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
        process.stdin.write(request.encode() + b"\n")
        process.stdin.close()
        while self._made < self.size:
            line = await process.stdout.readline()
            if not line:
                code = await process.wait()
                raise DataFailure(f"生成进程已退出（{code}）", f"the process that invents values ended ({code})")
            self._take(json.loads(line))
        await process.wait()

    def _take(self, message: dict[str, Any]) -> None:
        error = message.get("error")
        if error is not None:
            at = f"columns.{error['column']}" if error["column"] else "locale"
            raise InvalidInput.at(at, error["zh"], error["en"])
        values = message["values"]
        for name, pool in self.values.items():
            pool.extend(values[name])
        self._made = min(map(len, self.values.values()))
        self._more.set()
