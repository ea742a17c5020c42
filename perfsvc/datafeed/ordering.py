"""The rows of a feed in the order that a plan wants, in bounded memory.

Data that fits into MEMORY is read once and kept where it is needed again. Of larger data only a window is kept:
shuffling then mixes rows within the window, and random rows are taken from it while it moves through the data by one
row with each of them. The same seed gives the same rows, whatever the sizes of the requests.
"""

from __future__ import annotations

import asyncio
import random
import sys
from abc import ABC
from abc import abstractmethod
from collections import deque
from typing import Any

from perfsvc.model.data import Allocation
from perfsvc.plugin.datasource import Feed
from perfsvc.plugin.datasource import Row
from perfsvc.plugin.json_safe import json_safe

MEMORY = 16_000_000
"""Approximate bytes of rows that are kept."""
BLOCK = 1_000
"""Rows read at once, unless they are large."""
BLOCK_BYTES = 4_000_000
AT_ONCE = 250
"""Rows read in one turn of the loop: little work, and still in the processor's cache when they are used."""
ONE_IN = 50
"""One row in this many is measured, to estimate the size of the others."""
ONE_IN_HELD = 10
"""The same for rows that stay in memory, so that a few large ones among them are found."""
FEWEST = 10
"""Rows of a window, whatever their size."""
STOP_LIMIT_S = 5.0


