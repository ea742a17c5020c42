"""The live feed of an ended run: the run, its history and its end."""

from __future__ import annotations

from typing import Any

from perfsvc.analysis.live_frames import history_frame
from perfsvc.analysis.run_frame import RunNames
from perfsvc.analysis.run_frame import Standing
from perfsvc.analysis.run_frame import run_frame
from perfsvc.errors import Text
from perfsvc.metrics.thresholds import final_states
from perfsvc.metrics.validity import Cause
from perfsvc.metrics.validity import Grade
from perfsvc.metrics.validity import Validity
from perfsvc.model.execution import RunRow
from perfsvc.model.run import RunSpec
from perfsvc.service.runs.ended_runs import EndedRun
from perfsvc.service.runs.live_feed import Channel
from perfsvc.service.runs.live_feed import Subscription
from perfsvc.service.runs.live_output import end_frame

NO_REPORT = Cause("no_report", Grade.SUSPECT, Text("没有报告", "there is no report of the run"), {})


def names_of(row: RunRow) -> RunNames:
    """Return the names of plan, project and starter."""
    return RunNames(row.execution.plan_id, row.plan_name, row.project_id, row.starter)


def ended_feed(row: RunRow, spec: RunSpec, run: EndedRun, report: dict[str, Any]) -> Subscription:
    """Subscribe to the feed of an ended run."""
    execution = row.execution
    ended = execution.end_time or execution.start_time
    standing = Standing(
        state=execution.state,
        start_time=execution.start_time,
        now=ended.timestamp(),
        elapsed=run.elapsed,
        thresholds=final_states(spec.thresholds, (report.get("verdict") or {}).get("thresholds") or []),
        validity=validity_of(report),
        events=report.get("events") or [],
        search=report.get("search"),
        warm_up=report.get("warm_up"),
        pauses=report.get("pauses"),
    )
    names = names_of(row)
    first = run_frame(spec, names, run.everything, run.steps, standing)
    channel = Channel(lambda: [first, history_frame(run.history)])
    last = end_frame(execution.execution_id, names, execution.state, report, ended, row.report_id)
    channel.end(last)
    return channel.subscribe()


def validity_of(report: dict[str, Any]) -> Validity:
    """The validity in the report; SUSPECT for a run without one."""
    if "validity" not in report:
        return Validity(Grade.SUSPECT, (NO_REPORT,))
    stored = report["validity"]
    causes = (
        Cause(each["code"], Grade[each["state"]], Text(each["zh"], each["en"]), each["figures"])
        for each in stored["causes"]
    )
    return Validity(Grade[stored["state"]], tuple(causes))
