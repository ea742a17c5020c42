"""Steps over time: exact at every width, few enough points, few enough steps."""

from __future__ import annotations

from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.step_series import MAX_OWN
from perfsvc.metrics.step_series import StepPoints
from perfsvc.metrics.step_series import StepSeries
from perfsvc.metrics.totals import StepTotals
from perfsvc.model.window import GaugeSum

T0 = 1_700_000_000
NS_PER_S = 10**9
MS = 1_000_000


def did(*ms: int) -> StepTotals:
    totals = StepTotals()
    totals.requests, totals.latency = len(ms), Histogram.of_ns([each * MS for each in ms])
    return totals


def run(series: StepSeries, seconds: int, count: int = 1) -> None:
    for second in range(seconds):
        series.add(T0 + second, NS_PER_S, {step: did(second + step + 1) for step in range(count)})


def test_nothing_is_no_span():
    assert StepSeries(2).points() == StepPoints(1, [], [[], []], [[], []], [[], []], [{}, {}], [{}, {}])


def test_every_second_is_reported_of_every_step():
    series = StepSeries(2)
    third_failed = did(10, 20, 20)
    third_failed.errors = 1
    series.add(T0, NS_PER_S, {0: third_failed, 1: did(7)})
    series.add(T0 + 1, NS_PER_S // 2, {0: did(30)})
    series.add(T0 + 3, 0, {})
    assert series.points() == StepPoints(
        1,
        [T0, T0 + 1, T0 + 3],
        [[3.0, 2.0, 0.0], [1.0, 0.0, 0.0]],
        [[20.0, 30.0, None], [7.0, None, None]],
        [[33.333333, 0.0, None], [0.0, None, None]],
        [{}, {}],
        [{}, {}],
    )


def test_the_run_in_progress_is_reported_and_goes_on():
    series = StepSeries(1)
    run(series, 3)
    assert series.points() == series.points()
    series.add(T0 + 3, NS_PER_S, {0: did(9)})
    assert series.points().p95 == [[1.0, 2.0, 3.0, 9.0]]


def test_longer_runs_have_wider_spans_with_exact_percentiles():
    series = StepSeries(1)
    run(series, 600)
    assert (series.points().width, len(series.points().starts)) == (1, 600)
    run_on = {0: did(601)}
    series.add(T0 + 600, NS_PER_S, run_on)
    told = series.points()
    assert (told.width, told.starts[:2], told.starts[-1]) == (10, [T0, T0 + 10], T0 + 600)
    assert told.rps[0] == [1.0] * 61
    exact = [Histogram.of_ns([ms * MS for ms in range(first, first + 10)]) for first in range(1, 601, 10)]
    assert told.p95[0] == [each.percentiles_ms()["p95"] for each in exact] + [601.0]


def test_points_are_bounded_however_long_the_run():
    series = StepSeries(1)
    longest = 0
    for minute in range(60 * 24 * 5):
        series.add(T0 + 60 * minute, NS_PER_S, {})
        longest = max(longest, len(series.points().starts)) if minute % 100 == 0 else longest
    assert longest <= 600
    assert series.points().width == 3_600


def test_steps_are_bounded():
    series = StepSeries(500)
    run(series, 2, count=500)
    assert (len(series.points().rps), len(series.points().p95)) == (20, 20)
    assert series.points().p95[19] == [20.0, 21.0]


def counted(counters: dict[str, float], **gauges: GaugeSum) -> StepTotals:
    totals = StepTotals()
    totals.add_own(counters, gauges)
    return totals


def test_what_protocols_count_and_measure_is_reported_of_every_span():
    series = StepSeries(2)
    series.add(T0, NS_PER_S, {0: counted({"sent": 3.0}, ping_ms=GaugeSum(2, 5.0, 4.0))})
    series.add(T0 + 1, NS_PER_S, {1: counted({"lost": 1.0})})
    series.add(T0 + 2, NS_PER_S, {0: counted({"received": 2.0, "sent": 1.0}, jitter_ms=GaugeSum(1, 0.5, 0.5))})
    told = series.points()
    assert told.counters == [{"received": [0.0, 0.0, 2.0], "sent": [3.0, 0.0, 1.0]}, {"lost": [0.0, 1.0, 0.0]}]
    assert told.gauges == [{"jitter_ms": [None, None, 0.5], "ping_ms": [2.5, None, None]}, {}]
    assert series.points() == told


def test_counters_of_wider_spans_are_sums_and_gauges_are_means():
    series = StepSeries(1)
    for second in range(601):
        series.add(T0 + second, NS_PER_S, {0: counted({"sent": second}, ping_ms=GaugeSum(1, second, second))})
    told = series.points()
    assert told.width == 10
    assert told.counters[0]["sent"] == [sum(range(first, first + 10)) for first in range(0, 600, 10)] + [600.0]
    assert told.gauges[0]["ping_ms"] == [first + 4.5 for first in range(0, 600, 10)] + [600.0]


def test_names_are_bounded():
    series = StepSeries(1)
    series.add(T0, NS_PER_S, {0: counted({f"first {number}": 1.0 for number in range(MAX_OWN - 1)})})
    series.add(T0 + 1, NS_PER_S, {0: counted({"a": 1.0, "b": 1.0})})
    series.add(T0 + 2, NS_PER_S, {0: counted({"b": 1.0})})
    assert len(series.points().counters[0]) == MAX_OWN
    assert series.points().counters[0]["a"] == [0.0, 1.0, 0.0]


def test_a_run_feeds_it_as_seconds_are_closed(snapshot, window):
    metrics = RunMetrics(["a", "b"])
    metrics.merge(snapshot(1, window(0, [10]), window(1, [30], unsent=1)))
    metrics.merge(snapshot(1, window(0, [20]), node="m"))
    assert metrics.step_series.points().starts == []
    metrics.close_seconds(T0 + 1)
    nothing: list[dict[str, list[float]]] = [{}, {}]
    expected = StepPoints(1, [T0 + 1], [[2.0], [2.0]], [[20.0], [30.0]], [[0.0], [0.0]], nothing, nothing)
    assert metrics.step_series.points() == expected
