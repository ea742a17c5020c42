"""Memory does not grow with the number of samples."""

from __future__ import annotations

import tracemalloc

import numpy as np

from perfsvc.metrics.recorder import StepRecorder
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.model.window import Snapshot

SECONDS = 500
PER_SECOND = 20_000
T0 = 1_700_000_000


def test_ten_million_samples_leave_no_trace_but_their_counts():
    metrics, recorder = RunMetrics(["a"]), StepRecorder()
    pool = np.random.default_rng(1).lognormal(15, 0.6, PER_SECOND).astype(np.int64).tolist()
    held = []
    tracemalloc.start()
    for seq in range(1, SECONDS + 1):
        recorder.latency.extend(pool)
        recorder.waiting.extend(pool)
        window = recorder.fold(0)
        assert window is not None
        second = {"second": T0 + seq, "elapsed": float(seq), "span_ns": 10**9}
        metrics.merge(Snapshot(node="n", seq=seq, vus=1, planned_vus=1, windows=[window], **second))
        metrics.close_seconds(T0 + seq)
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert metrics.figures().requests == 10_000_000
    assert metrics.total.latency.sum_ns == sum(pool) * SECONDS
    # Once the histograms of old seconds are packed, a second more costs its packed histogram and figures.
    per_second = (held[-1] - held[SECONDS // 2]) / (SECONDS / 2)
    assert per_second < 16_000
    assert max(held) < 64_000_000
