"""Rolls up the stored seconds of a run while it goes on, so that any part of it can be read quickly at any time."""

from __future__ import annotations

import asyncio
import logging

from perfsvc.errors import NotFound
from perfsvc.errors import Unavailable
from perfsvc.model.window import Snapshot
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.recorder import Recorder
from perfsvc.store.rollup import Measured
from perfsvc.store.rollup import roll_up

INTERVAL_S = 10.0
MARGIN_S = 30
"""How late a snapshot may come and still be part of its span; one that comes later has its spans made again."""

log = logging.getLogger(__name__)


class LiveRollup:
    """The roll-up of one run: ``start``, ``note`` for each snapshot, ``stop`` with the load, ``finish`` at the end."""

    def __init__(self, store: Store, recorder: Recorder, plan_id: int, execution_id: str, measured: Measured) -> None:
        self._store = store
        self._recorder = recorder
        self._plan_id = plan_id
        self._execution_id = execution_id
        self._measured = measured
        self._upto = 0
        self._late_from: int | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to roll up now and then."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def note(self, snapshot: Snapshot) -> None:
        """A snapshot was taken: it may belong to a span that has been rolled up."""
        if snapshot.second < self._upto:
            second = snapshot.second
            self._late_from = second if self._late_from is None else min(self._late_from, second)

    async def stop(self) -> None:
        """Leave the rest to ``finish``."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])  # lets a cancellation of the caller through, unlike awaiting the task

    async def finish(self) -> None:
        """Roll up everything that is stored."""
        if self._late_from is not None:
            await self._store.run(windows.delete_coarser, self._execution_id, self._late_from)
            self._late_from = None
        await roll_up(self._store, self._plan_id, self._execution_id, self._measured)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_S)
            if not self._recorder.up_to_date:
                continue  # what waits in the spool belongs to spans that would seem complete
            upto = self._recorder.newest - MARGIN_S
            try:
                await roll_up(self._store, self._plan_id, self._execution_id, self._measured, upto)
                self._upto = max(self._upto, upto)
            except (Unavailable, NotFound) as error:
                log.info("run %s is not rolled up now: %s", self._execution_id, error)
            except Exception:
                # The end of the run does it again; until then finer spans are read.
                log.exception("run %s was not rolled up", self._execution_id)
