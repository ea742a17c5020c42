"""Figures that people read: rates in percent or per second, latencies in ms; and the second that carries them."""

from __future__ import annotations

from typing import Any

import msgspec

from perfsvc.metrics.histogram import to_ms
from perfsvc.metrics.tally import Tally

NS_PER_S = 1_000_000_000
SHORTEST_SPAN_NS = NS_PER_S // 10


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A tally over a span of running time.

    ``error_rate`` and ``check_rate`` are percent (``check_rate`` None without checks); ``rps`` requests per second of
    running time; latencies are service times in ms, None when no request was sent.
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
    avg: float | None
    min: float | None
    max: float | None
    p50: float | None
    p75: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    p999: float | None

    @property
    def success_rate(self) -> float:
        """Percent of requests that did not fail."""
        return 100.0 - self.error_rate

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
    """One step's share of a second. ``step`` is its index."""

    step: int
    name: str


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
    ``vus`` and ``planned_vus`` are sums over nodes, means over a wider span. Groups have an entry in ``steps`` and no
    part in the sums, since their requests are steps of their own.
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
    steps: tuple[StepSecond, ...] = ()


def figures_of(tally: Tally, span_ns: int) -> dict[str, Any]:
    """The fields of Figures for a tally over ``span_ns`` of running time."""
    latency = tally.latency
    percentiles = latency.percentiles_ms()
    return {
        **counts_of(tally, span_ns),
        "avg": None if latency.avg_ns is None else to_ms(latency.avg_ns),
        "min": to_ms(latency.min_ns) if latency.total else None,
        "p999": percentiles.pop("p99.9"),
        **percentiles,
    }


def counts_of(tally: Tally, span_ns: int) -> dict[str, Any]:
    """The fields of Figures that need no histogram."""
    checks = tally.checks_passed + tally.checks_failed
    return {
        "requests": tally.requests,
        "errors": tally.errors,
        "rps": per_second(tally.requests, span_ns),
        "error_rate": percent(tally.errors, tally.requests),
        "check_rate": percent(tally.checks_passed, checks) if checks else None,
        "checks_passed": tally.checks_passed,
        "checks_failed": tally.checks_failed,
        "bytes_sent": tally.bytes_sent,
        "bytes_received": tally.bytes_received,
    }


def per_second(count: int, span_ns: int) -> float:
    """``count`` per second of running time, to three decimals.

    A span under 0.1 s (the stub at a run's end) counts as 0.1 s, lest it show a rate nobody saw. What ends where no
    time runs (replies that arrive just after a pause began) is a rate over one second.
    """
    span = max(span_ns, SHORTEST_SPAN_NS) if span_ns else NS_PER_S
    return round(count * NS_PER_S / span, 3)


def percent(part: float, whole: float) -> float:
    """``part`` in percent of ``whole``; 0 of nothing."""
    return 100.0 * part / whole if whole else 0.0
