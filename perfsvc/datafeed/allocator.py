"""Allocates the rows of a run's data source to its nodes, on the controller's side.

A node requests rows and is granted a lease: a block of rows that it alone may claim. It claims rows shortly before it
uses them, and releases what it does not need. When a node is lost, its unclaimed rows are granted again first; claimed
rows count as used as far as the node has reported, and as in doubt beyond that. So no row is used twice, and the fate
of every row is known.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

from perfsvc.datafeed.accounting import RowAccounts
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
EMPTIED = Text("重新读取时已没有任何数据行", "it had no rows left when it was read again")
MOST_WARNINGS = 20


class Lease:
    """A block of rows that one node may claim."""

    __slots__ = ("claimed", "node", "rows")

    def __init__(self, node: str, rows: list[Row]) -> None:
        self.node = node
        self.rows = rows
        self.claimed = 0


class RowAllocator:
    """The one allocator of a run. All methods belong to one loop.

    ``seed`` decides the order of shuffled and random rows. ``columns`` is known once ``open`` has returned.
    """

    def __init__(self, open_feed: OpenFeed, data: DataSpec, seed: int) -> None:
        self.columns: Sequence[str] = ()
        self._open_feed = open_feed
        self._data = data
        self._allocation = data.allocation
        self._seed = seed
        self._feed: Feed | None = None
        self._order: RowOrder | None = None
        self._accounts = RowAccounts()
        self._leases: dict[int, Lease] = {}
        self._number = 0
        self._returned: deque[Row] = deque()
        self._requesting: set[str] = set()
        self._withdrawn: set[str] = set()
        self._left: set[str] = set()
        self._changed = asyncio.Event()
        self._reading = asyncio.Lock()
        self._requests: set[asyncio.Task[Grant]] = set()
        self._last: Row | None = None
        self._holds = self._allocation.scope == "run" or self._allocation.ending == "hold"
        self._ended = False
        self._failure: Text | None = None
        self._failures: list[Text] = []

    async def open(self) -> None:
        """Open the source and read its first rows. Raises InvalidInput, RunError when it fails or has no rows."""
        try:
            self._feed = await self._open_feed()
            self._order = order_of(self._feed, self._allocation, self._seed)
            self._returned.extend(await self._order.read(1))
        except PerfsvcError:
            raise
        except Exception as error:
            raise RunError(*self._failure_text(error)) from error
        if not self._returned:
            causes = self._feed.warnings
            zh, en = (
                joint.join(each) for joint, each in zip(("；", "; "), zip(EMPTY, *causes, strict=True), strict=True)
            )
            raise RunError(*_with_source(self._data.source, Text(zh, en)))
        self._last = self._returned[0]
        self.columns = tuple(self._feed.columns)

    @property
    def notes(self) -> Sequence[Text]:
        """What the source noted about the test data, such as a delimiter that is probably another one."""
        return () if self._feed is None else tuple(self._feed.warnings)

    async def request(self, node: str, count: int) -> Grant:
        """Grant about ``count`` rows to a node; fewer near the end of the data, to leave some for the others.

        While others hold the last rows unclaimed, it waits for these. Cancelling the request leaves no gap: rows that
        were on their way are granted again.
        """
        request = asyncio.get_running_loop().create_task(self._request(node, count))
        self._requesting.add(node)
        self._requests.add(request)
        request.add_done_callback(self._requests.discard)
        return await asyncio.shield(request)

    def request_nowait(self, node: str, count: int) -> Grant | None:
        """Like ``request``, but return None where it would have to wait, or where there may be no rows."""
        busy = self._reading.locked() or node in self._requesting or node in self._withdrawn or node in self._left
        if busy or self._order is None or self._failure is not None or self._allocation.scope == "run":
            return None
        count = self._fair_count(node, min(count, AT_ONCE))
        if self._returned:
            return self._lease(node, self._read_returned(count))
        rows = self._order.read_nowait(count)
        if not rows:
            return None
        self._last = rows[-1]
        return self._lease(node, rows)

    def claim(self, node: str, lease: int, upto: int, spent: int) -> bool:
        """Claim the rows of a lease below ``upto`` for use; of all claimed rows ``spent`` are certainly used.

        Return False when the lease is not the node's: it was given up as lost, and its rows went to others.
        """
        block = self._leases.get(lease)
        if block is None or block.node != node or not block.claimed < upto <= len(block.rows):
            return False
        self._accounts.claim(node, upto - block.claimed, spent)
        block.claimed = upto
        if upto == len(block.rows):
            del self._leases[lease]
            self._changed.set()
        return True

    def release(self, node: str, spent: int, upto: int | None = None) -> None:
        """Release a node's unclaimed rows of the leases up to ``upto``, and withdraw its pending request.

        Without ``upto`` the node's part of the run is over.
        """
        if upto is None:
            self._left.add(node)
        elif node in self._requesting:
            self._withdrawn.add(node)
        self._return_unclaimed(node, upto)
        self._accounts.release(node, spent, final=upto is None)

    def node_lost(self, node: str) -> None:
        """Return a lost node's unclaimed rows; those claimed and not reported are in doubt."""
        self._left.add(node)
        self._accounts.close(node, self._return_unclaimed(node))

    def undeliverable(self, grant: Grant, error: Exception) -> Grant:
        """Return the rows of a grant that cannot be sent; the source has failed for all nodes from now on."""
        lease = self._leases.pop(grant.lease, None)
        if lease is not None:
            self._returned.extend(lease.rows)
            self._changed.set()
        self._failure = self._failure or self._failure_text(error)
        return Grant(failure=self._failure)

    async def close(self) -> None:
        """Close the source; called once, also when it was never opened."""
        for request in self._requests:
            request.cancel()
        if self._order is None or self._feed is None:
            return
        try:
            await self._order.stop()
            await asyncio.wait_for(self._feed.close(), CLOSE_TIMEOUT_S)
        except Exception:
            log.exception("closing data source %s failed", self._data.source)

    @property
    def over(self) -> bool:
        """Whether the run is over because no row is left and a node has the message."""
        return self._ended and not self._holds and self._allocation.ends_the_run

    def report(self) -> dict[str, Any]:
        """Counts of rows by outcome. ``total`` and ``left`` are null where they cannot be known."""
        counts, total = self._accounts.counts(), self.total
        taken = counts.used + counts.in_doubt
        recycled = self._recycled(taken)
        reused = recycled or self._allocation.order == "random"
        warnings = self._feed.warnings if self._feed is not None else ()
        return {
            "source": self._data.source,
            "columns": list(self.columns),
            "total": total,
            "used": counts.used,
            "in_doubt": counts.in_doubt,
            "returned": counts.returned,
            "left": None if total is None or reused else total - taken,
            "recycled": recycled,
            "warnings": [text._asdict() for text in (*warnings, *self._failures)],
        }

    # Grants.

    async def _request(self, node: str, count: int) -> Grant:
        try:
            return await self._granted(node, count)
        except Exception as error:
            self._failure = self._failure or self._failure_text(error)
            return Grant(failure=self._failure)
        finally:
            self._requesting.discard(node)

    async def _granted(self, node: str, count: int) -> Grant:
        if self._allocation.scope == "run":
            self._accounts.use_shared_row()
            return self._end()
        while True:
            async with self._reading:
                rows = await self._read(self._fair_count(node, count))
            if self._failure is not None:
                return Grant(failure=self._failure)
            if node in self._left or node in self._withdrawn:
                return self._unneeded(node, rows)
            if rows:
                return self._lease(node, rows)
            if not self._leases:
                return self._end()
            self._changed.clear()
            await self._changed.wait()

    def _fair_count(self, node: str, count: int) -> int:
        """At most a node's part of half of what is left of finite data, so that no node is left without rows."""
        self._accounts.open(node)
        total = self.total
        if total is None or self._order is None or self._allocation.ending == "recycle":
            return count
        return max(min(count, (total - self._order.count) // (2 * len(self._accounts))), 1)

    def _lease(self, node: str, rows: list[Row]) -> Grant:
        self._number += 1
        self._leases[self._number] = Lease(node, rows)
        return Grant(lease=self._number, rows=rows)

    def _unneeded(self, node: str, rows: list[Row]) -> Grant:
        """Return rows that were read for a request the node has withdrawn."""
        self._returned.extendleft(reversed(rows))
        self._changed.set()
        self._withdrawn.discard(node)
        return Grant(ended=node in self._left)

    def _end(self) -> Grant:
        self._ended = True
        return Grant(ended=True, last=self._last if self._holds else None)

    def _return_unclaimed(self, node: str, upto: int | None = None) -> int:
        """Return the unclaimed rows of a node's leases, all or those up to a number; return how many."""
        numbers = [
            number for number, lease in self._leases.items() if lease.node == node and (upto is None or number <= upto)
        ]
        rows = [row for lease in map(self._leases.pop, numbers) for row in lease.rows[lease.claimed :]]
        self._returned.extend(rows)
        self._changed.set()
        return len(rows)

    # Reading.

    async def _read(self, count: int) -> list[Row]:
        """Returned rows first, then new ones; none at the end, or when the source has failed."""
        if self._returned:
            return self._read_returned(count)
        while self._failure is None and self._order is not None:
            try:
                rows = await self._order.read(count)
            except Exception as error:
                await self._on_failure(self._order, self._failure_text(error))
                continue
            if not rows and self._allocation.ending == "recycle" and not self._holds:
                await self._on_failure(self._order, _with_source(self._data.source, EMPTIED))
                continue
            self._last = rows[-1] if rows else self._last
            return rows
        return []

    def _read_returned(self, count: int) -> list[Row]:
        return [self._returned.popleft() for _ in range(min(count, len(self._returned)))]

    async def _on_failure(self, order: RowOrder, failure: Text) -> None:
        """Apply the plan's policy to a failure of the source during the run."""
        policy = self._allocation.on_failure
        if failure not in self._failures and len(self._failures) < MOST_WARNINGS:
            log.warning("%s", failure.en)
            self._failures.append(failure)
        if policy == "hold":
            self._holds = order.over = True
        elif policy == "recycle" and order.in_cycle:
            try:
                await order.restart()
            except Exception as error:
                self._failure = self._failure_text(error)
        else:
            self._failure = failure

    def _failure_text(self, error: Exception) -> Text:
        """The message for a failure of the source."""
        if isinstance(error, DataFailure):
            return _with_source(self._data.source, error.text)
        log.exception("data source %s failed", self._data.source)
        kind = type(error).__name__
        return _with_source(self._data.source, Text(f"内部错误 {kind}", f"internal error {kind}"))

    # Figures of the report.

    @property
    def total(self) -> int | None:
        """The number of rows: counted where all were read, else what the source says."""
        if self._order is not None and self._order.length is not None:
            return self._order.length
        return self._feed.count if self._feed is not None else None

    def _recycled(self, taken: int) -> int:
        """Number of rewinds of the data, as far as its rows were taken."""
        if self._order is None or not taken:
            return 0
        whole = (taken - 1) // self._order.length if self._order.length and self._allocation.order != "random" else 0
        return whole + self._order.restarts


def _with_source(name: str, text: Text) -> Text:
    return Text(f"数据源 {name}：{text.zh}", f"data source {name}: {text.en}")
