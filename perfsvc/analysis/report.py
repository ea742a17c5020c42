"""A run's report: the documented fields, and beside them everything else that was measured.

Latencies are ms rounded to 1 µs, rates percent, timestamps Unix seconds, start and end ISO 8601 with ``Z``.
Where nothing was measured a figure is null, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from typing import Any

from perfsvc.analysis.blocks import TWO_LATENCIES
from perfsvc.analysis.blocks import latency_block
from perfsvc.analysis.blocks import rate
from perfsvc.analysis.breakdown import error_details
from perfsvc.analysis.breakdown import step_rows
from perfsvc.analysis.breakdown import unsent_details
from perfsvc.analysis.latency_buckets import latency_buckets
from perfsvc.analysis.nodes import Nodes
from perfsvc.analysis.nodes import loss_remarks
from perfsvc.analysis.nodes import node_rows
from perfsvc.analysis.warm_up_block import warm_up_block
from perfsvc.analysis.warnings import warnings_of
from perfsvc.clock import NS_PER_S
from perfsvc.clock import iso_z
from perfsvc.errors import Text
from perfsvc.metrics.deduplication import Range
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import percent
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.score import score_of
from perfsvc.metrics.thresholds import Verdict
from perfsvc.metrics.validity import Validity
from perfsvc.model.run import EndReason


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The parts of a report besides measurements. ``search`` is the result of a searching test mode,
    ``events`` are the changes of its load and its nodes, ``nodes`` the facts about nodes besides their snapshots,
    ``data`` the counts of its test data's rows by outcome, ``warnings`` those that its plan had before the run.
    """

    execution_id: str
    name: str
    status: str
    start_time: datetime
    end_time: datetime
    reason: EndReason | None
    seed: int
    plan_id: int | None = None
    search: dict[str, Any] | None = None
    events: tuple[dict[str, Any], ...] = ()
    nodes: Nodes = field(default_factory=Nodes)
    data: dict[str, Any] | None = None
    warnings: Sequence[Text] = ()


def build_report(facts: RunFacts, metrics: RunMetrics, verdict: Verdict, validity: Validity) -> dict[str, Any]:
    """The report of a run that is over, without the id it is stored under."""
    points = metrics.series.finest()
    measured = [point for point in points if not metrics.warm_up.holds(point.second)]
    report = {
        **_identity(facts),
        "summary": summary_of(metrics, measured, (facts.end_time - facts.start_time).total_seconds()),
        "metrics": _documented_metrics(metrics, points),
        "verdict": verdict.as_dict(),
        "validity": validity.as_dict(),
        "performance_score": score_of(metrics, verdict, validity, measured, moved=facts.search is not None).as_dict(),
        "steps": step_rows(metrics),
        "nodes": node_rows(metrics, facts.nodes),
        "errors": error_details(metrics),
        "unsent": unsent_details(metrics),
        "series": series_block(points),
        "latency_histogram": latency_buckets(metrics.total.latency),
        "step_series": step_series_block(metrics),
        "warm_up": warm_up_block(metrics),
        "pauses": metrics.pauses.blocks(facts.end_time.timestamp()),
        "gaps": [_interval(gap) for gap in metrics.gaps],
        "events": list(facts.events),
        "warnings": [text._asdict() for text in _warnings(facts, metrics, validity)],
    }
    if metrics.total.from_plan.total:
        report["latency_from_plan"] = {**latency_block(metrics.total.from_plan), "note": TWO_LATENCIES._asdict()}
    if facts.data is not None:
        report["data"] = facts.data
    if facts.search is not None:
        report["search"] = facts.search
    return report


def _warnings(facts: RunFacts, metrics: RunMetrics, validity: Validity) -> list[Text]:
    return [*loss_remarks(facts.nodes), *warnings_of(metrics, validity), *facts.warnings]


def series_block(points: Sequence[Second]) -> dict[str, Any]:
    """The run over time, one list per figure, all as long as ``timestamps``; a point spans ``width`` seconds."""
    return {
        "width": points[0].width if points else 1,
        "timestamps": [point.second for point in points],
        "elapsed": [point.elapsed for point in points],
        "throughput": [point.rps for point in points],
        "active_users": [point.vus for point in points],
        "planned_users": [point.planned_vus for point in points],
        "planned_rate": [point.planned_rate for point in points],
        "requests": [point.requests for point in points],
        "errors": [point.errors for point in points],
        "error_rate": [rate(point.error_rate) for point in points],
        "avg": [point.avg for point in points],
        "p50": [point.p50 for point in points],
        "p90": [point.p90 for point in points],
        "p95": [point.p95 for point in points],
        "p99": [point.p99 for point in points],
        "max": [point.max for point in points],
        **_series_from_plan(points),
        "node_count": [point.node_count for point in points],
        "iterations": [point.iterations for point in points],
        "dropped": [point.dropped for point in points],
        "late": [point.late for point in points],
        "bytes_sent": [point.bytes_sent for point in points],
        "bytes_received": [point.bytes_received for point in points],
        "paused": [point.paused for point in points],
        "loop_lag": [point.health.loop_lag_ms for point in points],
        "send_lag": [point.health.send_lag_ms for point in points],
        "process_cpu": [point.health.process_cpu for point in points],
    }


