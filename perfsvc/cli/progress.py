"""Progress of a run: at a terminal a bar and the latest figures, elsewhere one line per second."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from perfsvc.cli.closed_output import write
from perfsvc.cli.labels import LABELS
from perfsvc.cli.labels import with_colon
from perfsvc.cli.search_progress import search_line
from perfsvc.errors import Text
from perfsvc.metrics.figures import SHORTEST_SPAN_NS
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import percent
from perfsvc.model.load import iteration_goal
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.service.runs.run import STOPPED_BY_USER
from perfsvc.service.runs.run import Output
from perfsvc.service.runs.run import Run

if TYPE_CHECKING:
    from perfsvc.cli.live_lines import LiveLines

ENDING = Text(
    "正在停止：已发出的请求最多还有 {seconds:g} 秒；再按一次 Ctrl-C 立即退出，不生成报告\n",
    "stopping: requests in flight have up to {seconds:g} s; press Ctrl-C again to quit at once without a report\n",
)


SPARSE_AFTER_S = 60


SPARSE_EVERY_S = 10


class Progress(Output):
    """Rewrites a few lines in place on a terminal; elsewhere writes a line per second, after a minute every tenth."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._stream = sys.stderr
        self._live = live_lines() if self._stream.isatty() else None
        self._warned: set[Text] = set()

    async def start(self, run: Run) -> None:
        self._run = run
        self._warn()

    def add(self, snapshot: Snapshot, seconds: Sequence[Second]) -> None:
        for second in seconds:
            if second.span_ns < SHORTEST_SPAN_NS and not second.paused:  # the last, cut-off second
                continue
            elapsed = round(second.elapsed)
            if self._live is not None:
                self._show(self._live, second)
            elif elapsed <= SPARSE_AFTER_S or elapsed % SPARSE_EVERY_S == 0:
                write(self._stream, "  ".join([*self._load(second), *self._figures(second), *self._search()]) + "\n")

    def state_changed(self, state: RunState, moment: datetime) -> None:
        if self._live is not None and (state.ended or state is RunState.STOPPING):
            self._live.clear()
        if state is RunState.RUNNING:
            self._warn()
        if state is RunState.STOPPING and self._run.reason is STOPPED_BY_USER:
            write(self._stream, ENDING.of(self._language).format(seconds=self._run.spec.graceful_stop_s))

    def _warn(self) -> None:
        """Write the warnings about the plan that are new: those about its test data come when that is open."""
        for warning in self._run.warnings():
            if warning not in self._warned:
                self._warned.add(warning)
                write(self._stream, f"{with_colon('note', self._language)}{warning.of(self._language)}\n")

    def _show(self, live: LiveLines, second: Second) -> None:
        load, metrics = self._run.spec.load, self._run.metrics
        planned = iteration_goal(load) if load.iterations is not None else None
        done = metrics.iterations + metrics.warm_up.iterations
        share = done / planned if planned else second.elapsed / load.duration if load.duration else 0.0
        lines = ["  ".join(self._load(second)).strip(), "  ".join(self._figures(second)), *self._search()]
        live.show(share, lines, failing=metrics.total.errors > 0)

    def _load(self, second: Second) -> list[str]:
        """Return the time, the load and, in an open load, what was planned."""
        name = {key: label.of(self._language) for key, label in LABELS.items()}
        load, metrics = self._run.spec.load, self._run.metrics
        parts = [f"{second.elapsed:6.1f}/{load.duration:g} s"]
        if load.iterations is not None:
            parts = [
                f"{second.elapsed:6.1f} s",
                f"{name['iterations']} {metrics.iterations + metrics.warm_up.iterations}/{iteration_goal(load)}",
            ]
        if second.planned_rate:
            parts.append(f"{name['planned']} {second.planned_rate:g}/s")
        if second.warm_up:
            parts.append(f"{name['warm_up']} {self._run.spec.warm_up_s:g} s")
        return [*parts, f"{name['users']} {second.vus}"]

    def _figures(self, second: Second) -> list[str]:
        name = {key: label.of(self._language) for key, label in LABELS.items()}
        metrics = self._run.metrics
        everything = metrics.warm_up.total if second.warm_up else metrics.everything
        parts = [f"{name['rps']} {second.rps:.0f}", f"p95 {in_ms(second.p95)} ms"]
        share = percent(everything.errors, everything.requests)
        parts.append(f"{name['errors']} {everything.errors} ({share:.1f} %)")
        if everything.unsent:
            parts.append(f"{name['unsent']} {everything.unsent}")
        if second.planned:
            parts.append(f"{name['from_plan']} p95 {in_ms(second.plan_p95)} ms")
        if self._run.spec.load.open:
            parts += [f"{name['dropped']} {metrics.dropped}", f"{name['late']} {metrics.late}"]
        return parts

    def _search(self) -> list[str]:
        search = self._run.search()
        return [] if search is None or not search["evidence"] else [search_line(search, self._language)]


def live_lines() -> LiveLines:
    """Return lines at the terminal; what draws them is imported only where there is one."""
    from perfsvc.cli.live_lines import LiveLines
    from perfsvc.cli.tables import PatientConsole

    return LiveLines(PatientConsole(stderr=True, highlight=False, markup=False, emoji=False))


def in_ms(latency: float | None) -> str:
    """Format a latency for the progress line; ``-`` when nothing was sent."""
    return "-" if latency is None else f"{latency:.1f}"
