"""Progress of a run at the terminal, one line per second."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import datetime

from rich.cells import set_cell_size

from perfsvc.cli.labels import LABELS
from perfsvc.errors import Text
from perfsvc.metrics.figures import SHORTEST_SPAN_NS
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import percent
from perfsvc.model.load import wanted_iterations
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.service.runs.run import STOPPED_BY_USER
from perfsvc.service.runs.run import Output
from perfsvc.service.runs.run import Run

ENDING = Text(
    "正在停止：已发出的请求最多还有 {seconds:g} 秒；再按一次 Ctrl-C 立即退出，不生成报告\n",
    "stopping: requests in flight have up to {seconds:g} s; press Ctrl-C again to quit at once without a report\n",
)


SPARSE_AFTER_S = 60


SPARSE_EVERY_S = 10


class Progress(Output):
    """One line per second: rewritten in place on a terminal, appended when piped (every tenth after a minute)."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._stream = sys.stderr
        self._live = self._stream.isatty()

    async def start(self, run: Run) -> None:
        self._run = run

    def add(self, snapshot: Snapshot, seconds: Sequence[Second]) -> None:
        for second in seconds:
            if second.span_ns < SHORTEST_SPAN_NS and not second.paused:  # the last, cut-off second
                continue
            elapsed = round(second.elapsed)
            if self._live or elapsed <= SPARSE_AFTER_S or elapsed % SPARSE_EVERY_S == 0:
                self._write(self._line(second))

    def state_changed(self, state: RunState, moment: datetime) -> None:
        if self._live and (state.ended or state is RunState.STOPPING):
            self._stream.write("\r\x1b[K")
        if state is RunState.STOPPING and self._run.reason is STOPPED_BY_USER:
            self._stream.write(ENDING.of(self._language).format(seconds=self._run.spec.graceful_stop_s))
            self._stream.flush()

    def _line(self, second: Second) -> str:
        name = {key: label.of(self._language) for key, label in LABELS.items()}
        load, metrics = self._run.spec.load, self._run.metrics
        parts = [f"{second.elapsed:6.1f}/{load.duration:g} s"]
        if load.iterations is not None:
            parts = [f"{second.elapsed:6.1f} s", f"{name['iterations']} {metrics.iterations}/{wanted_iterations(load)}"]
        if second.planned_rate:
            parts.append(f"{name['planned']} {second.planned_rate:g}/s")
        parts += [f"{name['users']} {second.vus}", f"{name['rps']} {second.rps:.0f}", f"p95 {in_ms(second.p95)} ms"]
        everything = metrics.everything
        share = percent(everything.errors, everything.requests)
        parts.append(f"{name['errors']} {everything.errors} ({share:.1f} %)")
        if everything.unsent:
            parts.append(f"{name['unsent']} {everything.unsent}")
        if second.planned:
            parts.append(f"{name['from_plan']} p95 {in_ms(second.plan_p95)} ms")
        if load.open:
            parts += [f"{name['dropped']} {metrics.dropped}", f"{name['late']} {metrics.late}"]
        return "  ".join(parts)

    def _write(self, line: str) -> None:
        if self._live:  # a line that wraps could not be rewritten
            line = set_cell_size(line, shutil.get_terminal_size().columns - 1).rstrip()
        self._stream.write(f"\r\x1b[K{line}" if self._live else f"{line}\n")
        self._stream.flush()


def in_ms(latency: float | None) -> str:
    """Format a latency for the progress line; ``-`` when nothing was sent."""
    return "-" if latency is None else f"{latency:.1f}"
