"""A reader in a thread of its own, as a feed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from typing import TypeVar

from perfsvc.plugin import DataFailure
from perfsvc.plugin import Row
from perfsvc_datasources._blocks import BlockFeed
from perfsvc_datasources.database.reader import Reader
from perfsvc_datasources.database.reader import Refused
from perfsvc_datasources.database.reader import plain
from perfsvc_datasources.database.statement import check_columns

T = TypeVar("T")

LARGEST_BLOCK = 8_000_000
"""Characters and bytes after which a block has no further row."""


class DatabaseFeed(BlockFeed):
    """Rows of a query, ``fetch_size`` or as many as memory allows at a time. Rewinding runs the query again."""

    def __init__(self, make: Callable[[], Reader], fetch_size: int) -> None:
        super().__init__()
        self._make = make
        self._reader = make()
        self._fetch_size = fetch_size
        self._thread = ThreadPoolExecutor(1, "perfsvc-database")

    async def begin(self) -> None:
        """Run the query. Raises DataFailure, InvalidInput for columns without usable names; then all is closed."""
        try:
            await self._in_thread(self._begin)
        except BaseException:
            await self.close()
            raise

    async def rewind(self) -> None:
        await asyncio.to_thread(self._reader.interrupt)
        await self.settle()
        await self._in_thread(self._begin_again)

    async def close(self) -> None:
        await asyncio.to_thread(self._reader.interrupt)
        await self.settle()
        closing = self._in_thread(self._end)
        self._thread.shutdown(wait=False)
        await asyncio.shield(closing)

    async def block(self) -> list[Row]:
        return await self._in_thread(self._fetch)

    def _in_thread(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Run a call in the reader's thread. Raises DataFailure for an error of the database."""
        future = asyncio.get_running_loop().run_in_executor(self._thread, _translated, work)
        future.add_done_callback(lambda done: done.cancelled() or done.exception())  # its caller may have gone
        return future

    def _begin(self) -> None:
        self._reader.begin()
        self.columns = check_columns(self._reader.columns)

    def _begin_again(self) -> None:
        self._reader.close()
        self._reader = self._make()
        self._begin()

    def _end(self) -> None:
        self._reader.close()

    def _fetch(self) -> list[Row]:
        found: list[Sequence[Any]] = []
        size = 0
        while len(found) < self._fetch_size and size < LARGEST_BLOCK:
            chunk = self._reader.fetch(min(self._reader.chunk, self._fetch_size - len(found)))
            if not chunk:
                break
            found += chunk
            size += sum(len(value) for row in chunk for value in row if isinstance(value, str | bytes))
        return [dict(zip(self.columns, map(plain, row), strict=True)) for row in found]


def _translated(work: Callable[[], T]) -> T:
    try:
        return work()
    except Refused as refused:
        raise DataFailure(f"数据库拒绝：{refused}", f"the database refused: {refused}") from None
