"""The rows of a feed in the order that a plan wants, in bounded memory.

What fits into MEMORY is read once and kept where it is needed again. Of larger data only a window is kept: shuffling
then mixes rows over the length of the window, and random draws are made from it while it moves through the data by one
row with each draw. The same seed gives the same rows, however they are asked for.
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
"""Bytes of rows that are kept, about."""
BLOCK = 1_000
"""Rows read at once, unless they are large."""
BLOCK_BYTES = 4_000_000
AT_ONCE = 250
"""Rows that are drawn in one turn of the loop: little work, and the processor's cache has them when they are used."""
ONE_IN = 50
"""Of so many rows one is measured, and the size of the others is estimated by it."""
ONE_IN_HELD = 10
"""The same where rows are held for long, so that a few large ones among them are found."""
FEWEST = 10
"""Rows of a window, however large they are."""
REST_S = 5.0


class ReadAhead:
    """A feed read ahead, in blocks, over and over. What fits into memory is read once where it is wanted ``again``.

    ``row_bytes`` is how large a row of the latest block is, on average; known better where rows are ``held``.
    """

    def __init__(self, feed: Feed, again: bool, held: bool) -> None:
        self._feed = feed
        self._held = held
        self._kept: list[Row] | None = [] if again else None
        self._blocks = 0
        self._bytes = 0
        self._limit = BLOCK
        self.row_bytes = 0
        self._whole = False
        self._done = False
        self._coming: asyncio.Task[list[Row]] | None = None
        self._at_once = type(feed).read_nowait is not Feed.read_nowait

    async def next(self) -> list[Row]:
        """The next block, or an empty one at the end; after that, the first again. Raises DataFailure."""
        if self._whole:
            return self._kept_again()
        if self._done:
            await self.rewind()
        coming, self._coming = self._coming, None
        block = self._checked(await (coming or self._feed.read(self._limit)))
        if block and not self._at_once:
            self._coming = asyncio.get_running_loop().create_task(self._feed.read(self._limit))
        return block

    def read_nowait(self, limit: int) -> list[Row] | None:
        """As ``next``, but of a feed at most ``limit`` rows, and None where they have to be waited for."""
        if self._whole:
            return self._kept_again()
        if self._done or self._coming is not None:
            return None
        block = self._feed.read_nowait(min(limit, self._limit))
        return self._checked(block) if block else None

    @property
    def slow(self) -> bool:
        """Whether the next block would have to be waited for."""
        return not self._whole and (self._coming is None or not self._coming.done())

    async def rewind(self) -> None:
        """Begin again at the first row. Raises DataFailure."""
        await self.rest()
        self._done = self._whole
        if not self._whole:
            self._kept, self._bytes = None if self._kept is None else [], 0
            await self._feed.rewind()

    async def rest(self) -> None:
        """Read ahead no more. What is being read may be in a thread, so that it is waited for, and not for ever."""
        coming, self._coming = self._coming, None
        if coming is None:
            return
        await asyncio.wait([coming], timeout=REST_S)
        coming.cancel()
        coming.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _kept_again(self) -> list[Row]:
        self._done = not self._done
        self.row_bytes = self._bytes // max(len(self._kept or []), 1)
        return [] if self._done else self._kept or []

    def _checked(self, block: list[Row]) -> list[Row]:
        """A block fit to be dealt; an empty one is the end."""
        if not block:
            self._done, self._whole = True, self._kept is not None
            return block
        if not self._feed.json_safe:
            block = json_safe(block)
        self._note(block)
        return block

    def _note(self, block: list[Row]) -> None:
        well = self._held or self._kept is not None
        step = min(ONE_IN_HELD if well else ONE_IN, len(block))
        measured = block[self._blocks % step :: step]  # others each time, lest every large row is missed
        self._blocks += 1
        self.row_bytes = sum(map(size_of, measured)) // len(measured)
        self._limit = max(min(BLOCK_BYTES // self.row_bytes, BLOCK), 1)
        if self._kept is not None:
            self._kept.extend(block)
            self._bytes += self.row_bytes * len(block)
            if self._bytes > MEMORY:
                self._kept = None


class RowOrder(ABC):
    """Rows in order, cycle after cycle where ``recycles``.

    ``drawn`` counts all rows, ``in_cycle`` those of this cycle; ``length`` is how many a whole cycle has, once that is
    known, ``restarts`` how often the data was made to begin again.
    """

    def __init__(self, pages: ReadAhead, recycles: bool) -> None:
        self._pages = pages
        self._recycles = recycles
        self.in_cycle = 0
        self.drawn = 0
        self.length: int | None = None
        self.restarts = 0
        self.over = False
        self._failure: Exception | None = None

    async def draw(self, count: int) -> list[Row]:
        """The next rows, at least one and at most ``count``; none at the end of the data. Raises DataFailure.

        Fewer than ``count`` where more would have to be waited for, or cannot be read: that is raised the next time.
        """
        rows: list[Row] = []
        while len(rows) < count and not self.over and self._failure is None:
            if more := self.read_nowait(min(count - len(rows), AT_ONCE)):
                rows += more
                if len(rows) < count:
                    await asyncio.sleep(0)
            elif rows and self._pages.slow:
                break
            elif self._failure is None:
                await self._wait_for(count - len(rows), rows)
        failure = self._failure
        if failure is not None and not rows:
            self._failure = None
            raise failure
        return rows

    async def _wait_for(self, count: int, rows: list[Row]) -> None:
        before = len(rows)
        try:
            await self._next(count, rows)
        except Exception as error:
            self._failure = error
        self._count(len(rows) - before)

    def read_nowait(self, count: int) -> list[Row]:
        """As ``draw``, as far as nothing has to be waited for: ``draw`` tells what follows."""
        rows: list[Row] = []
        while len(rows) < count and not self.over and self._failure is None:
            try:
                found = self._at_hand(count - len(rows))
            except Exception as error:
                self._failure = error
                break
            if found is None:
                break
            rows += found
            self._count(len(found))
        return rows

    def _at_hand(self, count: int) -> list[Row] | None:
        """Rows of this cycle, none at its end; None where it takes waiting to tell. Raises what reading raises."""
        return None

    def _count(self, found: int) -> None:
        self.drawn += found
        self.in_cycle += found
        if not found and self._failure is None:
            self._end_cycle()

    def _end_cycle(self) -> None:
        if not self.restarts:
            self.length = self.in_cycle
        self.over = not (self._recycles and self.in_cycle)
        self.in_cycle = 0

    async def restart(self) -> None:
        """Begin again at the first row, wherever this one is. Raises DataFailure."""
        await self._pages.rewind()
        self._forget()
        self.in_cycle = 0
        self.restarts += 1

    async def rest(self) -> None:
        """Read ahead no more."""
        await self._pages.rest()

    @abstractmethod
    async def _next(self, count: int, rows: list[Row]) -> None:
        """Add rows of this cycle, none at its end; called after that, rows of the next. Raises what reading raises."""

    @abstractmethod
    def _forget(self) -> None:
        """Drop what was read and not dealt."""


class Sequential(RowOrder):
    """Row after row."""

    def __init__(self, pages: ReadAhead, recycles: bool) -> None:
        super().__init__(pages, recycles)
        self._block: list[Row] = []
        self._position = 0

    async def _next(self, count: int, rows: list[Row]) -> None:
        if self._position >= len(self._block):
            self._block, self._position = await self._pages.next(), 0
        begin, self._position = self._position, self._position + count
        rows += self._block[begin : self._position]

    def _at_hand(self, count: int) -> list[Row] | None:
        if self._position >= len(self._block):
            block = self._pages.read_nowait(count)
            if block is None:
                return None
            self._block, self._position = block, 0
        begin, self._position = self._position, self._position + count
        return self._block[begin : self._position]

    def _forget(self) -> None:
        self._block, self._position = [], 0


class Mixed(RowOrder):
    """Rows in an order that random numbers decide, drawn from a window over the data."""

    def __init__(self, pages: ReadAhead, recycles: bool, numbers: random.Random) -> None:
        super().__init__(pages, recycles)
        self._numbers = numbers
        self._window: list[Row] = []
        self._sizes: list[int] = []
        self._bytes = 0
        self._incoming: deque[Row] = deque()
        self._at_end = False

    def _forget(self) -> None:
        self._window.clear()
        self._sizes.clear()
        self._bytes = 0
        self._incoming.clear()
        self._at_end = False

    async def _fill(self) -> None:
        """Fill the window as far as the data goes."""
        while not self._at_end and self._has_room:
            await self._receive()
            while self._incoming and self._has_room:
                self._let_in()

    @property
    def _has_room(self) -> bool:
        return self._bytes < MEMORY or len(self._window) < FEWEST

    def _let_in(self) -> None:
        self._window.append(self._incoming.popleft())
        self._sizes.append(self._pages.row_bytes)
        self._bytes += self._pages.row_bytes

    def _let_out(self) -> Row:
        """Any row of the window, which it leaves."""
        window, sizes = self._window, self._sizes
        at = self._numbers.randrange(len(window))
        window[at], window[-1] = window[-1], window[at]
        sizes[at], sizes[-1] = sizes[-1], sizes[at]
        self._bytes -= sizes.pop()
        return window.pop()

    async def _receive(self) -> None:
        """See to it that a row is coming, or that the end is known."""
        if not self._incoming:
            self._incoming.extend(await self._pages.next())
            self._at_end = not self._incoming


class Shuffled(Mixed):
    """Every row once in each cycle. A row that is drawn makes room for the next one of the data."""

    async def _next(self, count: int, rows: list[Row]) -> None:
        if not self._window and self._at_end:
            self._at_end = False
            return
        await self._fill()
        for _ in range(count):
            if not self._window:
                return
            rows.append(self._let_out())
            if not self._at_end:
                await self._fill()

    def _at_hand(self, count: int) -> list[Row] | None:
        if not (self._at_end and self._window):
            return None
        return [self._let_out() for _ in range(min(count, len(self._window)))]


class Random(Mixed):
    """Any row at any time. Where the data is larger than the window, each draw lets the next row in and others out."""

    _whole = False

    async def _next(self, count: int, rows: list[Row]) -> None:
        if not self._window:
            await self._fill()
            self._whole = self._at_end
        for _ in range(count if self._window else 0):
            rows.append(self._any())
            if not self._whole:
                await self._move_on()

    def _at_hand(self, count: int) -> list[Row] | None:
        return [self._any() for _ in range(count)] if self._whole and self._window else None

    def _any(self) -> Row:
        return self._window[self._numbers.randrange(len(self._window))]

    async def _move_on(self) -> None:
        await self._receive()
        if not self._incoming:
            await self._receive()  # after the last row comes the first
        while not self._has_room:
            self._let_out()
        if self._incoming:
            self._let_in()


def order_of(feed: Feed, allocation: Allocation, seed: int) -> RowOrder:
    """The deck that an allocation asks for; ``seed`` decides every order but the feed's own."""
    recycles = allocation.ending == "recycle" and allocation.scope != "run"
    pages = ReadAhead(feed, recycles, held=allocation.order != "sequential")
    if allocation.order == "sequential":
        return Sequential(pages, recycles)
    numbers = random.Random(f"{seed}/data")  # noqa: S311 - repeatable on purpose
    return (Shuffled if allocation.order == "shuffled" else Random)(pages, recycles, numbers)


def size_of(row: Row) -> int:
    """The memory that a row takes, bytes, as if it shared nothing but the names of its columns with others."""
    return sys.getsizeof(row) + sum(map(_size, row.values()))


def _size(value: Any) -> int:
    kind = type(value)
    if kind is dict:
        return size_of(value) + sum(map(_size, value))
    if kind is list or kind is tuple:
        return sys.getsizeof(value) + sum(map(_size, value))
    return sys.getsizeof(value)
