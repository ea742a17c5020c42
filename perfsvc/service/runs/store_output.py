"""Stores a run: its states, seconds, errors and report."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from perfsvc.errors import Unavailable
from perfsvc.metrics.figures import Second
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.service.runs.live_rollup import LiveRollup
from perfsvc.service.runs.run import SERVER_STOPPED
from perfsvc.service.runs.run import Output
from perfsvc.service.runs.run import Run
from perfsvc.store import executions
from perfsvc.store.database import Store
from perfsvc.store.endings import close_run
from perfsvc.store.recorder import Recorder

log = logging.getLogger(__name__)


class StoreOutput(Output):
    """Writes a run to the store. States are written one after another, in order.

    ``report_id`` is the id of the report, once it is stored.
    """

    def __init__(self, store: Store, recorder: Recorder) -> None:
        self._store = store
        self._recorder = recorder
        self._writing: asyncio.Task[None] | None = None
        self._report: dict[str, Any] | None = None
        self._rollup: LiveRollup | None = None
        self.report_id: int | None = None

    @property
    def end_stored(self) -> bool:
        """Whether the end of the run is stored."""
        return self._report is None

    async def start(self, run: Run) -> None:
        self._run = run
        self._recorder.groups = run.metrics.groups
        await self._recorder.start()
        self._rollup = LiveRollup(self._store, self._recorder, run.plan_id or 0, run.spec.execution_id)
        self._rollup.start()

    def add(self, snapshot: Snapshot, seconds: Sequence[Second]) -> None:
        self._recorder.add(snapshot)
        if self._rollup is not None:
            self._rollup.note(snapshot)

    def state_changed(self, state: RunState, moment: datetime) -> None:
        if not state.ended:
            self._writing = asyncio.get_running_loop().create_task(self._write_state(state, self._writing))

    async def stop(self, report: dict[str, Any]) -> None:
        if self._writing is not None:
            await self._writing
        if self._rollup is not None:
            await self._rollup.stop()
        await self._recorder.stop()
        self._report = report
        await self.store_end()

    async def store_end(self) -> None:
        """Store the end of the run; call it again later if the database is away."""
        if self._report is None:
            return
        run, execution_id = self._run, self._run.spec.execution_id
        end, reason = run.end_time or run.start_time, run.reason or SERVER_STOPPED
        try:
            await self._recorder.settle()
            stored = await self._store.run(close_run, run.plan_id or 0, self._report, reason, run.start_time, end)
        except Unavailable as error:
            log.warning("the report of run %s waits for the database: %s", execution_id, error)
            return
        self._report, self.report_id = None, stored.id
        if self._rollup is not None:
            await self._rollup.finish()

    async def _write_state(self, state: RunState, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        try:
            await self._store.run(executions.set_state, self._run.spec.execution_id, state)
        except Unavailable as error:
            log.warning("the state %s of run %s waits for its end: %s", state.value, self._run.spec.execution_id, error)
        except Exception:
            # The end writes the state again, and the run must go on without the database.
            log.exception("the state %s of run %s was not written", state.value, self._run.spec.execution_id)
