"""Many nodes measure what one would: the same samples, dealt out among nodes, make the same histograms bin for bin."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.recorder import StepRecorder
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.model.window import Snapshot

T0 = 1_700_000_000
STEPS = ("list", "buy")

Sample = tuple[int, int, int, bool, int]
"""Second, step, latency in ns, whether it failed, and the node that has it."""

samples = st.tuples(
    st.integers(1, 4), st.integers(0, 1), st.integers(0, 4_000_000_000_000), st.booleans(), st.integers(0, 3)
)
wire = msgspec.msgpack.Decoder(Snapshot).decode


def measured(dealt: Sequence[Sample], nodes: int) -> RunMetrics:
    """A run on so many nodes, each of which has its part of the samples; snapshots come over the wire."""
    metrics = RunMetrics(STEPS)
    for second in sorted({sample[0] for sample in dealt}):
        for node in range(nodes):
            mine = [sample for sample in dealt if sample[0] == second and sample[4] % nodes == node]
            assert metrics.merge(wire(msgspec.msgpack.encode(told(f"node {node}", second, mine))))
    metrics.close_seconds(T0 + 9)
    return metrics


def told(node: str, second: int, mine: Sequence[Sample]) -> Snapshot:
    recorders = [StepRecorder() for _ in STEPS]
    for _, step, latency, failed, _ in mine:
        recorders[step].latency.append(latency)
        recorders[step].waiting.append(latency // 2)
        recorders[step].from_plan.append(latency + 5)
        recorders[step].statuses[500 if failed else 200] += 1
        if failed:
            recorders[step].failures["HTTP 500"] += 1
    windows = [window for step, recorder in enumerate(recorders) if (window := recorder.fold(step)) is not None]
    return Snapshot(
        node=node, seq=second, second=T0 + second, elapsed=float(second), span_ns=10**9, vus=1, planned_vus=1,
        windows=windows,
    )  # fmt: skip


def same(one: Histogram, other: Histogram) -> bool:
    exact = [(each.total, each.sum_ns, each.min_ns, each.max_ns, each.overflow) for each in (one, other)]
    return bool(np.array_equal(one.counts, other.counts)) and exact[0] == exact[1]


@settings(max_examples=60)
@given(st.lists(samples, max_size=60), st.integers(2, 4))
def test_nodes_together_equal_one(dealt: list[Sample], nodes: int) -> None:
    alone, together = measured(dealt, 1), measured(dealt, nodes)
    for one, other in zip((alone.total, *alone.steps), (together.total, *together.steps), strict=True):
        assert same(one.latency, other.latency)
        assert same(one.from_plan, other.from_plan)
        assert (one.requests, one.errors, one.statuses, one.failures) == (
            other.requests, other.errors, other.statuses, other.failures,
        )  # fmt: skip
        assert one.phases == other.phases
    assert alone.figures() == together.figures()
    assert [
        (second.requests, second.p50, second.p99, second.rps) for second in alone.series.finest()
    ] == [(second.requests, second.p50, second.p99, second.rps) for second in together.series.finest()]  # fmt: skip


def test_a_hundred_thousand_samples_on_two_nodes() -> None:
    latencies = np.random.default_rng(7).lognormal(16, 1.2, 100_000).astype(np.int64)
    dealt = [(1 + at % 4, at % 2, int(latency), at % 97 == 0, at // 2) for at, latency in enumerate(latencies)]
    alone, together = measured(dealt, 1), measured(dealt, 2)
    assert same(alone.total.latency, together.total.latency)
    assert same(alone.total.latency, Histogram.of_ns(latencies))


@given(st.lists(st.lists(st.integers(0, 10**13), max_size=20), max_size=8))
def test_merging_at_once_equals_one_after_the_other(parts: list[list[int]]) -> None:
    at_once, in_turn = Histogram.of_ns([5_000]), Histogram.of_ns([5_000])
    histograms = [Histogram.of_ns(part) for part in parts]
    at_once.merge_all(histograms)
    for histogram in histograms:
        in_turn.merge(histogram)
    assert same(at_once, in_turn)
