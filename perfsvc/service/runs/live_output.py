"""The live feed of an active run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from perfsvc.analysis.live_frames import history_of
from perfsvc.analysis.live_frames import metrics_frame
from perfsvc.analysis.run_frame import RunNames
from perfsvc.analysis.run_frame import run_frame
from perfsvc.analysis.run_frame import steps_block
from perfsvc.analysis.search_frames import SearchFrames
from perfsvc.analysis.unfit import UnfitSeconds
from perfsvc.clock import iso_z
from perfsvc.metrics.figures import Second
from perfsvc.model.run import RunState
from perfsvc.model.test_mode import mode_of_load
from perfsvc.model.window import Snapshot
from perfsvc.service.runs.frame_log import FrameLog
from perfsvc.service.runs.frame_log import LoggedSeconds
from perfsvc.service.runs.live_feed import Channel
from perfsvc.service.runs.live_feed import Frame
from perfsvc.service.runs.live_feed import Subscription
from perfsvc.service.runs.live_feed import as_text
from perfsvc.service.runs.live_feed import encode
from perfsvc.service.runs.run import Output
from perfsvc.service.runs.run import Run


class LiveOutput(Output):
    """Turns the seconds, states and events of a run into frames for its viewers.

    ``report_id`` returns the id of the stored report, once the run has ended.
    """

    def __init__(self, names: RunNames, report_id: Callable[[], int | None]) -> None:
        self.channel = Channel(self._first_frames)
        self._names = names
        self._report_id = report_id
        self._status: Frame | None = None
        self._log = FrameLog()
        self._unfit = UnfitSeconds()
        self._latest = 0

    async def start(self, run: Run) -> None:
        self._run = run
        self._search = SearchFrames(mode_of_load(run.spec.load))

    def add(self, snapshot: Snapshot, seconds: Sequence[Second]) -> None:
        if not seconds:
            return
        run = self._run
        validity, thresholds, nodes = run.metrics.validity(ended=False), run.thresholds(), run.node_losses.nodes
        for second in seconds:
            frame = metrics_frame(second, run.metrics, validity, nodes, thresholds)
            self._unfit.add(second.second, frame["data"])
            self._log.add(second.second, encode({"timestamp": second.second, **frame["data"]}))
            self.channel.publish(frame)
        self._latest = seconds[-1].second
        self._publish_search(ended=False)

    def state_changed(self, state: RunState, moment: datetime) -> None:
        run = self._run
        if state.ended:
            self._publish_search(ended=True)
            frame = end_frame(run.spec.execution_id, self._names, state, run.report, moment, self._report_id())
            self._status = None
            self.channel.end(frame)
        else:
            self._status = status_frame(state, moment)
            self.channel.publish(self._status)

    def event_added(self, event: dict[str, Any]) -> None:
        self.channel.publish({"type": "event", "timestamp": event["timestamp"], "data": event})

    async def subscribe(self, since: int | None) -> Subscription:
        """Subscribe a viewer. With ``since``, the history holds the original frame of every later second."""
        if since is None:
            return self.channel.subscribe()
        logged = self._log.after(since)
        if not logged.complete:
            return self.channel.subscribe()
        run, status = self._run_frame(since), self._status
        # Frames published while the history is built queue up behind it.
        subscription = self.channel.join()
        try:
            history = await asyncio.to_thread(history_text, logged)
        except BaseException:  # the viewer may have left meanwhile
            subscription.close()
            raise
        texts = [as_text(run), history, *([as_text(status)] if status is not None else [])]
        subscription.put_first(texts)
        return subscription

    def _publish_search(self, *, ended: bool) -> None:
        search = self._run.search()
        if search is not None:
            for frame in self._search.after(self._latest, search, ended=ended):
                self.channel.publish(frame)

    def _run_frame(self, since: int = 0) -> Frame:
        run = self._run
        standing = replace(run.standing(), unfit=self._unfit.blocks())
        frame = run_frame(run.spec, self._names, run.metrics.everything, steps_block(run.metrics), standing)
        frame["data"]["events"] = [event for event in frame["data"]["events"] if event["timestamp"] > since]
        return frame

    def _first_frames(self) -> list[Frame]:
        first = [self._run_frame(), history_of(self._run.metrics)]
        return first if self._status is None else [*first, self._status]


def history_text(logged: LoggedSeconds) -> str:
    """Return the ``history`` frame of logged seconds. Slow for an hour of them, so call it in a thread."""
    points = list(logged)
    latest = msgspec.json.decode(points[-1])["timestamp"] if points else None
    return as_text({"type": "history", "timestamp": latest, "complete": True, "data": points})


def status_frame(state: RunState, moment: datetime) -> Frame:
    """Return the frame of a new state."""
    return {
        "type": "status",
        "timestamp": int(moment.timestamp()),
        "data": {"status": state.value, "time": iso_z(moment)},
    }


def end_frame(
    execution_id: str, names: RunNames, state: RunState, report: dict[str, Any], moment: datetime, report_id: int | None
) -> Frame:
    """Return the last frame: whose run it was and how it ended, in short."""
    kept = ("name", "summary", "verdict", "validity", "reason", "start_time", "end_time")
    data = {
        "status": state.value,
        **asdict(names),
        **{name: report[name] for name in kept if name in report},
        "report_id": report_id,
    }
    if "performance_score" in report:
        data["performance_score"] = report["performance_score"]["score"]
    return {"type": "end", "timestamp": int(moment.timestamp()), "execution_id": execution_id, "data": data}
