"""Runs as they are stored and listed (the API calls them executions): record, row of a listing, filters."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from typing import Any
from typing import Literal
from typing import get_args

from perfsvc.model.load import Variable
from perfsvc.model.run import EndReason
from perfsvc.model.run import RunState
from perfsvc.model.test_mode import TestMode

Figure = Literal["start_time", "duration", "error_rate", "throughput", "p95", "score"]
FIGURES: tuple[str, ...] = get_args(Figure)
"""What runs may be ordered by."""
VerdictState = Literal["PASSED", "FAILED", "STOPPED", "NO_THRESHOLDS"]
ValidityState = Literal["VALID", "SUSPECT", "INVALID"]

SPARK_POINTS = 60


@dataclass(frozen=True)
class Execution:
    """One start of a plan. ``spec`` is the RunSpec as JSON, so that the run can be repeated exactly."""

    execution_id: str
    plan_id: int
    starter_id: int
    state: RunState
    spec: dict[str, Any] = field(repr=False)
    start_time: datetime
    end_time: datetime | None
    reason: EndReason | None


@dataclass(frozen=True)
class RunRow:
    """A run with the names of its plan and its starter, and its outcome once there is a report.

    ``execution.spec`` is empty: a listing does not read whole scenes.
    """

    execution: Execution
    plan_name: str
    project_id: int
    starter: str
    mode: TestMode
    variable: Variable
    report_id: int | None = None
    verdict: VerdictState | None = None
    validity: ValidityState | None = None
    summary: dict[str, Any] | None = field(default=None, repr=False)
    performance_score: float | None = None
    found: dict[str, Any] | None = None
    """The level that a searching test mode found."""
    breached: list[str] = field(default_factory=list)
    """Metrics of all requests whose threshold was not held."""
    spark: dict[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class RunFilter:
    """Filter of runs. ``user_id`` leaves only the projects of that user; None leaves all."""

    user_id: int | None = None
    plan_id: int | None = None
    project_id: int | None = None
    states: tuple[RunState, ...] = ()
    verdict: VerdictState | None = None
    validity: ValidityState | None = None
    mode: TestMode | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    reported: bool = False
    """Whether only runs with a report are wanted."""
    order: Figure = "start_time"
    descending: bool = True


def variable_of(spec: dict[str, Any]) -> Variable:
    """The unit of the load of a RunSpec as JSON."""
    variable: Variable = (spec.get("load") or {}).get("variable", "vus")
    return variable


def outcome_of(body: dict[str, Any]) -> dict[str, Any]:
    """The figures of a report that runs are listed and ordered by."""
    summary = body.get("summary") or {}
    return {
        "verdict": (body.get("verdict") or {}).get("state"),
        "validity": (body.get("validity") or {}).get("state"),
        "error_rate": summary.get("error_rate"),
        "throughput": summary.get("throughput"),
        "p95": (summary.get("percentiles") or {}).get("p95"),
        "spark": spark_of(body.get("series") or {}),
        "found": found_of(body.get("search")),
        "breached": breached_of((body.get("verdict") or {}).get("thresholds") or []),
    }


def found_of(search: dict[str, Any] | None) -> dict[str, Any] | None:
    """The level that a search ended with, in short; None where it did not come that far."""
    if not search:
        return None
    at_least = bool(search.get("at_least"))
    kind = "target" if "metric" in search else "limit" if "threshold" in search else "knee"
    level = search.get("low" if kind == "limit" else "value")
    if level is None or search.get("out_of_reach") or not (search.get("complete", True) or at_least):
        return None
    if kind == "target" and not search.get("on_target", True):
        return None
    return {"kind": kind, "level": level, "at_least": at_least}


def breached_of(thresholds: list[dict[str, Any]]) -> list[str]:
    """Metrics of all requests that missed a limit; those of single steps are no figure of a listing."""
    missed = (each for each in thresholds if not each.get("passed") and "{" not in each.get("expression", ""))
    return sorted({each["metric"] for each in missed if each.get("metric")})


def spark_of(series: dict[str, Any]) -> dict[str, list[Any]] | None:
    """The report's series in at most 60 points: means of rates, the highest of p95; None where nothing was measured."""
    count = _complete_points(series)
    if not count:
        return None
    width = -(-count // SPARK_POINTS)
    cuts = range(0, count, width)
    mean, highest = _mean, _highest
    columns = {"rps": ("throughput", mean), "p95": ("p95", highest), "error_rate": ("error_rate", mean)}
    return {
        name: [
            fold([value for value in (series.get(key) or [])[at : min(at + width, count)] if value is not None])
            for at in cuts
        ]
        for name, (key, fold) in columns.items()
    }


def _complete_points(series: dict[str, Any]) -> int:
    """The number of points, without a last one in which the load went on for less than half of it."""
    count = len(series.get("timestamps") or ())
    elapsed: list[float] = series.get("elapsed") or []
    if count < 2 or len(elapsed) < count or (series.get("paused") or [False])[-1]:
        return count
    last: float = elapsed[-1] - elapsed[-2]
    return count - 1 if last < series.get("width", 1) / 2 else count


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None


def _highest(values: list[float]) -> float | None:
    return max(values, default=None)
