"""Stores a run: its states, seconds, errors and report."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from perfsvc.analysis.report import with_unstored
from perfsvc.errors import Conflict
from perfsvc.errors import Unavailable
from perfsvc.metrics.figures import Second
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.service.runs.live_rollup import LiveRollup
from perfsvc.service.runs.run import SERVER_STOPPED
from perfsvc.service.runs.run import Output
from perfsvc.service.runs.run import Run
from perfsvc.store import executions
from perfsvc.store import reports
from perfsvc.store.database import Store
from perfsvc.store.recorder import Recorder
from perfsvc.store.rollup import Measured
from perfsvc.store.run_bounds import close_run

log = logging.getLogger(__name__)


class StoreOutput(Output):
    """Writes a run to the store. States are written one after another, in order.

    ``end_stored`` says whether the end of the run is stored, ``report_id`` is the id of its report from then on.
    """

    def __init__(self, store: Store, recorder: Recorder) -> None:
        self._store = store
        self._recorder = recorder
        self._writing: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._rollup: LiveRollup | None = None
        self.end_stored = False
        self.report_id: int | None = None

    async def start(self, run: Run) -> None:
        self._run = run
        self._recorder.apart = run.metrics.apart
        await self._recorder.start()
        measured = Measured(len(run.metrics.step_names), run.metrics.apart)
        self._rollup = LiveRollup(self._store, self._recorder, run.plan_id or 0, run.spec.execution_id, measured)
        self._rollup.start()

    def add(self, snapshot: Snapshot, seconds: Sequence[Second]) -> None:
        self._recorder.add(snapshot)
        if self._rollup is not None:
            self._rollup.note(snapshot)

    def state_changed(self, state: RunState, moment: datetime) -> None:
        if not state.ended:
            self._writing = asyncio.get_running_loop().create_task(self._write_state(state, self._writing))

    async def stop(self, report: dict[str, Any]) -> None:
        self._stopping = asyncio.get_running_loop().create_task(self._stop_writing())
        await self.store_end(report)

    async def store_end(self, report: dict[str, Any]) -> None:
        """Store the end of the run, once; call it again later if the database is away."""
        if self._stopping is not None:
            # A caller that gives up does not interrupt it: the spool must be complete before it is replayed.
            await asyncio.wait([self._stopping])
        execution_id = self._run.spec.execution_id
        try:
            await self._recorder.settle()
            self.report_id = await self._close_run(with_unstored(report, self._recorder.lost_seconds))
        except Unavailable as error:
            log.warning("the report of run %s waits for the database: %s", execution_id, error)
            return
        self.end_stored = True
        if self._rollup is not None:
            await self._rollup.finish()

    async def _close_run(self, report: dict[str, Any]) -> int:
        """Return the id of the stored report, also where it was stored before and only the reply was lost."""
        run = self._run
        end, reason = run.end_time or run.start_time, run.reason or SERVER_STOPPED
        try:
            stored = await self._store.run(close_run, run.plan_id or 0, report, reason, run.start_time, end)
        except Conflict:
            stored = await self._store.run(reports.by_execution, run.spec.execution_id)
        return stored.id

    async def _stop_writing(self) -> None:
        try:
            if self._writing is not None:
                await self._writing
            if self._rollup is not None:
                await self._rollup.stop()
            await self._recorder.stop()
        except Exception:
            # The end is stored without what could not be written.
            log.exception("run %s: the last seconds were not written", self._run.spec.execution_id)

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
