"""The nodes of a run in reports and live frames: what each did, which share it had, and what was missing of it."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime
from typing import Any

from perfsvc.analysis.blocks import counts_block
from perfsvc.analysis.blocks import latency_block
from perfsvc.analysis.blocks import plan_summary
from perfsvc.clock import iso_z
from perfsvc.errors import Text
from perfsvc.metrics.figures import Second
from perfsvc.metrics.node_state import NodeState
from perfsvc.metrics.run_metrics import NodeTotals
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.model.load import Variable

MAX_POINTS = 12_000
"""Of the series of all nodes of a report together; each has 60 at least and 600 at most."""
FEWEST_POINTS, MOST_POINTS = 60, 600

MISSING_UNITS: dict[Variable, Text] = {
    "vus": Text("虚拟用户·秒", "VU-seconds"),
    "arrival_rate": Text("次到达", "arrivals"),
}


@dataclass(slots=True)
class Loss:
    """A node's load that was missing: ``share`` percent of the run's, from profile time ``since`` to ``until``, s.

    It was known at ``moment`` and taken over at ``ended`` (Unix time), both None as long as no node has taken it over.
    ``missing`` is in VU-seconds or arrivals, ``requests`` about what that would have been; ``reported`` are the node's
    requests that were known at ``moment``.
    """

    node: str
    reason: Text
    share: float
    moment: float
    since: float
    reported: int = 0
    until: float | None = None
    ended: float | None = None
    missing: float = 0.0
    requests: int | None = None


@dataclass(frozen=True, slots=True)
class Nodes:
    """All nodes of a run, and what was missing of them."""

    variable: Variable = "vus"
    members: Mapping[str, NodeState] = field(default_factory=dict)
    losses: Sequence[Loss] = ()


def node_rows(metrics: RunMetrics, nodes: Nodes) -> list[dict[str, Any]]:
    """One row per engine process, with what never arrived from it; also for those that never reported."""
    names = sorted({*metrics.nodes, *nodes.members})
    points = min(max(MAX_POINTS // max(len(names), 1), FEWEST_POINTS), MOST_POINTS)
    return [
        {
            "node": name,
            **_member(nodes.members.get(name, NodeState())),
            **_measured(metrics.nodes.get(name), points),
            "losses": _losses(name, nodes),
        }
        for name in names
    ]


def loss_remarks(nodes: Nodes) -> list[Text]:
    """Warnings about lost nodes."""
    return [_remark(loss, nodes.variable) for loss in nodes.losses]


def frame_nodes(second: Second, nodes: Nodes) -> list[dict[str, Any]]:
    """The nodes in a second of the live feed; one that has a share and reported nothing is ``silent``.

    One that was lost has ``losses`` as in the report, with what was missing until now.
    """
    members = nodes.members
    reported = {figures.node: figures for figures in second.nodes}
    rows = []
    for name in sorted({*reported, *(name for name, member in members.items() if member.state != "left")}):
        member, figures = members.get(name, NodeState()), reported.get(name)
        rows.append(
            {
                "name": name,
                **_member(member),
                "state": "silent" if figures is None and member.state == "running" else member.state,
                "active_users": figures.vus if figures else 0,
                "requests_per_second": figures.rps if figures else 0.0,
                "errors": figures.errors if figures else 0,
                "process_cpu": figures.process_cpu if figures else None,
                "loop_lag": figures.loop_lag_ms if figures else None,
                **({"losses": losses} if (losses := _losses(name, nodes)) else {}),
            }
        )
    return rows


def _member(member: NodeState) -> dict[str, Any]:
    return {"host": member.host, "share": round(member.share, 3), "state": member.state}


def _measured(node: NodeTotals | None, points: int) -> dict[str, Any]:
    totals = NodeTotals(0) if node is None else node
    return {
        **counts_block(totals, totals.running_ns),
        **latency_block(totals.latency),
        **plan_summary(totals.from_plan),
        "iterations": totals.iterations,
        "cut_off": totals.cut_off,
        "dropped": totals.dropped,
        "late": totals.late,
        "first_second": node and node.first_second,
        "last_second": node and node.last_second,
        "snapshots": totals.snapshots,
        "missing": [list(gap) for gap in totals.sequence.missing],
        "missing_count": totals.sequence.missing_count,
        "series": _series(totals, points),
    }


def _series(node: NodeTotals, points: int) -> dict[str, Any]:
    series = node.series.points(points)
    return {
        "width": series.width,
        "timestamps": series.starts,
        "throughput": series.throughput,
        "errors": series.errors,
        "active_users": series.users,
        "process_cpu": series.process_cpu,
        "loop_lag": series.loop_lag,
    }


def _losses(name: str, nodes: Nodes) -> list[dict[str, Any]]:
    return [_loss(loss, nodes.variable) for loss in nodes.losses if loss.node == name]


def _loss(loss: Loss, variable: Variable) -> dict[str, Any]:
    return {
        "time": iso(loss.moment),
        "until": None if loss.ended is None else iso(loss.ended),
        "elapsed": [round(loss.since, 3), None if loss.until is None else round(loss.until, 3)],
        "share": round(loss.share, 3),
        "reason": loss.reason._asdict(),
        "missing": {"variable": variable, "amount": round(loss.missing, 1), "requests": loss.requests},
        "remark": _remark(loss, variable)._asdict(),
    }


def _remark(loss: Loss, variable: Variable) -> Text:
    unit, amount = MISSING_UNITS[variable], f"{loss.missing:.1f}"
    seconds = "?" if loss.until is None else f"{loss.until - loss.since:.1f}"
    about = (
        Text("", "")
        if loss.requests is None
        else Text(f"，约 {loss.requests} 个请求", f", about {loss.requests} requests")
    )
    return Text(
        f"节点 {loss.node}（{iso(loss.moment)}，{loss.reason.zh}）的负载缺失了 {seconds} 秒："
        f"{amount} {unit.zh}{about.zh}",
        f"the load of node {loss.node} ({iso(loss.moment)}, {loss.reason.en}) was missing for {seconds} s: "
        f"{amount} {unit.en}{about.en}",
    )


def iso(moment: float) -> str:
    """Unix time as ISO 8601."""
    return iso_z(datetime.fromtimestamp(moment, UTC))
