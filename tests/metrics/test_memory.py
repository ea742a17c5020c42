"""Memory does not grow with the number of samples."""

from __future__ import annotations

import tracemalloc

import numpy as np
import psutil

from perfsvc.metrics.recorder import StepRecorder
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.model.window import Snapshot

SECONDS = 500
PER_SECOND = 20_000
T0 = 1_700_000_000
HOUR_S = 3_600
WARM_S = 300


def pour(metrics: RunMetrics, recorder: StepRecorder, samples: list[int], seconds: int) -> int:
    """Add seconds to a run, with the same samples in each. Return the process's memory, bytes."""
    last = metrics.nodes["n"].sequence.highest if metrics.nodes else 0
    for seq in range(last + 1, last + seconds + 1):
        for times in (recorder.latency, recorder.waiting, recorder.from_plan):
            times.extend(samples)
        window = recorder.fold(0)
        assert window is not None
        second = {"second": T0 + seq, "elapsed": float(seq), "span_ns": 10**9}
        metrics.merge(Snapshot(node="n", seq=seq, vus=1, planned_vus=1, windows=[window], **second))
        metrics.close_seconds(T0 + seq)
    return int(psutil.Process().memory_info().rss)


def test_the_process_stays_as_large_as_it_was():
    """Seconds are kept for an hour and their histograms for 5 min; then ten million samples more make no difference."""
    metrics, recorder = RunMetrics(["a"]), StepRecorder()
    pool = np.random.default_rng(1).lognormal(15, 0.6, PER_SECOND).astype(np.int64).tolist()
    pour(metrics, recorder, pool[:1], HOUR_S)
    before = pour(metrics, recorder, pool, WARM_S)
    after = pour(metrics, recorder, pool, SECONDS)
    assert metrics.figures().requests == HOUR_S + PER_SECOND * (WARM_S + SECONDS)
    assert metrics.total.from_plan.total == metrics.total.latency.total
    assert after < 1.05 * before


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
