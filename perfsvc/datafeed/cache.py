"""Rows from afar, fetched whole before a run starts and kept for the runs that follow.

A run never waits for somebody else's database while its load is on, and never loses its data half-way. What was
fetched is kept for ``data_cache_ttl`` seconds. Up to twice that age it is stale: given out once more, with a warning,
and fetched anew in the background as soon as a run that has it is over, since fetching takes the interpreter from the
load of this process. Older, or with a ttl of 0, it is fetched at once. There is one fetch at a time for each key,
whoever asks.
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
"""How many times its ttl an entry may be old and still be given out."""

Open = Callable[[], Awaitable[Feed]]


class Kept:
    """What one fetch brought."""

    def __init__(self, spool: RowSpool, warnings: tuple[Text, ...], fetched_ns: int) -> None:
        self.spool = spool
        self.warnings = warnings
        self.fetched_ns = fetched_ns
        self.failure: Text | None = None
        """Why the latest attempt to fetch it again failed."""


class DataCache:
    """The rows of all sources that are kept, at most ``limit`` bytes on disk, the longest unused out first."""

    def __init__(self, folder: Path, limit: int, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._budget = Budget(limit, self._forget_oldest)
        self._kept: dict[str, Kept] = {}
        self._fetching: dict[str, asyncio.Task[Kept]] = {}
        self._closing = False

    @property
    def used(self) -> int:
        """Bytes on disk, of what is kept and of what is read."""
        return self._budget.used

    @property
    def fetching(self) -> int:
        """How many fetches are under way."""
        return len(self._fetching)

    async def open(self, key: str, ttl_s: int, source: Open) -> Feed:
        """A feed over what is kept under ``key``, or over what is fetched now. Raises what ``source`` raises."""
        if ttl_s == 0:
            return await self._once(source)
        kept = self._kept.get(key)
        if kept is None or self._age(kept) >= STALE_TTLS * ttl_s:
            kept = await asyncio.shield(self._fetch(key, source))
        if kept.spool.closed:  # pushed out by another fetch before it could be held
            return await self._once(source)
        self._used(key, kept)
        if self._age(kept) < ttl_s:
            return SpooledFeed(kept.spool, kept.warnings)
        warnings = (*kept.warnings, self._staleness(kept))
        return SpooledFeed(kept.spool, warnings, lambda: self._renew(key, kept, source))

    async def close(self) -> None:
        """End the fetches, begin none any more, and forget everything."""
        self._closing = True
        for fetching in self._fetching.values():
            fetching.cancel()
        await asyncio.gather(*self._fetching.values(), return_exceptions=True)
        while self._forget_oldest():
            pass

    async def _once(self, source: Open) -> Feed:
        kept = await self._fetched(source)
        feed = SpooledFeed(kept.spool, kept.warnings)
        kept.spool.let_go()
        return feed

    def _renew(self, key: str, stale: Kept, source: Open) -> None:
        """A run that had stale rows is over."""
        if self._kept.get(key) is stale and not self._closing:
            self._fetch(key, source)

    def _fetch(self, key: str, source: Open) -> asyncio.Task[Kept]:
        """The fetch that is under way for a key, begun now if there is none."""
        if key not in self._fetching:
            task = asyncio.get_running_loop().create_task(self._fetched(source))
            self._fetching[key] = task
            task.add_done_callback(lambda done: self._settle(key, done))
        return self._fetching[key]

    def _settle(self, key: str, done: asyncio.Task[Kept]) -> None:
        del self._fetching[key]
        if done.cancelled():
            return
        if error := done.exception():
            self._failed(key, error)
        else:
            self._forget(key)
            self._kept[key] = done.result()

    def _failed(self, key: str, error: BaseException) -> None:
        log.warning("fetching rows failed: %s", error)
        if key in self._kept:
            text = getattr(error, "text", None)
            self._kept[key].failure = text or Text(str(error), str(error))

    async def _fetched(self, source: Open) -> Kept:
        spool = RowSpool(self._folder, self._budget)
        try:
            async with asyncio.timeout(FETCH_LIMIT_S):
                feed = await source()
                try:
                    await self._fill(spool, feed)
                finally:
                    await feed.close()
        except BaseException:
            spool.let_go()
            raise
        return Kept(spool, tuple(feed.warnings), self._clock.now_ns())

    async def _fill(self, spool: RowSpool, feed: Feed) -> None:
        while rows := await feed.read(BLOCK_ROWS):
            await spool.append(rows)
        spool.columns = tuple(feed.columns)

    def _used(self, key: str, kept: Kept) -> None:
        """Move an entry to the end of the line of those that are forgotten."""
        if self._kept.get(key) is kept:
            self._kept[key] = self._kept.pop(key)

    def _age(self, kept: Kept) -> float:
        return (self._clock.now_ns() - kept.fetched_ns) / 1e9

    def _staleness(self, kept: Kept) -> Text:
        age = f"{self._age(kept):.0f}"
        zh, en = f"数据缓存于 {age} 秒前，已过期", f"these rows are stale: they were fetched {age} s ago"
        if kept.failure is None:
            return Text(f"{zh}，测试结束后更新", f"{en}; fresh ones are fetched when this run is over")
        return Text(f"{zh}，上次更新失败：{kept.failure.zh}", f"{en}, and fetching again failed: {kept.failure.en}")

    def _forget(self, key: str) -> None:
        if kept := self._kept.pop(key, None):
            kept.spool.let_go()

    def _forget_oldest(self) -> bool:
        """Whether there was something to forget; a run that reads it goes on."""
        if not self._kept:
            return False
        self._forget(next(iter(self._kept)))
        return True
