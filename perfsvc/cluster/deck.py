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
from collections.abc import Sequence

from perfsvc.cluster.portable import portable
from perfsvc.model.data import Allocation
from perfsvc.plugin.datasource import Feed
from perfsvc.plugin.datasource import Row

MEMORY = 16_000_000
"""Bytes of rows that are kept, about."""
BLOCK = 1_000
"""Rows read at once."""
MEASURED = 100
"""Rows by which the size of all is estimated."""
FEWEST = 1_000
"""A window of less would hardly mix anything."""
REST_S = 5.0


class Pages:
    """A feed read ahead, in blocks, over and over. What fits into memory is read once where it is wanted ``again``."""

    def __init__(self, feed: Feed, again: bool) -> None:
        self._feed = feed
        self._kept: list[Row] | None = [] if again else None
        self._whole = False
        self._done = False
        self._coming: asyncio.Task[list[Row]] | None = None
        self.window = sys.maxsize

    async def next(self) -> list[Row]:
        """The next block, or an empty one at the end; after that, the first again. Raises DataFailure."""
        if self._whole:
            self._done = not self._done
            return [] if self._done else self._kept or []
        if self._done:
            await self.rewind()
        coming, self._coming = self._coming, None
        block = portable(await (coming or self._feed.read(BLOCK)))
        self._note(block)
        if block:
            self._coming = asyncio.get_running_loop().create_task(self._feed.read(BLOCK))
        return block

    @property
    def slow(self) -> bool:
        """Whether the next block would have to be waited for."""
        return not self._whole and (self._coming is None or not self._coming.done())

    async def rewind(self) -> None:
        """Begin again at the first row. Raises DataFailure."""
        await self.rest()
        self._done = self._whole
        if not self._whole:
            self._kept = None if self._kept is None else []
            await self._feed.rewind()

    async def rest(self) -> None:
        """Read ahead no more. What is being read may be in a thread, so that it is waited for, and not for ever."""
        coming, self._coming = self._coming, None
        if coming is None:
            return
        await asyncio.wait([coming], timeout=REST_S)
        coming.cancel()
        coming.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _note(self, block: list[Row]) -> None:
        if self.window == sys.maxsize:
            self.window = window_for(block)
        if not block:
            self._done, self._whole = True, self._kept is not None
        elif self._kept is not None:
            self._kept.extend(block)
            if len(self._kept) > self.window:
                self._kept = None


class Deck(ABC):
    """Rows in order, cycle after cycle where ``recycles``.

    ``drawn`` counts all rows, ``in_cycle`` those of this cycle; ``length`` is how many a whole cycle has, once that is
    known, ``restarts`` how often the data was made to begin again.
    """

    def __init__(self, pages: Pages, recycles: bool) -> None:
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
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        rows: list[Row] = []
        while len(rows) < count and not self.over and not (rows and self._pages.slow):
            before = len(rows)
            try:
                await self._next(count - before, rows)
            except Exception as error:
                if not rows:
                    raise
                self._failure = error
            self._count(len(rows) - before)
            if self._failure is not None:
                break
        return rows

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


class Sequential(Deck):
    """Row after row."""

    def __init__(self, pages: Pages, recycles: bool) -> None:
        super().__init__(pages, recycles)
        self._block: list[Row] = []
        self._position = 0

    async def _next(self, count: int, rows: list[Row]) -> None:
        if self._position >= len(self._block):
            self._block, self._position = await self._pages.next(), 0
        begin, self._position = self._position, self._position + count
        rows += self._block[begin : self._position]

    def _forget(self) -> None:
        self._block, self._position = [], 0


class Mixed(Deck):
    """Rows in an order that random numbers decide, drawn from a window over the data."""

    def __init__(self, pages: Pages, recycles: bool, numbers: random.Random) -> None:
        super().__init__(pages, recycles)
        self._numbers = numbers
        self._window: list[Row] = []
        self._incoming: deque[Row] = deque()
        self._at_end = False

    def _forget(self) -> None:
        self._window.clear()
        self._incoming.clear()
        self._at_end = False

    async def _fill(self) -> None:
        """Fill the window as far as the data goes."""
        while not self._at_end and len(self._window) < self._pages.window:
            await self._receive()
            while self._incoming and len(self._window) < self._pages.window:
                self._window.append(self._incoming.popleft())

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
            rows.append(self._draw_one())
            if not self._at_end:
                await self._fill()

    def _draw_one(self) -> Row:
        window = self._window
        at = self._numbers.randrange(len(window))
        window[at], window[-1] = window[-1], window[at]
        return window.pop()


class Random(Mixed):
    """Any row at any time. Where the data is larger than the window, each draw lets one row out and the next in."""

    async def _next(self, count: int, rows: list[Row]) -> None:
        if not self._window:
            await self._fill()
        for _ in range(count if self._window else 0):
            rows.append(self._any())
            if len(self._window) == self._pages.window:
                await self._move_on()

    def _any(self) -> Row:
        return self._window[self._numbers.randrange(len(self._window))]

    async def _move_on(self) -> None:
        await self._receive()
        if not self._incoming:
            await self._receive()  # after the last row comes the first
        self._window[self._numbers.randrange(len(self._window))] = self._incoming.popleft()


def deck_of(feed: Feed, allocation: Allocation, seed: int) -> Deck:
    """The deck that an allocation asks for; ``seed`` decides every order but the feed's own."""
    recycles = allocation.ending == "recycle" and allocation.scope != "run"
    pages = Pages(feed, recycles)
    if allocation.order == "sequential":
        return Sequential(pages, recycles)
    numbers = random.Random(f"{seed}/data")  # noqa: S311 - repeatable on purpose
    return (Shuffled if allocation.order == "shuffled" else Random)(pages, recycles, numbers)


def window_for(rows: Sequence[Row]) -> int:
    """How many rows like these fit into memory."""
    measured = rows[:MEASURED]
    if not measured:
        return FEWEST
    size = sum(sys.getsizeof(row) + sum(map(sys.getsizeof, row.values())) for row in measured) // len(measured)
    return max(MEMORY // size, FEWEST)
