"""Figures that people read: rates in percent or per second, latencies in ms; and the second that carries them."""

from __future__ import annotations

from typing import Any

import msgspec

from perfsvc.clock import NS_PER_S
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.histogram import to_ms
from perfsvc.metrics.totals import Totals
from perfsvc.model.window import GaugeSum

SHORTEST_SPAN_NS = NS_PER_S // 10
"""Of a second of the series: what is shorter is the stub at a run's end."""
WHOLE = -1
"""In place of a step's index: all steps together."""
WHOLE_RUN_NS = 1
"""Of a whole run, however short it was: nothing but nothing is too short for a rate."""
PLAN_PERCENTILES = ("p50", "p90", "p95", "p99", "max")
PLAN_FIELDS = ("plan_avg", *(f"plan_{name}" for name in PLAN_PERCENTILES))


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A totals over a span of running time.

    ``error_rate`` and ``check_rate`` are percent (``check_rate`` None without checks); ``rps`` requests per second of
    running time; latencies are service times in ms, None when no request was sent. Those named ``plan_…`` count from
    the planned start, None where there is no plan.
    """

    requests: int
    errors: int
    rps: float
    error_rate: float
    check_rate: float | None
    checks_passed: int
    checks_failed: int
    bytes_sent: int
    bytes_received: int
    unsent: int = 0
    avg: float | None
    min: float | None
    max: float | None
    p50: float | None
    p75: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    p999: float | None
    plan_avg: float | None = None
    plan_p50: float | None = None
    plan_p90: float | None = None
    plan_p95: float | None = None
    plan_p99: float | None = None
    plan_max: float | None = None

    @property
    def success_rate(self) -> float:
        """Percent of requests that did not fail."""
        return 100.0 - self.error_rate

    @property
    def planned(self) -> bool:
        """Whether any request had a planned start."""
        return self.plan_max is not None

    @property
    def percentiles(self) -> dict[str, float | None]:
        """The percentiles under the names the API uses."""
        return {
            "p50": self.p50,
            "p75": self.p75,
            "p90": self.p90,
            "p95": self.p95,
            "p99": self.p99,
            "p99.9": self.p999,
            "max": self.max,
        }


class StepSecond(Figures, frozen=True, kw_only=True):
    """One step's share of a second. ``step`` is its index; ``counters`` and ``gauges`` are its protocol's own.

    ``failures`` are counts by error class, ``statuses`` by status.
    """

    step: int
    name: str
    counters: dict[str, float] = {}
    gauges: dict[str, GaugeSum] = {}
    failures: dict[str, int] = {}
    statuses: dict[str, int] = {}


class NodeFigures(msgspec.Struct, frozen=True):
    """One node's share of a second. ``process_cpu`` is percent of one core, ``loop_lag_ms`` its worst lateness."""

    node: str
    vus: int
    requests: int
    errors: int
    rps: float
    process_cpu: float
    loop_lag_ms: float


class Health(msgspec.Struct, frozen=True):
    """The generators in one span of time, over all nodes.

    Means of the machines' ``cpu`` and ``memory`` (percent); the greatest ``network`` (MB/s), ``process_cpu`` (percent
    of one core), ``loop_lag_ms`` and ``send_lag_ms``. Over a wider span the first three are means, the others maxima.
    """

    cpu: float = 0.0
    memory: float = 0.0
    network: float = 0.0
    process_cpu: float = 0.0
    loop_lag_ms: float = 0.0
    send_lag_ms: float = 0.0


class Second(Figures, frozen=True, kw_only=True):
    """One second of a run over all nodes, or a span of ``width`` seconds that begins at ``second`` (Unix time).

    ``elapsed`` is load-profile time at its end and ``span_ns`` the running time within it (0 throughout a pause).
    ``vus`` is a sum over nodes, ``planned_vus`` and ``planned_rate`` (arrivals per second, 0 in the closed model) are
    the plan of the whole run, of which the present nodes have the part ``plan_share``; means over a wider span.
    ``late`` arrivals waited for a free user, ``dropped`` ones never started. Groups have an entry in ``steps`` and no
    part in the sums, since their requests are steps of their own. ``failures`` are counts by error class, ``statuses``
    by status. ``latency`` is the service times themselves, where the second has just been closed: percentiles of
    several seconds cannot be had from theirs. ``totals`` are sums by step and of WHOLE, in runs whose thresholds want
    them. ``warm_up``: it counts in no sum.
    """

    second: int
    width: int
    elapsed: float
    paused: bool
    span_ns: int
    vus: int
    planned_vus: int
    iterations: int
    dropped: int
    late: int
    health: Health
    planned_rate: float = 0.0
    plan_share: float = 1.0
    node_count: int = 1
    steps: tuple[StepSecond, ...] = ()
    nodes: tuple[NodeFigures, ...] = ()
    latency: Histogram | None = None
    totals: dict[int, Totals] | None = None
    warm_up: bool = False
    failures: dict[str, int] = {}
    statuses: dict[str, int] = {}


def figures_of(totals: Totals, span_ns: int, shortest_ns: int = SHORTEST_SPAN_NS) -> dict[str, Any]:
    """The fields of Figures for a totals over ``span_ns`` of running time."""
    latency = totals.latency
    percentiles = latency.percentiles_ms()
    return {
        **counts_of(totals, span_ns, shortest_ns),
        "avg": None if latency.avg_ns is None else to_ms(latency.avg_ns),
        "min": to_ms(latency.min_ns) if latency.total else None,
        "p999": percentiles.pop("p99.9"),
        **percentiles,
        **plan_figures_of(totals.from_plan),
    }


def plan_figures_of(from_plan: Histogram) -> dict[str, float | None]:
    """The fields of Figures that count from the planned start; none where there is no plan."""
    if from_plan.avg_ns is None:
        return {}
    percentiles = from_plan.percentiles_ms()
    return {"plan_avg": to_ms(from_plan.avg_ns), **{f"plan_{name}": percentiles[name] for name in PLAN_PERCENTILES}}


def counts_of(totals: Totals, span_ns: int, shortest_ns: int = SHORTEST_SPAN_NS) -> dict[str, Any]:
    """The fields of Figures that need no histogram."""
    checks = totals.checks_passed + totals.checks_failed
    return {
        "requests": totals.requests,
        "errors": totals.errors,
        "unsent": totals.unsent,
        "rps": per_second(totals.requests, span_ns, shortest_ns),
        "error_rate": percent(totals.errors, totals.requests),
        "check_rate": percent(totals.checks_passed, checks) if checks else None,
        "checks_passed": totals.checks_passed,
        "checks_failed": totals.checks_failed,
        "bytes_sent": totals.bytes_sent,
        "bytes_received": totals.bytes_received,
    }


def per_second(count: int, span_ns: int, shortest_ns: int = SHORTEST_SPAN_NS) -> float:
    """``count`` per second of running time, to three decimals.

    A span under ``shortest_ns`` (the stub at a run's end) counts as that, or its rate would be far too high. What ends
    where no time runs (replies that arrive just after a pause began) is a rate over one second.
    """
    span = max(span_ns, shortest_ns) if span_ns else NS_PER_S
    return round(count * NS_PER_S / span, 3)


def percent(part: float, whole: float) -> float:
    """``part`` in percent of ``whole``; 0 of nothing."""
    return 100.0 * part / whole if whole else 0.0
