"""Writes a run's snapshots to the database, at once and exactly once, whether the database is there or not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from collections.abc import Collection
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from perfsvc.clock import NS_PER_S
from perfsvc.clock import Clock
from perfsvc.metrics.deduplication import Range
from perfsvc.metrics.run_metrics import extend
from perfsvc.model.window import Snapshot
from perfsvc.store import spool
from perfsvc.store import window_rows
from perfsvc.store.database import Store
from perfsvc.store.spool import SnapshotSpool
from perfsvc.store.window_rows import Row

T = TypeVar("T")

INTERVAL_S = 0.25
"""How often the spool is looked at: what waits in it is written when the database is back."""
PAUSE_S = 0.1
"""Between two writes, so that the snapshots of many nodes are written together. A process that is killed loses what
was not written."""
STOP_LIMIT_S = 10.0
REFUSED = "the database refuses them"
MAX_PENDING = 10_000
"""Snapshots in memory. One flush takes the store's time limit at most, so this is hundreds of nodes."""


log = logging.getLogger(__name__)


class Recorder:
    """An output of a run. What cannot be written now waits in the spool, or in memory while the disk has no room.

    ``lost`` counts snapshots that were given up, ``lost_seconds`` are their times. ``apart`` are the steps without a
    part in the sum of all requests (``RunMetrics.apart``), ``newest`` is the latest second that was taken.
    """

    def __init__(
        self,
        store: Store,
        execution_id: str,
        plan_id: int,
        spool_dir: Path,
        clock: Clock,
        *,
        interval: float = INTERVAL_S,
        stop_limit: float = STOP_LIMIT_S,
        spool_limit: int = spool.DEFAULT_LIMIT,
    ) -> None:
        self.lost = 0
        self.lost_seconds: list[Range] = []
        self.apart: Collection[int] = ()
        self.newest = 0
        self._store, self._execution_id, self._plan_id, self._clock = store, execution_id, plan_id, clock
        self._interval, self._stop_limit = interval, stop_limit
        self._spool = SnapshotSpool(spool_dir, execution_id, spool_limit)
        self._pending: list[Snapshot] = []
        self._stopping = asyncio.Event()
        self._due = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._deadline: float | None = None
        self._limit: asyncio.Timeout | None = None
        self._away_since: int | None = None

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name=f"recorder {self._execution_id}")

    def add(self, snapshot: Snapshot) -> None:
        """Take a snapshot; never waits and never raises."""
        if len(self._pending) >= MAX_PENDING or self._stopping.is_set():
            self._lose("too many, or too late", [snapshot])
            return
        self._pending.append(snapshot)
        self._due.set()
        self.newest = max(self.newest, snapshot.second)

    @property
    def up_to_date(self) -> bool:
        """Whether nothing waits in the spool."""
        return self._spool.empty

    async def stop(self) -> None:
        """Write what is left, for at most ``stop_limit`` seconds; the rest stays in the spool for the next start."""
        self._deadline = asyncio.get_running_loop().time() + self._stop_limit
        if self._limit:
            self._limit.reschedule(self._deadline)
        self._stopping.set()
        self._due.set()
        try:
            if self._task:
                await self._task
        finally:
            self._keep(self._taken())

    async def settle(self) -> None:
        """After ``stop``: write what had to stay in the spool and in memory. Raises what the database raises."""
        if not self._spool.empty:
            replayed = await spool.replay_file(self._store, self._spool.path)
            self._spool.clear()
            self._count_lost(replayed.lost, REFUSED)
        batch = self._pending
        rows = await asyncio.to_thread(self._encoded, batch)
        if rows and not await spool.write(self._store, rows):
            self._lose(REFUSED, batch)
        self._pending = []

    async def _run(self) -> None:
        last = False
        while not last:
            await signal_of(self._due, self._interval)
            self._due.clear()
            last = self._stopping.is_set()
            if await self._flush(self._taken()) and not self._spool.empty:
                await self._drain()
            if not last:
                await signal_of(self._stopping, PAUSE_S)

    async def _flush(self, batch: list[Snapshot]) -> bool:
        """Whether the batch reached the database; if not, it is in the spool."""
        try:
            rows = await asyncio.to_thread(self._encoded, batch)
            if rows and not await self._limited(spool.write(self._store, rows)):
                self._lose(REFUSED, batch)
        except asyncio.CancelledError:
            self._pending[:0] = batch
            raise
        except Exception as error:
            # Whatever fails here, the batch must be kept and the next one tried.
            self._note_away(error)
            await asyncio.to_thread(self._keep, batch)
            return False
        if batch:
            self._note_back()
        return True

    async def _drain(self) -> None:
        """Write what waits in the spool; what is interrupted begins again, and writes nothing twice."""
        try:
            replayed = await self._limited(spool.replay_file(self._store, self._spool.path))
        except Exception as error:
            # The file is still there for the next time.
            self._note_away(error)
            return
        self._spool.clear()
        self._note_back()
        self._count_lost(replayed.lost, REFUSED)

    async def _limited(self, work: Awaitable[T]) -> T:
        """Wait for the database, from the beginning of ``stop`` on only until its limit; raises TimeoutError."""
        try:
            async with asyncio.timeout_at(self._deadline) as self._limit:
                return await work
        finally:
            self._limit = None

    def _taken(self) -> list[Snapshot]:
        batch, self._pending = self._pending, []
        return batch

    def _keep(self, batch: list[Snapshot]) -> None:
        rows = self._encoded(batch)
        refused = self._spool.append(rows)
        if refused and refused == len(rows) and len(batch) + len(self._pending) <= MAX_PENDING:
            self._pending[:0] = batch  # the disk is full: they wait in memory for the database or for room
        else:
            self._lose("there is no room in the spool", batch[len(batch) - refused :])

    def _encoded(self, batch: list[Snapshot]) -> list[Row]:
        """The rows of snapshots; merging and compressing takes a while: for a thread."""
        rows = []
        for snapshot in batch:
            try:
                rows.append(window_rows.encode(self._plan_id, self._execution_id, snapshot, self.apart))
            except Exception as error:
                # Whatever is wrong with one snapshot must not stop a run.
                self._lose(str(error), [snapshot])
        return rows

    def _lose(self, why: str, snapshots: Sequence[Snapshot]) -> None:
        for snapshot in snapshots:
            if not any(first <= snapshot.second <= last for first, last in self.lost_seconds[-1:]):
                extend(self.lost_seconds, snapshot.second)
        self._count_lost(len(snapshots), why)

    def _count_lost(self, count: int, why: str) -> None:
        if count:
            self.lost += count
            log.error("run %s: %d snapshots lost: %s", self._execution_id, count, why)

    def _note_away(self, error: Exception) -> None:
        if self._away_since is None:
            self._away_since = self._clock.now_ns()
            log.warning("run %s: snapshots wait in the spool: %r", self._execution_id, error)

    def _note_back(self) -> None:
        if self._away_since is not None:
            seconds = (self._clock.now_ns() - self._away_since) / NS_PER_S
            log.warning("run %s: the database is back after %.1f s", self._execution_id, seconds)
            self._away_since = None


async def signal_of(event: asyncio.Event, limit_s: float) -> None:
    """Wait for an event, or until the time is over."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), limit_s)
