"""Windows and snapshots made to order."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import pytest

from perfsvc.metrics.figures import Second
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow

MS = 1_000_000
T0 = 1_700_000_000

MakeWindow = Callable[..., StepWindow]
MakeSnapshot = Callable[..., Snapshot]
Feed = Callable[..., list[Second]]


@pytest.fixture
def window() -> MakeWindow:
    """``window(step, [ms, …], failures={…})``: one request per latency and one more per ``unsent``."""

    def make(step: int = 0, ms: Sequence[float] = (), unsent: int = 0, **fields: Any) -> StepWindow:
        latency = Histogram.of_ns([int(each * MS) for each in ms]).pack()
        return StepWindow(**{"step": step, "requests": len(ms) + unsent, "latency": latency, **fields})

    return make


@pytest.fixture
def snapshot() -> MakeSnapshot:
    """``snapshot(3)`` is node n's third second, fully running, with five users."""

    def make(seq: int, *windows: StepWindow, node: str = "n", **fields: Any) -> Snapshot:
        values: dict[str, Any] = {
            "second": T0 + seq,
            "elapsed": float(seq),
            "span_ns": 10**9,
            "vus": 5,
            "planned_vus": 5,
        }
        return Snapshot(node=node, seq=seq, windows=list(windows), **{**values, **fields})

    return make


@pytest.fixture
def feed(snapshot: MakeSnapshot) -> Feed:
    """``feed(metrics, [windows of second 1], [windows of second 2], …)``: merged and closed one by one."""

    def run(metrics: RunMetrics, *seconds: Sequence[StepWindow], **fields: Any) -> list[Second]:
        closed = []
        for windows in seconds:
            seq = metrics.nodes["n"].sequence.highest + 1 if metrics.nodes else 1
            assert metrics.merge(snapshot(seq, *windows, **fields))
            closed += metrics.close_seconds(T0 + seq)
        return closed

    return run
