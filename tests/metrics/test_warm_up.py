"""The warm-up is in the series and in no sum, on one node and on many."""

from __future__ import annotations

from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import ThresholdJudge
from perfsvc.model.threshold import Threshold
from perfsvc.model.window import ErrorSample
from perfsvc.model.window import NodeHealth

T0 = 1_700_000_000
GOOD, BAD = [1.0], [900.0]


def metrics_with(length: float) -> RunMetrics:
    return RunMetrics(["first", "a"], parts=["setup", "steps"], warm_up_s=length)


def test_seconds_that_begin_within_it_count_in_no_sum(window, snapshot):
    metrics = metrics_with(1.5)
    lagging = NodeHealth(loop_lag_ms=400.0)
    warm = {"iterations": 3, "dropped": 2, "late": 1, "health": lagging, "errors": [ErrorSample(1, "x", 1.0, "m")]}
    metrics.merge(snapshot(1, window(0, GOOD), window(1, BAD, failures={"HTTP 500": 1}), elapsed=1.0, **warm))
    metrics.merge(snapshot(2, window(1, BAD), elapsed=2.0, **warm))
    metrics.merge(snapshot(3, window(1, GOOD), elapsed=3.0, iterations=5))
    figures, warm_up = metrics.figures(), metrics.warm_up
    assert (figures.requests, figures.errors, figures.rps, figures.max) == (1, 0, 1.0, 1.0)
    assert (metrics.iterations, metrics.dropped, metrics.late) == (5, 0, 0)
    assert (metrics.steps[0].requests, metrics.steps[1].requests, metrics.once.requests) == (1, 1, 1)
    assert (metrics.nodes["n"].requests, metrics.nodes["n"].iterations, metrics.nodes["n"].running_ns) == (1, 5, 10**9)
    assert (metrics.error_samples, metrics.health.loop_lag.seconds) == ([], 0)
    assert (warm_up.total.requests, warm_up.total.errors, warm_up.iterations) == (2, 1, 6)
    assert (warm_up.first, warm_up.last, warm_up.over) == (T0 + 1, T0 + 2, True)
    assert [point.requests for point in metrics.series.finest()] == [1, 1, 1]
    assert [second.warm_up for second in metrics.close_seconds(T0 + 3)] == [True, True, False]


def test_the_first_snapshot_of_a_second_decides_for_all_nodes(window, snapshot):
    metrics = metrics_with(1.0)
    metrics.merge(snapshot(1, window(1, GOOD), node="x", elapsed=1.0))
    metrics.merge(snapshot(2, window(1, GOOD), node="x", elapsed=1.99))  # begins just before the end
    metrics.merge(snapshot(1, window(1, GOOD), node="y", elapsed=0.9))
    metrics.merge(snapshot(2, window(1, GOOD), node="y", elapsed=1.9))
    assert {name: node.requests for name, node in metrics.nodes.items()} == {"x": 1, "y": 1}
    assert (metrics.total.requests, metrics.warm_up.total.requests) == (2, 2)


def test_a_pause_does_not_shorten_it(window, snapshot):
    metrics = metrics_with(2.0)
    metrics.merge(snapshot(1, window(1, GOOD), elapsed=1.0))
    metrics.merge(snapshot(2, elapsed=1.0, span_ns=0, paused=True))
    metrics.merge(snapshot(3, window(1, GOOD), elapsed=2.0))
    metrics.merge(snapshot(4, window(1, GOOD), elapsed=3.0))
    assert (metrics.warm_up.total.requests, metrics.total.requests) == (2, 1)


def test_no_threshold_is_judged_in_it(window, snapshot):
    metrics = metrics_with(2.0)
    judge = ThresholdJudge(Threshold.model_validate(line) for line in ("p95 < 300 for 1s", "rps > 0.5", "max < 300"))
    for seq, latencies in enumerate((BAD, BAD, GOOD), 1):
        metrics.merge(snapshot(seq, window(1, latencies), elapsed=float(seq)))
    assert [judge.observe(second, metrics) for second in metrics.close_seconds(T0 + 3)] == [[], [], []]
    verdict = judge.verdict(metrics)
    assert (verdict.state, [outcome.value for outcome in verdict.thresholds]) == ("PASSED", [1.0, 1.0, 1.0])


def test_a_run_that_ends_within_it_measured_nothing_and_says_why(window, snapshot):
    metrics = metrics_with(5.0)
    metrics.merge(snapshot(1, window(1, GOOD), elapsed=1.0))
    assert metrics.validity(ended=False).state == "VALID"
    (cause,) = metrics.validity().causes
    assert (cause.code, metrics.validity().state) == ("no_samples", "INVALID")
    assert cause.text.en == (
        "no request was measured: the run was over within its warm-up of 5 s, whose requests (1) do not count"
    )