class ReadAhead:
    """Reads a feed ahead in blocks, cycle after cycle; where it is read ``again``, rows that fit into memory are kept.

    ``row_bytes`` is the average size of a row of the latest block, measured more closely where rows are ``held``.
    """

    def __init__(self, feed: Feed, again: bool, held: bool) -> None:
        self._feed = feed
        self._held = held
        self._kept: list[Row] | None = [] if again else None
        self._blocks = 0
        self._bytes = 0
        self._limit = BLOCK
        self.row_bytes = 0
        self._all_in_memory = False
        self._done = False
        self._coming: asyncio.Task[list[Row]] | None = None
        self._at_once = type(feed).read_nowait is not Feed.read_nowait

    async def next(self) -> list[Row]:
        """The next block, or an empty one at the end and then the first again. Raises DataFailure."""
        if self._all_in_memory:
            return self._kept_again()
        if self._done:
            await self.rewind()
        coming, self._coming = self._coming, None
        block = self._checked(await (coming or self._feed.read(self._limit)))
        if block and not self._at_once:
            self._coming = asyncio.get_running_loop().create_task(self._feed.read(self._limit))
        return block

    def read_nowait(self, limit: int) -> list[Row] | None:
        """Like ``next``, but return at most ``limit`` rows of a feed, and None where reading would wait."""
        if self._all_in_memory:
            return self._kept_again()
        if self._done or self._coming is not None:
            return None
        block = self._feed.read_nowait(min(limit, self._limit))
        return self._checked(block) if block else None

    @property
    def slow(self) -> bool:
        """Whether the next block would have to be waited for."""
        return not self._all_in_memory and (self._coming is None or not self._coming.done())

    async def rewind(self) -> None:
        """Begin again at the first row. Raises DataFailure."""
        await self.stop()
        self._done = self._all_in_memory
        if not self._all_in_memory:
            self._kept, self._bytes = None if self._kept is None else [], 0
            await self._feed.rewind()

    async def stop(self) -> None:
        """Read ahead no more. A read under way may be in a thread, so it is waited for, within a limit."""
        coming, self._coming = self._coming, None
        if coming is None:
            return
        await asyncio.wait([coming], timeout=STOP_LIMIT_S)
        coming.cancel()
        coming.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _kept_again(self) -> list[Row]:
        self._done = not self._done
        self.row_bytes = self._bytes // max(len(self._kept or []), 1)
        return [] if self._done else self._kept or []

    def _checked(self, block: list[Row]) -> list[Row]:
        """A block of JSON-safe rows; an empty one is the end."""
        if not block:
            self._done, self._all_in_memory = True, self._kept is not None
            return block
        if not self._feed.json_safe:
            block = json_safe(block)
        self._measure(block)
        return block

    def _measure(self, block: list[Row]) -> None:
        closely = self._held or self._kept is not None
        step = min(ONE_IN_HELD if closely else ONE_IN, len(block))
        measured = block[self._blocks % step :: step]  # others each time, to find every large row
        self._blocks += 1
        self.row_bytes = sum(map(size_of, measured)) // len(measured)
        self._limit = max(min(BLOCK_BYTES // self.row_bytes, BLOCK), 1)
        if self._kept is not None:
            self._kept.extend(block)
            self._bytes += self.row_bytes * len(block)
            if self._bytes > MEMORY:
                self._kept = None


class RowOrder(ABC):
    """Rows in an order, cycle after cycle where the data ``recycles``.

    ``count`` counts all rows read, ``in_cycle`` those of this cycle; ``length`` is the length of a cycle, once known,
    ``restarts`` how often the data was restarted after a failure.
    """

    def __init__(self, source: ReadAhead, recycles: bool) -> None:
        self._source = source
        self._recycles = recycles
        self.in_cycle = 0
        self.count = 0
        self.length: int | None = None
        self.restarts = 0
        self.over = False
        self._failure: Exception | None = None

    async def read(self, count: int) -> list[Row]:
        """The next rows, at least one and at most ``count``; none at the end of the data. Raises DataFailure.

        Fewer than ``count`` where reading more would wait or has failed: the next call raises that failure.
        """
        rows: list[Row] = []
        while len(rows) < count and not self.over and self._failure is None:
            if more := self.read_nowait(min(count - len(rows), AT_ONCE)):
                rows += more
                if len(rows) < count:
                    await asyncio.sleep(0)
            elif rows and self._source.slow:
                break
            elif self._failure is None:
                await self._read_on(count - len(rows), rows)
        failure = self._failure
        if failure is not None and not rows:
            self._failure = None
            raise failure
        return rows

    async def _read_on(self, count: int, rows: list[Row]) -> None:
        before = len(rows)
        try:
            await self._next(count, rows)
        except Exception as error:
            self._failure = error
        self._add_count(len(rows) - before)

    def read_nowait(self, count: int) -> list[Row]:
        """Like ``read``, but return only buffered rows; an empty list does not mean the end."""
        rows: list[Row] = []
        while len(rows) < count and not self.over and self._failure is None:
            try:
                block = self._next_nowait(count - len(rows))
            except Exception as error:
                self._failure = error
                break
            if block is None:
                break
            rows += block
            self._add_count(len(block))
        return rows

    def _next_nowait(self, count: int) -> list[Row] | None:
        """Rows of this cycle, none at its end; None where reading would wait. Raises what reading raises."""
        return None

    def _add_count(self, number: int) -> None:
        self.count += number
        self.in_cycle += number
        if not number and self._failure is None:
            self._end_cycle()

    def _end_cycle(self) -> None:
        if not self.restarts:
            self.length = self.in_cycle
        self.over = not (self._recycles and self.in_cycle)
        self.in_cycle = 0

    async def restart(self) -> None:
        """Begin again at the first row. Raises DataFailure."""
        await self._source.rewind()
        self._drop()
        self.in_cycle = 0
        self.restarts += 1

    async def stop(self) -> None:
        """Read ahead no more."""
        await self._source.stop()

    @abstractmethod
    async def _next(self, count: int, rows: list[Row]) -> None:
        """Add rows of this cycle, none at its end, then rows of the next cycle. Raises what reading raises."""

    @abstractmethod
    def _drop(self) -> None:
        """Drop rows that were read ahead."""


class SequentialOrder(RowOrder):
    """The order of the feed."""

    def __init__(self, source: ReadAhead, recycles: bool) -> None:
        super().__init__(source, recycles)
        self._block: list[Row] = []
        self._position = 0

    async def _next(self, count: int, rows: list[Row]) -> None:
        if self._position >= len(self._block):
            self._block, self._position = await self._source.next(), 0
        begin, self._position = self._position, self._position + count
        rows += self._block[begin : self._position]

    def _next_nowait(self, count: int) -> list[Row] | None:
        if self._position >= len(self._block):
            block = self._source.read_nowait(count)
            if block is None:
                return None
            self._block, self._position = block, 0
        begin, self._position = self._position, self._position + count
        return self._block[begin : self._position]

    def _drop(self) -> None:
        self._block, self._position = [], 0


class WindowedOrder(RowOrder):
    """A pseudo-random order, over a window that moves through the data."""

    def __init__(self, source: ReadAhead, recycles: bool, rng: random.Random) -> None:
        super().__init__(source, recycles)
        self._random = rng
        self._window: list[Row] = []
        self._sizes: list[int] = []
        self._bytes = 0
        self._incoming: deque[Row] = deque()
        self._at_end = False

    def _drop(self) -> None:
        self._window.clear()
        self._sizes.clear()
        self._bytes = 0
        self._incoming.clear()
        self._at_end = False

    async def _fill(self) -> None:
        """Fill the window, to the end of the data at most."""
        while not self._at_end and self._has_room:
            await self._read_block()
            while self._incoming and self._has_room:
                self._admit()

    @property
    def _has_room(self) -> bool:
        return self._bytes < MEMORY or len(self._window) < FEWEST

    def _admit(self) -> None:
        self._window.append(self._incoming.popleft())
        self._sizes.append(self._source.row_bytes)
        self._bytes += self._source.row_bytes

    def _take_any(self) -> Row:
        """Remove and return a random row of the window."""
        window, sizes = self._window, self._sizes
        at = self._random.randrange(len(window))
        window[at], window[-1] = window[-1], window[at]
        sizes[at], sizes[-1] = sizes[-1], sizes[at]
        self._bytes -= sizes.pop()
        return window.pop()

    async def _read_block(self) -> None:
        """Read the next block, unless rows are waiting for the window."""
        if not self._incoming:
            self._incoming.extend(await self._source.next())
            self._at_end = not self._incoming


class ShuffledOrder(WindowedOrder):
    """Every row once in each cycle. A row that is taken makes room for the next one of the data."""

    async def _next(self, count: int, rows: list[Row]) -> None:
        if not self._window and self._at_end:
            self._at_end = False
            return
        await self._fill()
        for _ in range(count):
            if not self._window:
                return
            rows.append(self._take_any())
            if not self._at_end:
                await self._fill()

    def _next_nowait(self, count: int) -> list[Row] | None:
        if not (self._at_end and self._window):
            return None
        return [self._take_any() for _ in range(min(count, len(self._window)))]


class RandomOrder(WindowedOrder):
    """Any row at any time. Over data larger than the window, each row taken moves the window on by one."""

    _all_in_window = False

    async def _next(self, count: int, rows: list[Row]) -> None:
        if not self._window:
            await self._fill()
            self._all_in_window = self._at_end
        for _ in range(count if self._window else 0):
            rows.append(self._any())
            if not self._all_in_window:
                await self._move_on()

    def _next_nowait(self, count: int) -> list[Row] | None:
        return [self._any() for _ in range(count)] if self._all_in_window and self._window else None

    def _any(self) -> Row:
        return self._window[self._random.randrange(len(self._window))]

    async def _move_on(self) -> None:
        await self._read_block()
        if not self._incoming:
            await self._read_block()  # after the last row comes the first
        while not self._has_room:
            self._take_any()
        if self._incoming:
            self._admit()


def order_of(feed: Feed, allocation: Allocation, seed: int) -> RowOrder:
    """The order that an allocation asks for; ``seed`` decides every one but the feed's own."""
    recycles = allocation.ending == "recycle" and allocation.scope != "run"
    source = ReadAhead(feed, recycles, held=allocation.order != "sequential")
    if allocation.order == "sequential":
        return SequentialOrder(source, recycles)
    rng = random.Random(f"{seed}/data")  # noqa: S311 - repeatable on purpose
    return (ShuffledOrder if allocation.order == "shuffled" else RandomOrder)(source, recycles, rng)


def size_of(row: Row) -> int:
    """Memory of a row in bytes, as if rows shared nothing but the names of their columns."""
    return sys.getsizeof(row) + sum(map(_size, row.values()))


def _size(value: Any) -> int:
    kind = type(value)
    if kind is dict:
        return size_of(value) + sum(map(_size, value))
    if kind is list or kind is tuple:
        return sys.getsizeof(value) + sum(map(_size, value))
    return sys.getsizeof(value)
