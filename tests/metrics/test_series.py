"""The run over time: exact at every resolution, bounded at each."""

from __future__ import annotations

from functools import reduce

import pytest

from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.point import Point
from perfsvc.metrics.point import running_time
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.series import AMENDABLE_S
from perfsvc.metrics.series import Resolution
from perfsvc.metrics.series import Series
from perfsvc.metrics.totals import Totals
from perfsvc.model.window import NodeHealth

T0 = 1_700_000_000
MS = 1_000_000


@pytest.fixture
def metrics() -> RunMetrics:
    made = RunMetrics(["a"])
    made.series = Series((Resolution(1, 5, 300), Resolution(10, 4, 3600), Resolution(60, 100, 0)))
    return made


def run(metrics, snapshot, window, seconds, first=1):
    for seq in range(first, first + seconds):
        metrics.merge(snapshot(seq, window(0, [seq, 2 * seq]), vus=seq, health=NodeHealth(cpu=float(seq))))
        metrics.close_seconds(T0 + seq)


def test_short_runs_are_reported_second_by_second(metrics, snapshot, window):
    run(metrics, snapshot, window, 5)
    assert [(point.second - T0, point.width) for point in metrics.series.finest()] == [(n, 1) for n in range(1, 6)]


def test_longer_runs_by_the_finest_resolution_that_covers_them(metrics, snapshot, window):
    run(metrics, snapshot, window, 29)
    points = metrics.series.finest()
    assert [(point.second - T0, point.width) for point in points] == [(0, 10), (10, 10), (20, 10)]
    assert [point.requests for point in points] == [18, 20, 20]
    run(metrics, snapshot, window, 60, first=30)
    assert [(point.second - T0, point.width, point.requests) for point in metrics.series.finest()] == [
        (-20, 60, 78),
        (40, 60, 100),
    ]


def test_a_wider_span_merges_exactly(metrics, snapshot, window):
    run(metrics, snapshot, window, 19)
    point = metrics.series.finest()[1]
    values = [factor * seq * MS for seq in range(10, 20) for factor in (1, 2)]
    exact = Histogram.of_ns(values).percentiles_ms()
    assert point.percentiles == exact
    assert (point.avg, point.min, point.max) == (21.75, 10.0, 38.0)
    assert (point.rps, point.span_ns, point.vus, point.elapsed) == (2.0, 10**10, 14, 19.0)
    assert point.health.cpu == 14.5


def test_percentiles_stand_after_the_histogram_was_let_go(snapshot, window):
    metrics = RunMetrics(["a"])
    run(metrics, snapshot, window, AMENDABLE_S + 10)
    before = metrics.series.finest()[0]
    metrics.merge(snapshot(1, window(0, [500], failures={"x": 1}), node="late"))
    after = metrics.series.finest()[0]
    assert (before.requests, after.requests, after.errors) == (2, 3, 1)
    assert after.percentiles == before.percentiles
    assert metrics.figures().max == 500.0


def test_both_latencies_outlive_their_histograms(snapshot, window):
    metrics = RunMetrics(["a"])
    for seq in range(1, 311):
        from_plan = Histogram.of_ns([3 * seq * MS]).pack()
        metrics.merge(snapshot(seq, window(0, [seq], from_plan=from_plan), planned_rate=float(seq)))
        metrics.close_seconds(T0 + seq)
    points = metrics.series.finest()
    assert [(point.max, point.plan_max, point.plan_p95) for point in points] == [
        (seq, 3 * seq, 3 * seq) for seq in range(1, 311)
    ]
    totals, _ = metrics.series.span(200, T0 + 310)
    assert (totals.from_plan.total, totals.from_plan.min_ns, totals.from_plan.max_ns) == (200, 333 * MS, 930 * MS)
    assert [point.planned_rate for point in metrics.series.finest(100)][1:3] == [14.5, 24.5]


def test_late_snapshots_amend_every_resolution(metrics, snapshot, window):
    run(metrics, snapshot, window, 12)
    metrics.merge(snapshot(1, window(0, [999]), second=T0 + 11, node="late"))
    totals, _ = metrics.series.span(2, T0 + 12)
    assert totals.latency.max_ns == 999 * MS
    assert metrics.series.finest()[1].max == 999.0


def test_what_is_older_than_the_series_counts_in_totals_only(metrics, snapshot, window):
    run(metrics, snapshot, window, 12)
    running_ns = metrics.running_ns
    metrics.merge(snapshot(1, window(0, [999]), second=T0 + 2, node="late"))
    assert metrics.figures().requests == 25
    assert metrics.running_ns == running_ns
    assert sum(point.requests for point in metrics.series.finest()) == 25


def test_a_limit_on_points_chooses_wider_ones(snapshot, window):
    metrics = RunMetrics(["a"])
    run(metrics, snapshot, window, 99)
    assert len(metrics.series.finest(99)) == 99
    assert [point.width for point in metrics.series.finest(98)] == [10] * 10
    assert [point.width for point in metrics.series.finest(9)] == [60, 60]
    assert [point.width for point in metrics.series.finest(0)] == [3600]


@pytest.mark.parametrize(("seconds", "first"), [(100, 451), (300, 251), (302, 240), (500, 50)])
def test_a_span_of_seconds_is_exact_even_from_packed_histograms(snapshot, window, seconds, first):
    metrics = RunMetrics(["a"])
    run(metrics, snapshot, window, 550)
    totals, span_ns = metrics.series.span(seconds, T0 + 550)
    values = [factor * seq * MS for seq in range(first, 551) for factor in (1, 2)]
    assert span_ns == (551 - first) * 10**9
    assert totals.requests == len(values)
    assert (totals.latency.counts == Histogram.of_ns(values).counts).all()
    assert totals.latency.sum_ns == sum(values)


def test_histograms_too_old_for_questions_are_let_go(snapshot, window):
    metrics = RunMetrics(["a"])
    run(metrics, snapshot, window, 310)
    (long_ago,) = metrics.series._levels[0].between(T0 + 9, T0 + 9)
    (lately,) = metrics.series._levels[0].between(T0 + 10, T0 + 10)
    assert long_ago.read().percentiles["max"] == 18.0
    assert (pour(long_ago).latency.total, pour(lately).latency.total) == (0, 2)
    assert metrics.series.span(3601, T0 + 310) is None


def pour(point: Point) -> Totals:
    totals = Totals()
    point.pour_into(totals)
    return totals


@pytest.mark.parametrize(
    ("spans", "running"),
    [
        ((1.0,), 1.0),
        ((12.0,), 12.0),
        ((1.0, 1.2), 1.2),
        ((1.0, 12.0), 1.0),
        ((12.0, 1.0, 1.1), 1.1),
        ((0.0, 12.0), 12.0),
    ],
)
def test_the_running_time_of_a_second(spans: tuple[float, ...], running: float) -> None:
    assert reduce(running_time, (int(span * 10**9) for span in spans), 0) == int(running * 10**9)
