"""One node's rows of test data: leased in blocks, claimed shortly before their use, given to users.

A row is used only after it was claimed, and a ``unique`` one only after the claim was confirmed: whatever becomes of
this node, no other is then granted that row. Leased rows that are not claimed may go to other nodes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from collections.abc import Sequence
from itertools import islice
from typing import Protocol as Interface

from perfsvc.clock import NS_PER_MS
from perfsvc.clock import NS_PER_S
from perfsvc.engine.profile_clock import ProfileClock
from perfsvc.engine.row_supply import RowSupply
from perfsvc.engine.virtual_user import WAIT
from perfsvc.engine.virtual_user import Executor
from perfsvc.engine.virtual_user import Instruction
from perfsvc.engine.virtual_user import VirtualUser
from perfsvc.errors import RunError
from perfsvc.model.data import Allocation
from perfsvc.model.data import Grant
from perfsvc.plugin.datasource import Row

CLAIM_MS = (5, 20)
"""How long the rows of one claim should last, from and to: these are in doubt when a node is lost."""
LEASE_MS = (100, 500)
"""How long a leased block should last: long enough that no user waits for the next one."""
MOST_CLAIMED = 2_000
MOST_LEASED = 5_000
AT_ONCE = 100
"""Rows left when more are requested, where these come at once: rows that wait long leave the processor's cache."""
FIRST_LEASE = 16
WITHDRAWN = Grant()
"""The grant for a request that was withdrawn."""
NEVER = -1
"""As low-water mark: refilling would change nothing."""


class BufferHost(Interface):
    """The engine that a buffer belongs to."""

    time: ProfileClock

    @property
    def active_users(self) -> Collection[VirtualUser]:
        """The users that have started and not left."""
        ...

    @property
    def executor(self) -> Executor: ...

    def fail(self, error: Exception) -> None:
        """End the run with this error."""
        ...


