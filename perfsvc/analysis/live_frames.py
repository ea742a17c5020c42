"""A run while it goes on: the WebSocket's frames and the response of ``/api/performance/metrics/``."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from typing import NamedTuple

from perfsvc.analysis.blocks import own_blocks
from perfsvc.analysis.blocks import plan_block
from perfsvc.analysis.blocks import rate
from perfsvc.analysis.nodes import Nodes
from perfsvc.analysis.nodes import frame_nodes
from perfsvc.analysis.run_frame import threshold_blocks
from perfsvc.analysis.run_frame import validity_block
from perfsvc.clock import iso_z
from perfsvc.errors import InvalidInput
from perfsvc.metrics.figures import Figures
from perfsvc.metrics.figures import Second
from perfsvc.metrics.figures import StepSecond
from perfsvc.metrics.figures import figures_of
from perfsvc.metrics.figures import percent
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import RuleState
from perfsvc.metrics.validity import Validity

METRIC_TYPES = ("response_time", "throughput", "error_rate", "system")
HISTORY_POINTS = 600
"""A viewer who joins a long run gets wider spans rather than more of them."""


def metrics_frame(
    second: Second,
    metrics: RunMetrics,
    validity: Validity,
    nodes: Nodes,
    thresholds: Sequence[RuleState] = (),
) -> dict[str, Any]:
    """The frame of a closed second in the documented form, with more beside it."""
    everything = metrics.everything
    data = {
        **second_data(second),
        "total_requests": everything.requests,
        "total_errors": everything.errors,
        "total_unsent": everything.unsent,
        "validity": validity.state,
        "validity_causes": [cause.code for cause in validity.causes],
        "validity_texts": validity_block(validity)["causes"],
        "warm_up": second.warm_up,
        "thresholds": threshold_blocks(thresholds),
        "steps": [step_data(step) for step in second.steps],
        "nodes": frame_nodes(second, nodes),
    }
    return {"type": "metrics", "timestamp": second.second, "data": data}


def history_of(metrics: RunMetrics) -> dict[str, Any]:
    """The frame with the run so far for a viewer who joins now, in a bounded number of points."""
    return history_frame(metrics.series.finest(HISTORY_POINTS))


def history_frame(points: Iterable[Second]) -> dict[str, Any]:
    """A frame whose ``data`` holds one object per point, with its ``timestamp`` and ``width``.

    It is not ``complete``: without the steps, and of a long run with wider spans.
    """
    data = [{"timestamp": second.second, **second_data(second)} for second in points]
    latest = data[-1]["timestamp"] if data else None
    return {"type": "history", "timestamp": latest, "complete": False, "data": data}


def second_data(second: Second) -> dict[str, Any]:
    """A second under the names of the WebSocket document. Latencies are null where no request was sent."""
    return {
        "active_users": second.vus,
        "requests_per_second": second.rps,
        "response_time": second.avg,
        "error_rate": rate(second.error_rate),
        "system_metrics": {
            "cpu": second.health.cpu,
            "memory": second.health.memory,
            "network": second.health.network,
        },
        "width": second.width,
        "elapsed": second.elapsed,
        "paused": second.paused,
        "planned_users": second.planned_vus,
        "planned_rate": second.planned_rate,
        "requests": second.requests,
        "errors": second.errors,
        "unsent": second.unsent,
        **latencies(second),
        **plan_block(second),
        "bytes_sent": second.bytes_sent,
        "bytes_received": second.bytes_received,
        "iterations": second.iterations,
        "node_count": second.node_count,
        "dropped": second.dropped,
        "late": second.late,
        "loop_lag": second.health.loop_lag_ms,
        "send_lag": second.health.send_lag_ms,
        "process_cpu": second.health.process_cpu,
        "failures": second.failures,
        "statuses": second.statuses,
    }


def step_data(step: StepSecond) -> dict[str, Any]:
    """One step's part of a second."""
    return {
        "index": step.step,
        "name": step.name,
        "requests": step.requests,
        "errors": step.errors,
        "unsent": step.unsent,
        "requests_per_second": step.rps,
        "response_time": step.avg,
        "error_rate": rate(step.error_rate),
        **latencies(step),
        **plan_block(step),
        **own_blocks(step.counters, step.gauges),
        **({"failures": step.failures} if step.failures else {}),
        **({"statuses": step.statuses} if step.statuses else {}),
    }


def latencies(figures: Figures) -> dict[str, float | None]:
    """The percentiles that live views draw."""
    return {name: getattr(figures, name) for name in ("p50", "p90", "p95", "p99", "max")}


class MetricFigures(NamedTuple):
    """Figures of a run or of its last seconds. ``current`` is the second closed last, ``requests`` and ``errors`` are
    counts of all requests, those of setup and teardown too where it is the whole run.
    """

    current: Second | None
    figures: Figures
    requests: int
    errors: int


def check_query(metric_type: str | None, time_range: int | None) -> None:
    """Raises InvalidInput for what is not a block or not a time."""
    if metric_type is not None and metric_type not in METRIC_TYPES:
        names = ", ".join(METRIC_TYPES)
        raise InvalidInput.at("metric_type", f"应为以下值之一：{names}", f"must be one of {names}")
    if time_range is not None and time_range < 1:
        raise InvalidInput.at("time_range", "应为正整数（秒）", "must be a positive number of seconds")


def metrics_answer(
    execution_id: str, metric_figures: MetricFigures, now: datetime, metric_type: str | None = None
) -> dict[str, Any]:
    """The response of GET ``/api/performance/metrics/{execution_id}/``. ``metric_type`` leaves only that block."""
    blocks = metric_blocks(metric_figures)
    chosen = blocks if metric_type is None else {metric_type: blocks[metric_type]}
    return {"execution_id": execution_id, "timestamp": iso_z(now), "metrics": chosen}


def figures_now(metrics: RunMetrics, time_range: int | None = None) -> MetricFigures:
    """The figures of a run under way, or of its last so many seconds up to the latest closed one.

    More than 300 are rounded up to whole 10 s, more than 3600 are the whole run.
    """
    figures = figures_over(metrics, time_range)
    counted = metrics.everything if time_range is None else figures
    return MetricFigures(metrics.latest, figures, counted.requests, counted.errors)


def metric_blocks(metric_figures: MetricFigures) -> dict[str, dict[str, Any]]:
    """The four blocks; ``current`` figures are those of the latest closed second."""
    current, figures, requests, errors = metric_figures
    return {
        "response_time": {
            "current": current.avg if current else None,
            "avg": figures.avg,
            "min": figures.min,
            **figures.percentiles,
            **plan_block(figures),
        },
        "throughput": {
            "current_rps": current.rps if current else 0.0,
            "avg_rps": figures.rps,
            "total_requests": requests,
        },
        "error_rate": {
            "current": rate(current.error_rate) if current else 0.0,
            "avg": rate(percent(errors, requests)),
            "total_errors": errors,
        },
        "system": {
            "cpu_usage": current.health.cpu if current else None,
            "memory_usage": current.health.memory if current else None,
            "network_io": current.health.network if current else None,
        },
    }


def figures_over(metrics: RunMetrics, time_range: int | None) -> Figures:
    """The figures of the last so many seconds, or of the whole run."""
    if time_range is None or metrics.latest is None:
        return metrics.figures()
    found = metrics.series.span(time_range, metrics.latest.second)
    return metrics.figures() if found is None else Figures(**figures_of(*found))