def step_series_block(metrics: RunMetrics) -> dict[str, Any]:
    """The first 20 steps over time, in at most 600 points of ``width`` seconds; every list is as long as the others."""
    series = metrics.step_series.points()
    return {
        "width": series.width,
        "timestamps": series.starts,
        "steps": [
            {
                "index": step,
                "name": metrics.step_names[step],
                "throughput": series.rps[step],
                "p95": series.p95[step],
                "counters": series.counters[step],
                "gauges": series.gauges[step],
            }
            for step in range(metrics.step_series.count)
        ],
    }


def _series_from_plan(points: Sequence[Second]) -> dict[str, Any]:
    if not any(point.planned for point in points):
        return {}
    return {
        "latency_from_plan": {
            "p50": [point.plan_p50 for point in points],
            "p90": [point.plan_p90 for point in points],
            "p95": [point.plan_p95 for point in points],
            "p99": [point.plan_p99 for point in points],
        }
    }


def _identity(facts: RunFacts) -> dict[str, Any]:
    reason = facts.reason
    return {
        "plan_id": facts.plan_id,
        "execution_id": facts.execution_id,
        "name": facts.name,
        "start_time": iso_z(facts.start_time),
        "end_time": iso_z(facts.end_time),
        "status": facts.status,
        "reason": None if reason is None else {"code": reason.code, **reason.text._asdict()},
        "seed": facts.seed,
    }


def summary_of(metrics: RunMetrics, points: Sequence[Second], duration: float) -> dict[str, Any]:
    """A run in figures. ``duration`` is the time from its start to its end, or to now, s.

    Counts are of all requests; throughput and latencies are of the load, without setup and teardown. The warm-up is in
    neither, and not in ``points``.
    """
    total, figures, once = metrics.everything, metrics.figures(), metrics.once
    error_rate = percent(total.errors, total.requests)
    return {
        "total_requests": total.requests,
        "success_rate": rate(100.0 - error_rate) if total.requests else None,
        "avg_response_time": figures.avg,
        "error_count": total.errors,
        "error_rate": rate(error_rate),
        "throughput": figures.rps,
        "min_response_time": figures.min,
        "max_response_time": figures.max,
        "percentiles": figures.percentiles,
        "max_users": max((point.vus for point in points), default=0),
        "duration": round(duration, 3),
        "running_time": round(metrics.running_ns / NS_PER_S, 3),
        "iterations": metrics.iterations,
        "bytes_sent": total.bytes_sent,
        "bytes_received": total.bytes_received,
        "checks_passed": total.checks_passed,
        "checks_failed": total.checks_failed,
        "sent": total.latency.total,
        "answered": sum(total.statuses.values()),
        "unsent": total.unsent,
        "cut_off": metrics.cut_off,
        "setup_teardown": {"requests": once.requests, "errors": once.errors},
        "dropped": metrics.dropped,
        "late": metrics.late,
    }


def _documented_metrics(metrics: RunMetrics, points: Sequence[Second]) -> dict[str, Any]:
    failures = sorted(metrics.everything.failures.items(), key=lambda item: (-item[1], item[0]))
    return {
        "response_times": {
            "timestamps": [point.second for point in points],
            "values": [point.avg for point in points],
            "percentiles": metrics.figures().percentiles,
        },
        "errors": {"labels": [name for name, _ in failures], "values": [count for _, count in failures]},
        "system_metrics": {
            "cpu": [point.health.cpu for point in points],
            "memory": [point.health.memory for point in points],
            "network": [point.health.network for point in points],
        },
    }


def with_unstored(report: dict[str, Any], seconds: Sequence[Range]) -> dict[str, Any]:
    """The report of a run of which some seconds could not be stored: its sums have them, its windows do not."""
    if not seconds:
        return report
    count = sum(last + 1 - first for first, last in seconds)
    warning = Text(
        f"{count} 秒的数据未能保存到数据库（磁盘或数据库长时间不可用），按时间查询的数据不含这些时段",
        f"{count} s of data could not be stored in the database, which had no room or was away for long: "
        "figures of any part of the run are without them",
    )
    gaps = [*report["gaps"], *({**_interval(each), "stored": False} for each in seconds)]
    return {**report, "gaps": gaps, "warnings": [*report["warnings"], warning._asdict()]}


def _interval(seconds: Range) -> dict[str, int]:
    first, last = seconds
    return {"start": first, "end": last + 1, "seconds": last + 1 - first}