class Sizing:
    """The size of blocks of rows, doubled or halved so that a block lasts as long as it should.

    ``short`` is set when a user had to wait for rows: the block was too small, however long it lasted.
    """

    def __init__(self, size: int, most: int, lasting_ms: tuple[int, int]) -> None:
        self.size = size
        self._most = most
        self._shortest, self._longest = (limit * NS_PER_MS for limit in lasting_ms)
        self._since = 0
        self.short = False

    def next(self, now_ns: int) -> int:
        """The size of the next block."""
        lasted, self._since = now_ns - self._since, now_ns
        if self.short or lasted < self._shortest:
            self.size = min(self.size * 2, self._most)
        elif lasted > self._longest:
            self.size = max(self.size // 2, 1)
        self.short = False
        return self.size


class LeasedBlock:
    """A block of rows that this node alone may claim."""

    __slots__ = ("claimed", "number", "rows")

    def __init__(self, number: int, rows: list[Row]) -> None:
        self.number = number
        self.rows = rows
        self.claimed = 0

    @property
    def unclaimed(self) -> int:
        """Number of rows that are not claimed yet."""
        return len(self.rows) - self.claimed

    def claim(self, count: int) -> list[Row]:
        """The next rows, at most ``count``."""
        begin, self.claimed = self.claimed, min(self.claimed + count, len(self.rows))
        return self.rows[begin : self.claimed]


class Leases:
    """Leased blocks, oldest first. ``newest`` is the number of the latest."""

    def __init__(self) -> None:
        self.newest = 0
        self._blocks: deque[LeasedBlock] = deque()

    def __bool__(self) -> bool:
        """Whether there are rows to claim."""
        return bool(self._blocks)

    @property
    def unclaimed(self) -> int:
        """Number of rows that are not claimed yet."""
        return sum(lease.unclaimed for lease in self._blocks)

    def add(self, grant: Grant) -> None:
        """Add the block of a grant."""
        self.newest = grant.lease
        self._blocks.append(LeasedBlock(grant.lease, grant.rows))

    def claim(self, count: int) -> tuple[LeasedBlock, list[Row]]:
        """The next rows of the oldest block, at most ``count``."""
        lease = self._blocks[0]
        rows = lease.claim(count)
        if not lease.unclaimed:
            self._blocks.popleft()
        return lease, rows

    def clear(self) -> None:
        """Drop all blocks."""
        self._blocks.clear()


class QueueEntry:
    """A user that waits for a row. ``since_ns`` is where its wait counts from."""

    __slots__ = ("_queue", "position", "since_ns", "user")

    def __init__(self, user: VirtualUser, position: int, since_ns: int, queue: dict[QueueEntry, None]) -> None:
        self.user = user
        self.position = position
        self.since_ns = since_ns
        self._queue = queue

    def cancel(self) -> None:
        """Leave the queue."""
        self._queue.pop(self, None)


class WaitQueue:
    """Users that wait for rows, longest first, and the time they have waited."""

    def __init__(self) -> None:
        self._entries: dict[QueueEntry, None] = {}
        self._waited_ns = 0

    def __len__(self) -> int:
        """Number of waiting users."""
        return len(self._entries)

    def add(self, user: VirtualUser, position: int, now_ns: int) -> QueueEntry:
        """Let a user wait, to go on at ``position``."""
        entry = QueueEntry(user, position, now_ns, self._entries)
        self._entries[entry] = None
        user.timer = entry
        return entry

    def wake_next(self) -> None:
        """Let the user go on that has waited longest."""
        entry = next(iter(self._entries))
        entry.cancel()
        entry.user.wake(entry.position)

    def count_waits(self, now_ns: int, entries: int | None = None) -> None:
        """Count the time waited until now, by the first ``entries`` users or all."""
        for entry in islice(self._entries, entries):
            self._waited_ns += now_ns - entry.since_ns
            entry.since_ns = now_ns

    def take_waited_ns(self) -> int:
        """The time counted since the last call, ns, summed over users."""
        waited, self._waited_ns = self._waited_ns, 0
        return waited


class RowBuffer:
    """Gives rows to the users of one engine.

    ``usable`` are claimed rows; when only ``low`` are left, ``refill`` gets more.
    """

    def __init__(self, host: BufferHost, supply: RowSupply, allocation: Allocation, graceful_s: float) -> None:
        self._host = host
        self._supply = supply
        self._allocation = allocation
        self._graceful_ns = int(graceful_s * 1000) * NS_PER_MS
        self._leases = Leases()
        self._unconfirmed: list[Row] = []
        self._claims = Sizing(1, MOST_CLAIMED, CLAIM_MS)
        self._blocks = Sizing(FIRST_LEASE, MOST_LEASED, LEASE_MS)
        self._queue = WaitQueue()
        self._requested = False
        self._prompt = False
        self._closed = False
        self._ended_ns: int | None = None
        self._last: Row | None = None
        self._failure: RunError | None = None
        self._idle_at = 0
        self.usable: deque[Row] = deque()
        self.low = self._reserve = 0
        self._added = 0
        supply.connect(self)

    @property
    def columns(self) -> Sequence[str]:
        """The names every row has; known once the source is open."""
        return self._supply.columns

    @property
    def once(self) -> bool:
        """Whether a user gets one row when it begins, and no other later."""
        return self._allocation.once

    @property
    def used(self) -> int:
        """Number of rows that users have."""
        return self._added - len(self.usable)

    @property
    def ended(self) -> bool:
        """Whether no more rows come."""
        return self._ended_ns is not None

    def next_row(self, at: int) -> Instruction:
        """The instruction at ``at``: give the user a row, for which it may have to wait."""
        usable, following = self.usable, at + 1

        def execute(user: VirtualUser) -> int:
            if user.gate.closed:  # a row taken now might never be used
                return user.pool.hold(user, at)
            if len(usable) <= self.low:
                self.refill()
            if not usable:
                return self._wait_for_row(user, at)
            variables = user.scope.variables
            variables |= usable.popleft()
            return following

        return execute

    def refill(self) -> None:
        """Claim the rows needed next, and request more where too few are left to claim."""
        if self._closed:
            return
        self._claim()
        while self._request():
            self._claim()
        self.low = self._low()

    # Replies of the supply.

    def on_grant(self, grant: Grant) -> None:
        """Take rows, the end of the data or the failure of its source."""
        self._requested = False
        self.low = 0
        if self._closed:
            return
        if grant.failure is not None:
            self._failure = RunError(*grant.failure)
        if grant.rows:
            self._leases.add(grant)
        if grant.ended and not self.ended:
            self._ended_ns, self._last = self._now_ns(), grant.last
        if self._queue or grant != WITHDRAWN:
            self._wake_waiting()

    def on_confirm(self) -> None:
        """Use the rows of the claim that the allocator has recorded."""
        self._add(self._unconfirmed)
        self._unconfirmed = []
        self._wake_waiting()

    # Time.

    def over(self) -> bool:
        """Whether the run is over for lack of rows.

        No user is in mid-iteration or has a row to begin one with; or they had as long as a graceful stop gives.
        """
        if self._ended_ns is None or self._last is not None or not self._allocation.ends_the_run:
            return False
        if self._allocation.once:
            return True
        if self._parks and self._now_ns() - self._ended_ns > self._graceful_ns:
            return True
        if self.usable or self._unconfirmed or self._leases:
            return False
        return not any(is_busy(user) for user in self._host.active_users)

    def waited(self, span_ns: int) -> float:
        """Percent of the users' time since the last call, ``span_ns`` ago, that was spent waiting for rows."""
        if not span_ns:  # a pause
            return 0.0
        if not self.ended:
            self._queue.count_waits(self._now_ns())
            self._release_idle()
        waited, users = self._queue.take_waited_ns(), len(self._host.active_users)
        return min(100 * waited / (span_ns * users), 100.0) if users else 0.0

    def close(self) -> None:
        """Release all rows: the run is over."""
        if not self._closed:
            self._closed = True
            self._leases.clear()
            self._supply.release(self.used)

    # How.

    def _now_ns(self) -> int:
        return int(self._host.time.elapsed() * NS_PER_S)

    def _wait_for_row(self, user: VirtualUser, at: int) -> int:
        """No row is usable: the user waits for one, goes on with the one it has, or ends."""
        if self._last is not None:
            if not user.scope.iteration:
                user.scope.variables.update(self._last)
            return at + 1
        if self.ended and not self._parks:
            self._host.executor.out_of_data(user)
            return WAIT
        entry = self._queue.add(user, at, self._now_ns())
        self._blocks.short = True
        self._claims.short = self._claims.short or bool(self._unconfirmed)
        self.refill()
        if self.usable:
            entry.cancel()
            user.timer = None
            return at
        self._fail()
        return WAIT

    @property
    def _parks(self) -> bool:
        """Whether users without a row at the end of the data stay until the run is over."""
        return self._last is None and self._allocation.ending == "stop_run"

    def _fail(self) -> None:
        """End the run when the source has failed and a user is without a row."""
        if self._failure is not None and not (self.usable or self._unconfirmed or self._leases):
            self._host.fail(self._failure)

    def _wake_waiting(self) -> None:
        """Wake one waiting user per usable row, or all when no more rows come."""
        self.refill()
        while self._queue and (self.usable or (self.ended and not self._parks)):
            if not self.ended:
                self._queue.count_waits(self._now_ns(), 1)
            self._queue.wake_next()
            if not self.usable:
                self.refill()
        if self._queue:
            self._fail()

    def _claim(self) -> None:
        """Claim the next rows; only one claim at a time waits for its confirmation."""
        demand = self._demand()
        while demand > 0 and self._leases and not self._unconfirmed:
            lease, rows = self._leases.claim(demand)
            demand -= len(rows)
            if self._supply.claim(lease.number, lease.claimed, self._spent()) or not self._allocation.unique:
                self._add(rows)
            else:
                self._unconfirmed = rows

    def _add(self, rows: list[Row]) -> None:
        self._added += len(rows)
        self.usable.extend(rows)

    def _demand(self) -> int:
        """Number of rows to claim now. Where a user takes one row only, the waiting users are the whole demand."""
        waiting = len(self._queue)
        if self._allocation.once or not self._leases or self._unconfirmed:
            return waiting - len(self.usable)
        if len(self.usable) > self._reserve:
            return 0
        size = max(self._claims.next(self._now_ns()), waiting)
        self._reserve = (size + 1) // 2
        return size

    def _low(self) -> int:
        """The number of usable rows at which ``refill`` will have something to do."""
        if self._leases:
            return NEVER if self._unconfirmed else self._reserve
        if self._requested or self.ended or self._failure is not None:
            return NEVER
        return 0 if self._allocation.once else self._few - len(self._unconfirmed)

    @property
    def _few(self) -> int:
        """The number of rows left at which to request more."""
        return AT_ONCE if self._prompt else self._blocks.size // 2

    def _request(self) -> bool:
        """Request rows where they are needed; return whether they came at once."""
        if self._requested or self.ended or self._failure is not None:
            return False
        spare = self._leases.unclaimed + len(self.usable) + len(self._unconfirmed) - len(self._queue)
        demand = -spare
        if not self._allocation.once and spare <= self._few:
            demand = max(self._blocks.next(self._now_ns()), demand)
        if demand <= 0:
            return False
        grant = self._supply.request(demand)
        self._requested, self._prompt = grant is None, grant is not None
        if grant is not None:
            self._leases.add(grant)
        return self._prompt

    def _spent(self) -> int:
        """Rows that are certainly used: not those of users that may still be working on them."""
        if self._allocation.once:
            return self.used
        return max(self.used - len(self._host.active_users), 0)

    def _release_idle(self) -> None:
        """Release leased rows when none was taken for a second: other nodes may need them."""
        if self._leases and self._idle_at == self.used:
            self._leases.clear()
            self._supply.release(self._spent(), self._leases.newest)
        self._idle_at = self.used


def is_busy(user: VirtualUser) -> bool:
    """Whether a user is in mid-iteration, rather than waiting for a row or an arrival."""
    return user.sending is not None or not (user.timer is None or isinstance(user.timer, QueueEntry))
