"""The live feed of a run, fed by the run itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from perfsvc.analysis.live import history_of
from perfsvc.analysis.live import metrics_frame
from perfsvc.clock import iso_z
from perfsvc.metrics.figures import Second
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.service.runs.live_feed import Channel
from perfsvc.service.runs.live_feed import Frame
from perfsvc.service.runs.run import Output
from perfsvc.service.runs.run import Run


class Broadcast(Output):
    """Turns what a run tells into frames for its viewers."""

    def __init__(self) -> None:
        self.channel = Channel(self._history)
        self._status: Frame | None = None

    async def start(self, run: Run) -> None:
        self._run = run

    def add(self, snapshot: Snapshot, seconds: Sequence[Second]) -> None:
        if seconds and self.channel.viewers:
            validity = self._run.metrics.validity()
            for second in seconds:
                frame = metrics_frame(second, self._run.metrics, validity, self._run.membership.members)
                self.channel.publish(frame)

    def changed(self, state: RunState, moment: datetime) -> None:
        run = self._run
        if state.ended:
            self.channel.end(end_frame(run.spec.execution_id, state, run.report, int(moment.timestamp())))
        else:
            self._status = status_frame(state, moment)
            self.channel.publish(self._status)

    def noted(self, event: dict[str, Any]) -> None:
        self.channel.publish({"type": "event", "timestamp": event["timestamp"], "data": event})

    def _history(self) -> list[Frame]:
        history = history_of(self._run.metrics)
        return [history] if self._status is None else [history, self._status]


def status_frame(state: RunState, moment: datetime) -> Frame:
    """A run is in a new state."""
    return {
        "type": "status",
        "timestamp": int(moment.timestamp()),
        "data": {"status": state.value, "time": iso_z(moment)},
    }


def end_frame(execution_id: str, state: RunState, report: dict[str, Any], timestamp: int) -> Frame:
    """The last frame: how the run ended, in short."""
    kept = ("summary", "verdict", "validity", "reason", "start_time", "end_time")
    data = {"status": state.value, **{name: report[name] for name in kept if name in report}}
    return {"type": "end", "timestamp": timestamp, "execution_id": execution_id, "data": data}
