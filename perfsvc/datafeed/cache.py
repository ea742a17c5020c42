"""Rows of remote sources, fetched whole before a run starts and cached for later runs.

A run never waits for a remote database under load, and never loses its data half-way. Fetched rows are fresh for
``data_cache_ttl`` seconds. Up to twice that age they are stale: used with a warning, and fetched again in the
background once the run is over, since fetching takes the interpreter from the load of this process. Older rows, and
those with a ttl of 0, are fetched at once. Each key has at most one fetch at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from collections.abc import Callable
from pathlib import Path

from perfsvc.clock import Clock
from perfsvc.datafeed.row_spool import BLOCK_ROWS
from perfsvc.datafeed.row_spool import Budget
from perfsvc.datafeed.row_spool import RowSpool
from perfsvc.datafeed.row_spool import SpooledFeed
from perfsvc.errors import Text
from perfsvc.plugin.datasource import Feed

log = logging.getLogger(__name__)

FETCH_LIMIT_S = 600.0
STALE_TTLS = 2
"""The age, in ttls, up to which an entry is used."""

Open = Callable[[], Awaitable[Feed]]


class CacheEntry:
    """The rows of one fetch."""

    def __init__(self, spool: RowSpool, warnings: tuple[Text, ...], fetched_ns: int) -> None:
        self.spool = spool
        self.warnings = warnings
        self.fetched_ns = fetched_ns
        self.failure: Text | None = None
        """The error of the latest attempt to fetch it again."""


class DataCache:
    """Cached rows of all sources: at most ``limit`` bytes on disk, least recently used evicted first."""

    def __init__(self, folder: Path, limit: int, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._budget = Budget(limit, self._evict_oldest)
        self._entries: dict[str, CacheEntry] = {}
        self._fetching: dict[str, asyncio.Task[CacheEntry]] = {}
        self._closing = False

    @property
    def used(self) -> int:
        """Bytes on disk, of cached rows and of those still in use."""
        return self._budget.used

    @property
    def fetching(self) -> int:
        """Number of fetches under way."""
        return len(self._fetching)

    async def open(self, key: str, ttl_s: int, source: Open) -> Feed:
        """A feed over the rows cached under ``key``, or fetched now. Raises what ``source`` raises."""
        if ttl_s == 0:
            return await self._once(source)
        entry = self._entries.get(key)
        if entry is None or self._age(entry) >= STALE_TTLS * ttl_s:
            entry = await asyncio.shield(self._fetch(key, source))
        if entry.spool.closed:  # evicted by another fetch before it was acquired
            return await self._once(source)
        self._touch(key, entry)
        if self._age(entry) < ttl_s:
            return SpooledFeed(entry.spool, entry.warnings)
        warnings = (*entry.warnings, self._staleness(entry))
        return SpooledFeed(entry.spool, warnings, lambda: self._refresh(key, entry, source))

    async def close(self) -> None:
        """Cancel the fetches, start none any more, and evict everything."""
        self._closing = True
        for fetching in self._fetching.values():
            fetching.cancel()
        await asyncio.gather(*self._fetching.values(), return_exceptions=True)
        while self._evict_oldest():
            pass

    async def _once(self, source: Open) -> Feed:
        entry = await self._fetched(source)
        feed = SpooledFeed(entry.spool, entry.warnings)
        entry.spool.release()
        return feed

    def _refresh(self, key: str, stale: CacheEntry, source: Open) -> None:
        """Fetch stale rows again, once the run that used them is over."""
        if self._entries.get(key) is stale and not self._closing:
            self._fetch(key, source)

    def _fetch(self, key: str, source: Open) -> asyncio.Task[CacheEntry]:
        """The pending fetch of a key, started if there is none."""
        if key not in self._fetching:
            task = asyncio.get_running_loop().create_task(self._fetched(source))
            self._fetching[key] = task
            task.add_done_callback(lambda done: self._on_fetched(key, done))
        return self._fetching[key]

    def _on_fetched(self, key: str, done: asyncio.Task[CacheEntry]) -> None:
        del self._fetching[key]
        if done.cancelled():
            return
        if error := done.exception():
            self._failed(key, error)
        else:
            self._evict(key)
            self._entries[key] = done.result()

    def _failed(self, key: str, error: BaseException) -> None:
        log.warning("fetching rows failed: %s", error)
        if key in self._entries:
            text = getattr(error, "text", None)
            self._entries[key].failure = text or Text(str(error), str(error))

    async def _fetched(self, source: Open) -> CacheEntry:
        spool = RowSpool(self._folder, self._budget)
        try:
            async with asyncio.timeout(FETCH_LIMIT_S):
                feed = await source()
                try:
                    await self._fill(spool, feed)
                finally:
                    await feed.close()
        except BaseException:
            spool.release()
            raise
        return CacheEntry(spool, tuple(feed.warnings), self._clock.now_ns())

    async def _fill(self, spool: RowSpool, feed: Feed) -> None:
        while rows := await feed.read(BLOCK_ROWS):
            await spool.append(rows)
        spool.columns = tuple(feed.columns)

    def _touch(self, key: str, entry: CacheEntry) -> None:
        """Mark an entry as the most recently used."""
        if self._entries.get(key) is entry:
            self._entries[key] = self._entries.pop(key)

    def _age(self, entry: CacheEntry) -> float:
        return (self._clock.now_ns() - entry.fetched_ns) / 1e9

    def _staleness(self, entry: CacheEntry) -> Text:
        age = f"{self._age(entry):.0f}"
        zh, en = f"数据缓存于 {age} 秒前，已过期", f"these rows are stale: they were fetched {age} s ago"
        if entry.failure is None:
            return Text(f"{zh}，测试结束后更新", f"{en}; fresh ones are fetched when this run is over")
        return Text(f"{zh}，上次更新失败：{entry.failure.zh}", f"{en}, and fetching again failed: {entry.failure.en}")

    def _evict(self, key: str) -> None:
        if entry := self._entries.pop(key, None):
            entry.spool.release()

    def _evict_oldest(self) -> bool:
        """Evict the least recently used entry; return whether there was one. A run that reads it goes on."""
        if not self._entries:
            return False
        self._evict(next(iter(self._entries)))
        return True
