"""Feeds that make their rows in blocks of a size of their own, in the background."""

from __future__ import annotations

import asyncio
from abc import abstractmethod

from perfsvc.plugin import Feed
from perfsvc.plugin import Row


class BlockFeed(Feed):
    """Base of feeds in blocks. A cancelled read loses no row: the next one waits for the block that is being made."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._next = 0
        self._coming: asyncio.Task[list[Row]] | None = None

    @abstractmethod
    async def block(self) -> list[Row]:
        """Return the next rows, any number; none at the end. Raises DataFailure."""

    def small_block(self) -> list[Row]:
        """Return the next rows if that takes well under a millisecond, else none. Raises DataFailure."""
        return []

    def read_nowait(self, limit: int) -> list[Row]:
        if self._next == len(self._rows) and not self._coming:
            self._rows, self._next = self.small_block(), 0
        return self._take(limit)

    async def read(self, limit: int) -> list[Row]:
        if self._next == len(self._rows):
            await asyncio.sleep(0)  # others may have waited
            self._rows, self._next = await self._receive(), 0
        return self._take(limit)

    def _take(self, limit: int) -> list[Row]:
        block = self._rows[self._next : self._next + limit]
        self._next += len(block)
        return block

    async def settle(self) -> None:
        """Wait for the block that is being made, and discard it and the buffered rows.

        If cancelled, the block goes on and the next call waits for it.
        """
        if self._coming is not None:
            await asyncio.gather(asyncio.shield(self._coming), return_exceptions=True)
            self._coming = None
        self._rows, self._next = [], 0

    async def _receive(self) -> list[Row]:
        coming = self._coming = self._coming or asyncio.ensure_future(self.block())
        try:
            rows = await asyncio.shield(coming)
        except asyncio.CancelledError:
            raise
        except BaseException:
            self._coming = None
            raise
        self._coming = None
        return rows
