"""A feed of numbered rows that can fail or be slow, and its allocator."""

from __future__ import annotations

import asyncio
from typing import Any

from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.model.data import DataSpec
from perfsvc.plugin import DataFailure
from perfsvc.plugin import Feed
from perfsvc.plugin import Row


class Numbered(Feed):
    """Rows ``{"n": 0}``, ``{"n": 1}`` … ``count`` of them.

    ``fails_at`` is the row that cannot be read, ``after`` how long a read takes, s. ``counted``:
    its length is known beforehand.
    """

    columns = ("n",)

    def __init__(
        self, count: int, *, counted: bool = True, fails_at: int | None = None, mends: bool = False, after: float = 0.0
    ) -> None:
        self.count = count if counted else None
        self._rows = count
        self._position = 0
        self._fails_at = fails_at
        self._mends = mends
        self.after = after
        self.reads = self.rewinds = self.closed = 0

    async def read(self, limit: int) -> list[Row]:
        self.reads += 1
        if self.after:
            await asyncio.sleep(self.after)
        begin, end = self._position, min(self._position + limit, self._rows)
        if self._fails_at is not None and end > self._fails_at:
            if begin == self._fails_at:
                self._fails_at = None if self._mends else self._fails_at
                raise DataFailure("线路中断", "the line is cut")
            end = self._fails_at
        self._position = end
        return [{"n": number} for number in range(begin, end)]

    def empty(self) -> None:
        """From now on there are no rows."""
        self._rows = 0

    async def rewind(self) -> None:
        self.rewinds += 1
        self._position = 0

    async def close(self) -> None:
        self.closed += 1


async def allocator_of(feed: Feed, **allocation: Any) -> RowAllocator:
    """Return the open allocator of a feed."""

    async def open_feed() -> Feed:
        return feed

    allocator = RowAllocator(open_feed, DataSpec.parse({"source": "numbered", "allocation": allocation}), seed=7)
    await allocator.open()
    return allocator
