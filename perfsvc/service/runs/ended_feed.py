"""The live feed of an ended run: the run, its history and its end."""

from __future__ import annotations

from typing import Any

from perfsvc.analysis.live_frames import history_of
from perfsvc.analysis.run_frame import RunNames
from perfsvc.analysis.run_frame import Standing
from perfsvc.analysis.run_frame import run_frame
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import RuleState
from perfsvc.model.execution import RunRow
from perfsvc.model.run import RunSpec
from perfsvc.model.threshold import Threshold
from perfsvc.service.runs.live_feed import Channel
from perfsvc.service.runs.live_feed import Subscription
from perfsvc.service.runs.live_output import end_frame


def names_of(row: RunRow) -> RunNames:
    """Return the names of plan, project and starter."""
    return RunNames(row.execution.plan_id, row.plan_name, row.project_id, row.starter)


def ended_feed(row: RunRow, spec: RunSpec, metrics: RunMetrics, report: dict[str, Any]) -> Subscription:
    """Subscribe to the feed of an ended run."""
    execution = row.execution
    ended = execution.end_time or execution.start_time
    standing = Standing(
        state=execution.state,
        start_time=execution.start_time,
        now=ended.timestamp(),
        elapsed=metrics.elapsed,
        thresholds=final_states(spec.thresholds, (report.get("verdict") or {}).get("thresholds") or []),
        validity=metrics.validity(),
        events=report.get("events") or [],
        search=report.get("search"),
    )
    first = run_frame(spec, names_of(row), metrics, standing)
    channel = Channel(lambda: [first, history_of(metrics)])
    last = end_frame(execution.execution_id, execution.state, report, int(ended.timestamp()), row.report_id)
    channel.end(last)
    return channel.subscribe()


def final_states(rules: tuple[Threshold, ...], outcomes: list[dict[str, Any]]) -> list[RuleState]:
    """Return the final state of each threshold."""
    return [
        RuleState(
            expression=str(rule),
            metric=rule.metric,
            step=rule.step,
            state="holding" if outcome["passed"] else "breached",
            value=outcome["value"],
            limit=rule.limit,
            broken_s=0,
            of_s=rule.window_s or 0,
            breached_at=outcome["breached_at"],
        )
        for rule, outcome in zip(rules, outcomes, strict=False)
    ]
