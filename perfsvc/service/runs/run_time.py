"""The time of a run that is stored, and from when on it was measured: after the warm-up."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from perfsvc.errors import NotFound
from perfsvc.metrics.warm_up import WarmUp
from perfsvc.service.runs.run import Run
from perfsvc.store import distributions
from perfsvc.store import executions
from perfsvc.store import reports
from perfsvc.store import windows
from perfsvc.store.database import Store

KEPT_RUNS = 32
"""Ended runs whose measured time is remembered: it stands in the report, which is large."""
AT_ONCE_S = 600


class RunTime(NamedTuple):
    """What is stored of a run, from ``start`` up to and without ``end``. Figures count from ``measured`` on."""

    start: int
    measured: int
    end: int


class RunTimes:
    """The times of runs. ``running`` returns a run while it is under way in this process."""

    def __init__(self, store: Store, running: Callable[[str], Run | None]) -> None:
        self._store = store
        self._running = running
        self._ended: OrderedDict[str, int | None] = OrderedDict()

    async def of(self, execution_id: str, warm_up_s: float) -> RunTime:
        """The time of a run that has a warm-up of ``warm_up_s``, or 0. It is empty while nothing is stored."""
        start, end = await self._store.run(extent_of, execution_id)
        measured = await self._measured(execution_id, warm_up_s, start, end) if warm_up_s else start
        return RunTime(start, min(max(start, measured or start), end), end)

    async def _measured(self, execution_id: str, warm_up_s: float, start: int, end: int) -> int | None:
        active = self._running(execution_id)
        if active is not None:
            warm_up = active.metrics.warm_up
            return warm_up.end if warm_up.over else end
        if execution_id not in self._ended:
            try:
                report = await self._store.run(reports.by_execution, execution_id)
            except NotFound:  # it was deleted; what was measured is still there
                return await self._store.run(warm_up_end, execution_id, warm_up_s, start, end)
            self._ended[execution_id] = (report.body.get("warm_up") or {}).get("end")
            if len(self._ended) > KEPT_RUNS:
                self._ended.popitem(last=False)
        return self._ended[execution_id]


def extent_of(execution_id: str) -> tuple[int, int]:
    """The first second of a run and the one after the last; twice the second of its start where nothing is stored."""
    extent = distributions.extent(execution_id)
    if extent is None:
        begun = int(executions.get(execution_id).start_time.timestamp())
        extent = begun, begun
    return extent


def warm_up_end(execution_id: str, length: float, start: int, end: int) -> int | None:
    """The first second after the warm-up, from the stored seconds of a run; None where no second is part of it."""
    warm_up = WarmUp(length)
    for since in range(start, end, AT_ONCE_S):
        for head in windows.heads_of(execution_id, since, min(since + AT_ONCE_S, end)):
            warm_up.covers(head)
        if warm_up.over:
            break
    return warm_up.end
