"""Rules over seconds in a row, rules over the run, and the verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import Breach
from perfsvc.metrics.thresholds import ThresholdJudge
from perfsvc.model.run import EndReason
from perfsvc.model.threshold import COMPARE
from perfsvc.model.threshold import Threshold
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow

T0 = 1_700_000_000


def judge_of(*lines: str) -> ThresholdJudge:
    return ThresholdJudge([Threshold.model_validate(line) for line in lines])


@pytest.fixture
def judged(feed, window):
    """``judged(judge, metrics, 100, None, "pause", …)``: per second one request of so many ms, none, or a pause."""

    def run(judge, metrics, *seconds):
        breaches = []
        for each in seconds:
            fields = {"paused": True, "span_ns": 0} if each == "pause" else {}
            windows = [] if each in (None, "pause") else [window(0, [each])]
            (second,) = feed(metrics, windows, **fields)
            breaches.append(judge.observe(second, metrics))
        return breaches

    return run


def test_a_windowed_rule_is_breached_once_broken_in_every_second_of_it(judged):
    judge, metrics = judge_of("p95 < 300 for 3s"), RunMetrics(["a"])
    assert judged(judge, metrics, 400, 400, 200, 400, 400) == [[]] * 5
    assert judged(judge, metrics, 350) == [[Breach("p95 < 300 for 3s", "p95", 350.0, 300.0, T0 + 6, new=True)]]
    assert judged(judge, metrics, 1) == [[Breach("p95 < 300 for 3s", "p95", 350.0, 300.0, T0 + 6, new=False)]]
    verdict = judge.verdict(metrics).as_dict()
    assert verdict == {
        "state": "FAILED",
        "thresholds": [
            {
                "expression": "p95 < 300 for 3s",
                "metric": "p95",
                "value": 350.0,
                "limit": 300.0,
                "passed": False,
                "breached_at": T0 + 6,
            }
        ],
    }


@pytest.mark.parametrize("between", [None, "pause"])
def test_seconds_without_requests_and_pauses_neither_break_nor_clear(judged, between):
    judge, metrics = judge_of("avg < 300 for 2s"), RunMetrics(["a"])
    breaches = judged(judge, metrics, 400, between, between, 400)
    assert [len(each) for each in breaches] == [0, 0, 0, 1]


def test_a_second_without_requests_breaks_a_rule_on_throughput_but_a_pause_does_not(judged):
    judge, metrics = judge_of("rps > 0 for 2s"), RunMetrics(["a"])
    breaches = judged(judge, metrics, None, "pause", "pause", None)
    assert [len(each) for each in breaches] == [0, 0, 0, 1]


def test_a_windowed_rule_tells_the_worst_window_when_it_held(judged):
    judge, metrics = judge_of("p95 < 300 for 2s"), RunMetrics(["a"])
    judged(judge, metrics, 100, 200, 999, 150, 100)
    (outcome,) = judge.verdict(metrics).thresholds
    assert (outcome.passed, outcome.value, outcome.breached_at) == (True, 200.0, None)


def test_a_windowed_rule_with_a_lower_limit(judged):
    judge, metrics = judge_of("min > 50 for 2s"), RunMetrics(["a"])
    breaches = judged(judge, metrics, 60, 40, 70, 30, 20)
    assert [len(each) for each in breaches] == [0, 0, 0, 0, 1]
    assert judge.verdict(metrics).thresholds[0].value == 30.0


def test_a_windowed_rule_holds_in_a_run_shorter_than_its_window(judged):
    judge, metrics = judge_of("p95 < 300 for 10s"), RunMetrics(["a"])
    judged(judge, metrics, 400, 500)
    (outcome,) = judge.verdict(metrics).thresholds
    assert (outcome.passed, outcome.value) == (True, 500.0)


@given(
    st.lists(st.sampled_from(["pause", None, 100.0, 200.0, 300.0, 400.0]), max_size=25),
    st.integers(1, 5),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
)
def test_a_windowed_rule_is_breached_exactly_when_one_window_is_broken_throughout(seconds, length, operator):
    judge = judge_of(f"avg {operator} 250 for {length}s", f"avg {operator} 300 for {length}s")
    metrics = RunMetrics(["a"])
    for at, each in enumerate(seconds, 1):
        feed_one(metrics, at, each)
        (second,) = metrics.close_seconds(T0 + at)
        judge.observe(second, metrics)
    counted = [each for each in seconds if isinstance(each, float)]
    windows = [counted[at : at + length] for at in range(len(counted) - length + 1)]
    for outcome, limit in zip(judge.verdict(metrics).thresholds, (250, 300), strict=True):
        broken = any(not any(COMPARE[operator](value, limit) for value in window) for window in windows)
        assert outcome.passed == (bool(counted) and not broken)


def feed_one(metrics, at, each):
    """A second with one request of so many ms, with none, or in a pause."""
    latency = Histogram.of_ns([int(each * 1_000_000)] if isinstance(each, float) else [])
    window = StepWindow(step=0, requests=latency.total, latency=latency.pack())
    paused = each == "pause"
    span_ns = 0 if paused else 10**9
    facts = {"second": T0 + at, "elapsed": float(at), "vus": 1, "planned_vus": 1}
    metrics.merge(Snapshot(node="n", seq=at, span_ns=span_ns, paused=paused, windows=[window], **facts))


@pytest.mark.parametrize("rule", ["avg == 10 for 2s", "avg != 20 for 2s"])
def test_windowed_equality(judged, rule):
    judge, metrics = judge_of(rule), RunMetrics(["a"])
    breaches = judged(judge, metrics, 10, 20, 10, 20, 20)
    assert [len(each) for each in breaches] == [0, 0, 0, 0, 1]


def test_a_windowed_rule_on_one_step_looks_at_that_step(feed, window):
    metrics = RunMetrics(["login", "list"])
    judge = judge_of("p95{login} < 300 for 2s", "p95{list} < 300 for 2s")
    seconds = feed(metrics, *[[window(0, [100]), window(1, [400])]] * 2)
    breaches = [judge.observe(second, metrics) for second in seconds]
    assert [[breach.expression for breach in each] for each in breaches] == [[], ["p95{list} < 300 for 2s"]]


def test_of_steps_of_one_name_the_worst_counts(feed, window):
    metrics = RunMetrics(["a", "a"])
    judge = judge_of("avg{a} < 300 for 1s")
    (second,) = feed(metrics, [window(0, [100]), window(1, [400])])
    assert [breach.value for breach in judge.observe(second, metrics)] == [400.0]


def test_a_rule_over_the_run_may_break_and_mend(judged):
    judge, metrics = judge_of("avg < 300"), RunMetrics(["a"])
    breaches = judged(judge, metrics, 100, 700, 600, 0.001, 900)
    assert [[(breach.value, breach.at - T0, breach.new) for breach in each] for each in breaches] == [
        [],
        [(400.0, 2, True)],
        [(466.667, 2, False)],
        [(350.0, 2, False)],
        [(460.0, 2, False)],
    ]
    assert judge.verdict(metrics).thresholds[0].breached_at == T0 + 2
    assert judged(judge, metrics, *[1] * 10)[-1] == []
    (outcome,) = judge.verdict(metrics).thresholds
    assert (outcome.passed, outcome.breached_at) == (True, None)


def test_a_rule_over_one_steps_run(feed, window):
    metrics = RunMetrics(["login", "list"])
    judge = judge_of("avg{login} < 300", "error_rate{list} < 10", "p95{logout} < 300")
    for second in feed(metrics, [window(0, [100]), window(1, [400], failures={"HTTP 500": 1})]):
        assert [breach.expression for breach in judge.observe(second, metrics)] == ["error_rate{list} < 10"]
    assert [outcome.passed for outcome in judge.verdict(metrics).thresholds] == [True, False, False]


@pytest.mark.parametrize(
    "rule", ["requests > 100", "requests >= 100", "requests == 100", "requests != 1", "max > 500", "min < 1"]
)
def test_what_may_come_true_just_by_going_on_is_no_breach_yet(judged, rule):
    judge, metrics = judge_of(rule), RunMetrics(["a"])
    assert judged(judge, metrics, 100) == [[]]
    assert judge.verdict(metrics).state == "FAILED"


@pytest.mark.parametrize(
    "rule", ["requests < 1", "requests == 0", "max < 100", "min > 100", "min == 101", "rps > 9", "rps != 1"]
)
def test_what_can_no_more_come_true_or_goes_up_and_down_is_a_breach(judged, rule):
    judge, metrics = judge_of(rule), RunMetrics(["a"])
    assert [len(each) for each in judged(judge, metrics, 100)] == [1]


def test_a_rule_on_what_was_never_measured_fails(judged):
    rules = (
        "p95 < 300",
        "error_rate < 1",
        "success_rate > 99",
        "check_rate > 99",
        "p95 < 300 for 5s",
        "avg{nobody} < 1",
        "errors < 1",
        "errors{a} < 1",
        "requests < 5",
        "rps < 5",
        "dropped < 1",
        "bytes == 0",
        "errors < 1 for 2s",
    )
    judge, metrics = judge_of(*rules), RunMetrics(["a"])
    assert judged(judge, metrics, None, None) == [[], []]
    verdict = judge.verdict(metrics)
    assert verdict.state == "FAILED"
    assert [(outcome.passed, outcome.value) for outcome in verdict.thresholds] == [(False, None)] * len(rules)


def test_of_a_step_that_never_ran_only_the_number_of_requests_is_known(feed, window):
    metrics, judge = RunMetrics(["a", "b"]), judge_of("requests{b} == 0", "errors{b} < 1")
    (second,) = feed(metrics, [window(0, [100])])
    judge.observe(second, metrics)
    assert [outcome.passed for outcome in judge.verdict(metrics).thresholds] == [True, False]


def test_without_thresholds_nothing_is_judged():
    assert judge_of().verdict(RunMetrics(["a"])).as_dict() == {"state": "NO_THRESHOLDS", "thresholds": []}


@pytest.mark.parametrize(
    ("rules", "code", "state"),
    [
        (["p95 < 300"], "finished", "PASSED"),
        (["p95 < 10"], "finished", "FAILED"),
        ([], "stopped_by_user", "STOPPED"),
        ([], "server_stopped", "STOPPED"),
        ([], "interrupted", "STOPPED"),
        (["p95 < 300"], "stopped_by_user", "STOPPED"),
        (["p95 < 10"], "stopped_by_user", "FAILED"),
        (["requests > 1000"], "stopped_by_user", "STOPPED"),
        (["requests > 1000"], "finished", "FAILED"),
        (["p95{never} < 300"], "stopped_by_user", "STOPPED"),
        (["p95{never} < 300"], "finished", "FAILED"),
        (["avg < 10 for 1s"], "stopped_by_user", "FAILED"),
        (["avg < 300 for 1s"], "stopped_by_user", "STOPPED"),
        ([], "error", "FAILED"),
        (["p95 < 300"], "setup_failed", "FAILED"),
        (["p95 < 300"], "threshold_breached", "FAILED"),
    ],
)
def test_the_verdict_depends_on_how_the_run_ended(feed, window, rules, code, state):
    judge, metrics = judge_of(*rules), RunMetrics(["a", "never"])
    for second in feed(metrics, [window(0, [20])]):
        judge.observe(second, metrics)
    assert judge.verdict(metrics, EndReason(code=code, zh="", en="")).state == state


def test_every_metric_can_be_judged(feed, window):
    metrics = RunMetrics(["a"])
    feed(metrics, [window(0, [1, 2, 3, 4], failures={"x": 1}, checks_passed=3, checks_failed=1)])
    names = ["p50", "p75", "p90", "p95", "p99", "p99.9", "avg", "min", "max"]
    rates = ["error_rate", "success_rate", "check_rate", "rps", "requests", "errors"]
    outcomes = judge_of(*(f"{name} >= 0" for name in names + rates)).verdict(metrics).thresholds
    latencies = [2.0, 3.0, 4.0, 4.0, 4.0, 4.0, 2.5, 1.0, 4.0]
    assert [outcome.value for outcome in outcomes][9:] == [25.0, 75.0, 75.0, 4.0, 4.0, 1.0]
    assert [outcome.value for outcome in outcomes][:9] == pytest.approx(latencies, rel=0.001)


def stands(judge: ThresholdJudge) -> list[tuple[str, float | None, int, int]]:
    return [(rule.state, rule.value, rule.broken_s, rule.of_s) for rule in judge.states()]


def test_how_thresholds_stand_while_the_run_goes_on(judged):
    judge, metrics = judge_of("p95 < 300 for 3s", "requests > 3", "max < 500"), RunMetrics(["a"])
    assert stands(judge) == [("holding", None, 0, 3), ("holding", None, 0, 0), ("holding", None, 0, 0)]
    judged(judge, metrics, 400)
    assert stands(judge) == [("breaking", 400.0, 1, 3), ("breaking", 1.0, 1, 0), ("holding", 400.0, 0, 0)]
    judged(judge, metrics, "pause", None, 400)
    assert stands(judge)[0] == ("breaking", 400.0, 2, 3)
    judged(judge, metrics, 200)
    assert stands(judge)[0] == ("holding", 200.0, 0, 3)
    judged(judge, metrics, 600, 600, 600, 600)
    assert stands(judge) == [("breached", 600.0, 3, 3), ("holding", 7.0, 0, 0), ("breached", 600.0, 4, 0)]
    judged(judge, metrics, 1)
    assert stands(judge)[0] == ("breached", 1.0, 0, 3)
    assert [rule.breached_at is None for rule in judge.states()] == [False, True, False]


def test_any_percentile_of_the_run_and_of_its_steps(feed, window):
    metrics = RunMetrics(["a", "b"])
    feed(metrics, [window(0, list(range(1, 101))), window(1, [500])])
    judge = judge_of("p42 < 50", "p99.99 < 400", "p25{a} < 30", "p1{b} < 100")
    outcomes = judge.verdict(metrics).thresholds
    assert [outcome.passed for outcome in outcomes] == [True, False, True, False]
    assert [round(outcome.value) for outcome in outcomes] == [43, 500, 25, 500]


@pytest.mark.parametrize(("line", "breached"), [("p42{b} < 300 for 2s", True), ("p42 < 300 for 2s", False)])
def test_any_percentile_in_a_window(feed, window, line, breached):
    metrics = RunMetrics(["a", "b"])
    metrics.planned = metrics.planned._replace(percentiles=True)
    judge = judge_of(line)
    windows = [[window(0, [10] * 9), window(1, [400])]] * 2
    breaches = [judge.observe(second, metrics) for second in feed(metrics, *windows)]
    assert [len(each) for each in breaches] == [0, int(breached)]


def test_bytes_and_what_was_dropped_or_late(feed, window):
    metrics = RunMetrics(["a"])
    feed(metrics, [window(0, [1], bytes_sent=600, bytes_received=500)], dropped=2, late=1)
    judge = judge_of("bytes < 1 KB", "bytes_sent < 1 KB", "bytes_received{a} == 500", "dropped < 2", "late < 2")
    outcomes = judge.verdict(metrics).thresholds
    assert [outcome.value for outcome in outcomes] == [1100.0, 600.0, 500.0, 2.0, 1.0]
    assert [outcome.passed for outcome in outcomes] == [False, True, True, False, True]
