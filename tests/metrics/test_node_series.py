"""One node over time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfsvc.metrics.node_series import MAX_POINTS
from perfsvc.metrics.node_series import NodePoints
from perfsvc.metrics.node_series import NodeSeries
from perfsvc.metrics.totals import Totals
from perfsvc.model.window import NodeHealth
from tests.metrics.conftest import T0
from tests.metrics.conftest import MakeSnapshot

START = T0 - T0 % 3600


def totals_of(requests: int, errors: int = 0) -> Totals:
    totals = Totals()
    totals.requests, totals.errors = requests, errors
    return totals


def test_seconds(snapshot: MakeSnapshot) -> None:
    series = NodeSeries()
    series.add(snapshot(1, vus=3, health=NodeHealth(process_cpu=40.04, loop_lag_ms=2)), totals_of(10, 1))
    series.add(snapshot(2, vus=4, span_ns=500_000_000), totals_of(20))
    series.add(snapshot(4, vus=0), totals_of(0))
    assert series.points() == NodePoints(
        1, [T0 + 1, T0 + 2, T0 + 4], [10.0, 40.0, 0.0], [1, 0, 0], [3.0, 4.0, 0.0], [40.0, 0.0, 0.0], [2.0, 0.0, 0.0]
    )


def test_late_ones_find_their_place(snapshot: MakeSnapshot) -> None:
    series = NodeSeries()
    for seq in (1, 4, 2, 4):
        series.add(snapshot(seq, vus=seq), totals_of(seq))
    assert series.points()[1:3] == ([T0 + 1, T0 + 2, T0 + 4], [1.0, 2.0, 4.0])
    assert series.points().users == [1.0, 2.0, 4.0]


def test_long_runs_are_reported_in_wider_spans(snapshot: MakeSnapshot) -> None:
    series = NodeSeries()
    for seq in range(7200):
        health = NodeHealth(process_cpu=seq % 60)
        series.add(snapshot(seq + 1, second=START + seq, vus=seq % 2, health=health), totals_of(5, seq % 60 == 7))
    spans = series.points()
    assert (spans.width, len(spans.starts)) == (60, 120)
    assert set(spans.throughput) == {5.0}
    assert set(spans.errors) == {1}
    assert set(spans.users) == {0.5}
    assert set(spans.process_cpu) == {59.0}
    assert [series.points(limit).width for limit in (600, 120, 119, 12, 11, 1)] == [60, 60, 600, 600, 3600, 3600]


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 9)), min_size=1, max_size=50), st.integers(1, 700))
def test_nothing_is_lost_by_widening(facts: list[tuple[int, int]], limit: int) -> None:
    make = snapshot_maker()
    series = NodeSeries()
    for offset, requests in facts:
        series.add(make(1, second=START + offset), totals_of(requests, requests))
    spans = series.points(limit)
    assert sum(spans.errors) == sum(requests for _, requests in facts)
    assert spans.starts == sorted({START + offset - offset % spans.width for offset, _ in facts})
    assert len(spans.starts) <= min(max(limit, 6), MAX_POINTS)


def snapshot_maker() -> MakeSnapshot:
    from perfsvc.model.window import Snapshot

    def make(seq: int, **fields: int) -> Snapshot:
        return Snapshot(node="n", seq=seq, elapsed=1.0, span_ns=10**9, vus=1, planned_vus=1, **fields)

    return make
