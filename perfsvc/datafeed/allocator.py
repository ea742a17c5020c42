"""Deals the rows of a run's data source to the nodes, on the controller's side.

A node leases rows in blocks and claims them a little before it uses them. What it has not claimed when it is lost
returns and is dealt first; what it has claimed counts as used as far as the node told so, and as in doubt beyond that.
So no row is used twice, and of none is it unknown what became of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from perfsvc.datafeed.ordering import AT_ONCE
from perfsvc.datafeed.ordering import RowOrder
from perfsvc.datafeed.ordering import order_of
from perfsvc.errors import PerfsvcError
from perfsvc.errors import RunError
from perfsvc.errors import Text
from perfsvc.model.data import DataSpec
from perfsvc.model.data import Grant
from perfsvc.plugin.datasource import DataFailure
from perfsvc.plugin.datasource import Feed
from perfsvc.plugin.datasource import Row

log = logging.getLogger(__name__)

OpenFeed = Callable[[], Awaitable[Feed]]

CLOSE_TIMEOUT_S = 5.0
EMPTY = Text("数据源没有任何数据行", "the data source has no rows")
GONE = Text("重新读取时已没有任何数据行", "it has no rows any more when it begins again")
MOST_WARNINGS = 20


class Lease:
    """A block of rows that one node may claim."""

    __slots__ = ("claimed", "node", "rows")

    def __init__(self, node: str, rows: list[Row]) -> None:
        self.node = node
        self.rows = rows
        self.claimed = 0


@dataclass(slots=True)
class Account:
    """What one node has claimed, and how much of it is done with for certain; ``settled`` when it told so last."""

    claimed: int = 0
    spent: int = 0
    settled: bool = False

    @property
    def open(self) -> int:
        """Claimed, and nobody knows whether used."""
        return self.claimed - self.spent


class RowAllocator:
    """The one dealer of a run. All methods belong to one loop.

    ``seed`` decides the order of rows that are shuffled or drawn. ``columns`` is known once ``open`` has returned.
    """

    def __init__(self, open_feed: OpenFeed, data: DataSpec, seed: int) -> None:
        self._open_feed = open_feed
        self._data = data
        self._allocation = data.allocation
        self._seed = seed
        self._feed: Feed | None = None
        self._deck: RowOrder | None = None
        self._leases: dict[int, Lease] = {}
        self._number = 0
        self._returned: deque[Row] = deque()
        self._accounts: dict[str, Account] = {}
        self._asking: set[str] = set()
        self._idle: set[str] = set()
        self._gone: set[str] = set()
        self._changed = asyncio.Event()
        self._drawing = asyncio.Lock()
        self._granting: set[asyncio.Task[Grant]] = set()
        self._last: Row | None = None
        self._holds = self._allocation.scope == "run" or self._allocation.ending == "hold"
        self._failure: Text | None = None
        self._failures: list[Text] = []
        self._used = self._in_doubt = self._returns = 0
        self.columns: Sequence[str] = ()
        self.told_end = False
        self.on_over: Callable[[], None] = lambda: None
        """Called once, when the first node is told that the run is over for want of rows."""

    async def open(self) -> None:
        """Open the source and read its first rows. Raises InvalidInput, RunError when it fails or has no rows."""
        try:
            self._feed = await self._open_feed()
            self._deck = order_of(self._feed, self._allocation, self._seed)
            self._returned.extend(await self._deck.draw(1))
        except PerfsvcError:
            raise
        except Exception as error:
            raise RunError(*self._told(error)) from error
        if not self._returned:
            raise RunError(*self._named(EMPTY))
        self._last = self._returned[0]
        self.columns = tuple(self._feed.columns)

    async def grant(self, node: str, want: int) -> Grant:
        """About ``want`` rows for a node; less near the end of the data, so that others get their part.

        While others hold the last rows and have not claimed them, it waits for what becomes of these. Who gives up
        waiting leaves no gap: rows that were on their way to a node that was lost are dealt again.
        """
        granting = asyncio.get_running_loop().create_task(self._grant(node, want))
        self._asking.add(node)
        self._granting.add(granting)
        granting.add_done_callback(self._granting.discard)
        return await asyncio.shield(granting)

    def grant_at_once(self, node: str, want: int) -> Grant | None:
        """As ``grant``, where nothing has to be waited for; None where it has, or where there may be no rows."""
        busy = self._drawing.locked() or node in self._asking or node in self._idle or node in self._gone
        if busy or self._deck is None or self._failure is not None or self._allocation.scope == "run":
            return None
        want = self._fair(node, min(want, AT_ONCE))
        if self._returned:
            return self._lease(node, self._of_returned(want))
        rows = self._deck.read_nowait(want)
        if not rows:
            return None
        self._last = rows[-1]
        return self._lease(node, rows)

    def claimed(self, node: str, lease: int, upto: int, spent: int) -> bool:
        """Rows of a lease below ``upto`` may be used by their node from now on, of all ``spent`` are done with.

        False when it may not: it was given up as lost, and others have the rows.
        """
        held = self._leases.get(lease)
        if held is None or held.node != node or not held.claimed < upto <= len(held.rows):
            return False
        account = self._accounts[node]
        account.claimed += upto - held.claimed
        account.spent = max(account.spent, min(spent, account.claimed))
        account.settled = False
        held.claimed = upto
        if upto == len(held.rows):
            del self._leases[lease]
            self._changed.set()
        return True

    def given_back(self, node: str, spent: int, upto: int | None = None) -> None:
        """A node has no use for what it leased up to that lease: rows that it has not claimed go to others.

        What it has asked for it does not need now. Without ``upto`` its part of the run is over.
        """
        if upto is None:
            self._gone.add(node)
        elif node in self._asking:
            self._idle.add(node)
        self._take_back(node, upto)
        account = self._accounts.get(node)
        if account is not None:
            account.spent = max(account.spent, min(spent, account.claimed))
            account.settled = upto is None

    def lost(self, node: str) -> None:
        """A node is gone: what it has not claimed is dealt again, what it has claimed and not told of is in doubt."""
        self._gone.add(node)
        self._returns += self._take_back(node)
        account = self._accounts.pop(node, Account())
        self._used += account.spent
        self._in_doubt += account.open

    def refused(self, grant: Grant, error: Exception) -> Grant:
        """The rows of a grant cannot be brought to its node: nobody else gets any more, and the answer says why."""
        lease = self._leases.pop(grant.lease, None)
        if lease is not None:
            self._returned.extend(lease.rows)
            self._changed.set()
        self._failure = self._failure or self._told(error)
        return Grant(failure=self._failure)

    async def close(self) -> None:
        """Let go of the source; called once, also when it never opened."""
        for granting in self._granting:
            granting.cancel()
        if self._deck is None or self._feed is None:
            return
        try:
            await self._deck.rest()
            await asyncio.wait_for(self._feed.close(), CLOSE_TIMEOUT_S)
        except Exception:
            log.exception("data source %s did not close well", self._data.source)

    @property
    def over(self) -> bool:
        """Whether the run is over because there are no more rows."""
        return self.told_end and not self._holds and self._allocation.ends_the_run

    def report(self) -> dict[str, Any]:
        """What became of the rows. ``total`` and ``left`` are null where nobody can know."""
        accounts = self._accounts.values()
        used = self._used + sum(account.spent for account in accounts)
        doubt = self._in_doubt + sum(account.open for account in accounts if not account.settled)
        total, recycled = self._total(), self._recycled(used + doubt)
        again = recycled or self._allocation.order == "random"
        of_the_source = self._feed.warnings if self._feed is not None else ()
        return {
            "source": self._data.source,
            "columns": list(self.columns),
            "total": total,
            "used": used,
            "in_doubt": doubt,
            "returned": self._returns,
            "left": None if total is None or again else total - used - doubt,
            "recycled": recycled,
            "warnings": [text._asdict() for text in (*of_the_source, *self._failures)],
        }

    # How.

    async def _grant(self, node: str, want: int) -> Grant:
        try:
            return await self._granted(node, want)
        except Exception as error:
            self._failure = self._failure or self._told(error)
            return Grant(failure=self._failure)
        finally:
            self._asking.discard(node)

    async def _granted(self, node: str, want: int) -> Grant:
        if self._allocation.scope == "run":
            self._used = 1
            return self._end()
        while True:
            async with self._drawing:
                rows = await self._take(self._fair(node, want))
            if self._failure is not None:
                return Grant(failure=self._failure)
            if node in self._gone or node in self._idle:
                return self._unneeded(node, rows)
            if rows:
                return self._lease(node, rows)
            if not self._leases:
                return self._end()
            self._changed.clear()
            await self._changed.wait()

    async def _take(self, want: int) -> list[Row]:
        """Rows that came back, else new ones; none at the end, or when the source failed."""
        if self._returned:
            return self._of_returned(want)
        while self._failure is None and self._deck is not None:
            try:
                rows = await self._deck.draw(want)
            except Exception as error:
                await self._failed(self._deck, self._told(error))
                continue
            if not rows and self._allocation.ending == "recycle" and not self._holds:
                await self._failed(self._deck, self._named(GONE))
                continue
            self._last = rows[-1] if rows else self._last
            return rows
        return []

    def _of_returned(self, want: int) -> list[Row]:
        return [self._returned.popleft() for _ in range(min(want, len(self._returned)))]

    async def _failed(self, deck: RowOrder, failure: Text) -> None:
        """The source failed in mid-run: its policy decides."""
        policy = self._allocation.on_failure
        if failure not in self._failures and len(self._failures) < MOST_WARNINGS:
            log.warning("%s", failure.en)
            self._failures.append(failure)
        if policy == "hold":
            self._holds = deck.over = True
        elif policy == "recycle" and deck.in_cycle:
            try:
                await deck.restart()
            except Exception as error:
                self._failure = self._told(error)
        else:
            self._failure = failure

    def _fair(self, node: str, want: int) -> int:
        """No more than a part of what is left of data that has an end, so that no node is left with nothing to do."""
        self._accounts.setdefault(node, Account())
        total = self._total()
        if total is None or self._deck is None or self._allocation.ending == "recycle":
            return want
        return max(min(want, (total - self._deck.drawn) // (2 * len(self._accounts))), 1)

    def _lease(self, node: str, rows: list[Row]) -> Grant:
        self._number += 1
        self._leases[self._number] = Lease(node, rows)
        return Grant(lease=self._number, rows=rows)

    def _unneeded(self, node: str, rows: list[Row]) -> Grant:
        """A node does not want what it asked for any more."""
        self._returned.extendleft(reversed(rows))
        self._changed.set()
        self._idle.discard(node)
        return Grant(ended=node in self._gone)

    def _end(self) -> Grant:
        first, self.told_end = not self.told_end, True
        if first and self.over:
            self.on_over()
        return Grant(ended=True, last=self._last if self._holds else None)

    def _take_back(self, node: str, upto: int | None = None) -> int:
        """The unclaimed rows of a node, of all leases or those up to one, to be dealt first; answers how many."""
        mine = [
            number for number, lease in self._leases.items() if lease.node == node and (upto is None or number <= upto)
        ]
        rows = [row for lease in map(self._leases.pop, mine) for row in lease.rows[lease.claimed :]]
        self._returned.extend(rows)
        self._changed.set()
        return len(rows)

    def _total(self) -> int | None:
        """How many rows the data has: as many as were read where all were, else what the source says."""
        if self._deck is not None and self._deck.length is not None:
            return self._deck.length
        return self._feed.count if self._feed is not None else None

    def _recycled(self, used: int) -> int:
        """How often the data has begun again, as far as its rows were used."""
        if self._deck is None or not used:
            return 0
        whole = (used - 1) // self._deck.length if self._deck.length and self._allocation.order != "random" else 0
        return whole + self._deck.restarts

    def _told(self, error: Exception) -> Text:
        """A failure of the source in words."""
        if isinstance(error, DataFailure):
            return self._named(error.text)
        log.exception("data source %s failed", self._data.source)
        kind = type(error).__name__
        return self._named(Text(f"内部错误 {kind}", f"internal error {kind}"))

    def _named(self, text: Text) -> Text:
        name = self._data.source
        return Text(f"数据源 {name}：{text.zh}", f"data source {name}: {text.en}")
