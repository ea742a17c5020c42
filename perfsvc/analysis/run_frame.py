"""The first frame of a live feed: what a viewer needs to know of a run before its figures, however late they come."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from perfsvc.analysis.curve import planned_block
from perfsvc.analysis.step_tree import scene_trees
from perfsvc.clock import iso_z
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import RuleState
from perfsvc.metrics.totals import RunTotals
from perfsvc.metrics.validity import Validity
from perfsvc.model.run import RunSpec
from perfsvc.model.run import RunState
from perfsvc.model.test_mode import mode_of_load


@dataclass(frozen=True)
class RunNames:
    """Plan, project and starter of a run. ``starter`` is a user name."""

    plan_id: int | None = None
    plan_name: str = ""
    project_id: int | None = None
    starter: str = ""


@dataclass(frozen=True)
class Standing:
    """The current state of a run. ``now`` is Unix time, ``elapsed`` profile time in s."""

    state: RunState
    start_time: datetime
    now: float
    elapsed: float
    thresholds: Sequence[RuleState]
    validity: Validity
    events: Sequence[dict[str, Any]]
    search: dict[str, Any] | None
    warm_up: dict[str, Any] | None = None
    pauses: Sequence[dict[str, float]] | None = None
    unfit: Sequence[dict[str, Any]] | None = None
    """Spans in which the generator was not fit; None where the seconds were not followed."""


def run_frame(
    spec: RunSpec, names: RunNames, everything: RunTotals, steps: dict[str, Any], standing: Standing
) -> dict[str, Any]:
    """The frame. ``steps`` are the curves of the first steps."""
    return {
        "type": "run",
        "timestamp": int(standing.now),
        "data": {
            "execution_id": spec.execution_id,
            "name": spec.name,
            **asdict(names),
            "status": standing.state.value,
            "mode": mode_of_load(spec.load),
            "variable": spec.load.variable,
            "start_time": iso_z(standing.start_time),
            "now": round(standing.now, 3),
            "elapsed": round(standing.elapsed, 3),
            "planned": {**planned_block(spec.load), "end": planned_end(spec, standing)},
            "warm_up": standing.warm_up,
            "thresholds": threshold_blocks(standing.thresholds),
            "abort_on_breach": spec.abort_on_breach,
            "scenes": scene_trees(spec.scenes, spec.protocol),
            "events": list(standing.events),
            "errors": {
                "total": everything.errors,
                "failures": dict(everything.failures),
                "statuses": dict(everything.statuses),
            },
            "steps": steps,
            "validity": validity_block(standing.validity),
            "pauses": None if standing.pauses is None else list(standing.pauses),
            "unfit": None if standing.unfit is None else list(standing.unfit),
            "search": standing.search,
        },
    }


def planned_end(spec: RunSpec, standing: Standing) -> int | None:
    """The end of the profile, Unix time, if the run is not paused from now on; None where unknown."""
    if standing.state is not RunState.RUNNING or spec.load.iterations is not None:
        return None
    return round(standing.now + max(spec.load.duration - standing.elapsed, 0.0))


def threshold_blocks(states: Iterable[RuleState]) -> list[dict[str, Any]]:
    """Thresholds as frames show them."""
    return [asdict(state) for state in states]


def validity_block(validity: Validity) -> dict[str, Any]:
    """The validity as frames show it."""
    causes = [{"code": cause.code, **cause.text._asdict()} for cause in validity.causes]
    return {"state": validity.state, "causes": causes}


def steps_block(metrics: RunMetrics) -> dict[str, Any]:
    """The first 20 steps so far, in at most 600 points of ``width`` seconds."""
    series = metrics.step_series.points()
    steps = [
        {"index": step, "rps": series.rps[step], "p95": series.p95[step], "error_rate": series.error_rate[step]}
        for step in range(metrics.step_series.count)
    ]
    return {"width": series.width, "timestamps": series.starts, "steps": steps}
