"""Listings of runs, active ones with their current state, and the RunSpec of each."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from perfsvc.analysis.report import series_block
from perfsvc.analysis.report import summary_of
from perfsvc.engine.masking import masked_document
from perfsvc.errors import Unavailable
from perfsvc.metrics.thresholds import RuleState
from perfsvc.model.entities import Page
from perfsvc.model.entities import User
from perfsvc.model.execution import SPARK_POINTS
from perfsvc.model.execution import RunFilter
from perfsvc.model.execution import RunRow
from perfsvc.model.execution import spark_of
from perfsvc.service.runs.run import Run
from perfsvc.store import executions
from perfsvc.store import run_list
from perfsvc.store.database import Store

Running = Callable[[str], Run | None]
"""Returns the active run of an execution id."""


class RunList:
    """Read access to runs in short form."""

    def __init__(self, store: Store, running: Running, row_of: Callable[[str], RunRow | None]) -> None:
        """``row_of``: the row of an active run, which is known without the database."""
        self._store = store
        self._row_of = row_of
        self._running = running

    async def get(self, execution_id: str) -> RunRow:
        """Raises NotFound."""
        try:
            row = await self._store.run(run_list.get, execution_id)
        except Unavailable:
            known = self._row_of(execution_id)
            if known is None:
                raise
            row = known
        return self._now(row, spark=False)

    async def page(self, user: User, chosen: RunFilter, page: int, page_size: int, *, spark: bool) -> Page[RunRow]:
        """Return the matching runs of the user's projects; for an administrator, of all projects."""
        own = chosen if user.administrator else replace(chosen, user_id=user.id)
        runs = await self._store.run(run_list.page, own, page, page_size, spark=spark)
        return replace(runs, results=[self._now(row, spark=spark) for row in runs.results])

    async def config(self, execution_id: str) -> dict[str, Any]:
        """Return the RunSpec of a run, its secrets masked. Raises NotFound."""
        execution = await self._store.run(executions.get, execution_id)
        config: dict[str, Any] = masked_document(execution.spec)
        return config

    def _now(self, row: RunRow, *, spark: bool) -> RunRow:
        run = self._running(row.execution.execution_id)
        return row if run is None else as_now(row, run, spark=spark)


def as_now(row: RunRow, run: Run, *, spark: bool) -> RunRow:
    """Return the row of an active run with its current state, figures and breached thresholds.

    The verdict comes with the end, and with it what a search found: until then it may come to another level.
    """
    execution = replace(row.execution, state=run.state, reason=run.reason, start_time=run.start_time)
    points = run.metrics.series.finest(SPARK_POINTS)
    return replace(
        row,
        execution=execution,
        validity=run.metrics.validity(ended=run.state.ended).state,
        summary=summary_of(run.metrics, points, run.duration),
        spark=spark_of(series_block(points)) if spark else None,
        breached=breached_now(run.thresholds()),
    )


def breached_now(thresholds: Sequence[RuleState]) -> list[str]:
    """Metrics of all requests whose threshold is breached now; those of single steps are no figure of a listing."""
    return sorted({each.metric for each in thresholds if each.state == "breached" and each.step is None})
