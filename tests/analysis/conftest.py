"""A small run, measured to order: a pause, a group, failures of two kinds, a missing snapshot, two nodes."""

from __future__ import annotations

import pytest

from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.model.window import ErrorSample
from perfsvc.model.window import GaugeSum
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import PhaseSum
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow

T0 = 1_700_000_000
MS = 1_000_000
HEALTH = NodeHealth(cpu=60, process_cpu=40, memory=70, network=10, loop_lag_ms=1.5)


def packed(*ms: int) -> bytes:
    return Histogram.of_ns([each * MS for each in ms]).pack()


def snapshot(seq: int, *windows: StepWindow, node: str = "n1", **fields: object) -> Snapshot:
    usual = {"second": T0 + seq, "elapsed": float(seq), "span_ns": 10**9, "vus": 5, "planned_vus": 6, "health": HEALTH}
    return Snapshot(**{**usual, "node": node, "seq": seq, "windows": list(windows), **fields})


LOGIN = StepWindow(
    step=1,
    requests=3,
    failures={"HTTP 500": 1},
    statuses={"500": 1, "200": 2},
    latency=packed(10, 20, 30),
    bytes_sent=300,
    bytes_received=900,
    checks_passed=2,
    checks_failed=1,
    phases={"waiting": PhaseSum(3, 30 * MS, 20 * MS), "connect": PhaseSum(1, 2 * MS, 2 * MS)},
    counters={"messages_sent": 3.0, "lost": 1.0},
    gauges={"ping_ms": GaugeSum(2, 5.0, 4.0)},
)
LIST = StepWindow(
    step=2,
    requests=2,
    failures={"Connection Error: refused": 1},
    statuses={"200": 1},
    latency=packed(40),
    from_plan=packed(90),
)
GROUP = StepWindow(step=0, requests=1, latency=packed(70))
SAMPLE = ErrorSample(1, "HTTP 500", T0 + 1.23456, "status 500", "POST /login", "HTTP/1.1 500", "oops")


@pytest.fixture
def metrics() -> RunMetrics:
    """Seconds 1, 2 (empty), 3 (paused), 4 and 6 on n1, whose fifth snapshot is missing; second 1 on n2."""
    made = RunMetrics(["buy", "login", "list", "never"], groups=[0], scenes=["shop"] * 4)
    for each in (
        snapshot(1, LOGIN, GROUP, iterations=1, errors=[SAMPLE]),
        snapshot(1, LIST, node="n2", vus=2, planned_vus=2, planned_rate=12.5),
        snapshot(2, node="n2", second=T0 + 6, vus=1),
        snapshot(2),
        snapshot(3, span_ns=0, paused=True, vus=0, elapsed=2.0),
        snapshot(4, LOGIN, cut_off=2, late=4),
        snapshot(6, LIST),
    ):
        assert made.merge(each)
    return made
