"""The score's formulas, part by part, as docs/performance-score.md gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.score import MOVED
from perfsvc.metrics.score import NOTHING_SENT
from perfsvc.metrics.score import score_of
from perfsvc.metrics.thresholds import Outcome
from perfsvc.metrics.thresholds import Verdict
from perfsvc.metrics.validity import Grade
from perfsvc.metrics.validity import Validity

DOCS = Path(__file__).parents[2] / "docs"
VALID = Validity(Grade.VALID)
PASSED = Verdict("PASSED")


def verdict_of(*passed: bool) -> Verdict:
    outcomes = tuple(Outcome("p95 < 1", "p95", 1.0, 1.0, each, None) for each in passed)
    return Verdict("PASSED" if all(passed) else "FAILED", outcomes)


@pytest.fixture
def part(feed):
    """The named part of a run's score, as (measured, value)."""

    def score(name, *seconds, verdict=PASSED, **fields):
        metrics = RunMetrics(["a"])
        feed(metrics, *seconds, **fields)
        parts = score_of(metrics, verdict, VALID, metrics.series.finest()).as_dict()["parts"]
        (found,) = [each for each in parts if each["name"] == name]
        return found["measured"], found["value"]

    return score


@pytest.mark.parametrize(
    ("failed", "measured", "value"), [(0, 0.0, 100.0), (1, 1.0, 80.0), (5, 5.0, 0.0), (50, 50.0, 0.0)]
)
def test_errors(part, window, failed, measured, value):
    assert part("errors", [window(0, [10] * 100, failures={"x": failed})]) == (measured, value)


@pytest.mark.parametrize(
    ("fast", "slow", "measured", "value"),
    [(10, 10, 1.0, 100.0), (10, 30, 2.0, 100.0), (10, 70, 4.0, 56.93), (10, 190, 10.0, 0.0)],
)
def test_latency(part, window, fast, slow, measured, value):
    found = part("latency", [window(0, [fast] * 90 + [slow] * 10)])
    assert found == (pytest.approx(measured, rel=0.001), pytest.approx(value, abs=0.1))


def test_latency_does_not_apply_where_nothing_was_sent(part, window):
    assert part("latency", [window(0, unsent=3)]) == (None, None)


@pytest.mark.parametrize(
    ("rates", "measured", "value"),
    [([20] * 5, 0.0, 100.0), ([10, 30] * 4, 0.5, 0.0), ([15, 25] * 3, 0.25, 50.0), ([20] * 4, None, None)],
)
def test_throughput(part, window, rates, measured, value):
    assert part("throughput", *([window(0, [1] * rate)] for rate in rates)) == (measured, value)


def test_a_target_that_only_fails_earns_nothing_for_failing_evenly(feed, window):
    metrics = RunMetrics(["a"])
    feed(metrics, *[[window(0, unsent=20, failures={"Connection Error": 20})]] * 8)
    score = score_of(metrics, PASSED, VALID, metrics.series.finest())
    assert (score.value, score.parts[2].value) == (0.0, None)


def test_in_the_open_model_the_peak_is_that_of_arrivals(feed, window):
    metrics = RunMetrics(["a"])
    feed(metrics, *[[window(0, [1] * 5)]] * 5, planned_rate=5.0, planned_vus=9)
    feed(metrics, *[[window(0, [1] * 20)]] * 5, planned_rate=20.0, planned_vus=2)
    part = score_of(metrics, PASSED, VALID, metrics.series.finest()).parts[2]
    assert (part.measured, part.value) == (0.0, 100.0)


def test_throughput_is_judged_where_nodes_were_given_the_whole_load(feed, window):
    metrics = RunMetrics(["a"])
    whole, part = {"planned_rate": 20.0, "run_rate": 20.0}, {"planned_rate": 10.0, "run_rate": 20.0}
    feed(metrics, *[[window(0, [1] * 20)]] * 5, **whole)
    feed(metrics, *[[window(0, [1] * 10)]] * 3, **part)
    assert score_of(metrics, PASSED, VALID, metrics.series.finest()).parts[2].measured == 0.0


def test_throughput_looks_at_full_seconds_near_the_peak_only(feed, window):
    metrics = RunMetrics(["a"])
    feed(metrics, *([window(0, [1] * rate)] for rate in (1, 5, 9)), planned_vus=4)
    feed(metrics, *[[window(0, [1] * 20)]] * 5, planned_vus=5)
    feed(metrics, [window(0, [1] * 2)], planned_vus=5, span_ns=100_000_000)
    score = score_of(metrics, PASSED, VALID, metrics.series.finest())
    assert score.parts[2].measured == 0.0


@pytest.mark.parametrize(("passed", "value"), [((True,), 100.0), ((True, False, True, True), 75.0), ((), None)])
def test_thresholds(part, window, passed, value):
    assert part("thresholds", [window(0, [1])], verdict=verdict_of(*passed)) == (value, value)


def test_errors_are_a_factor_of_the_weighted_mean_of_the_other_parts(feed, window):
    metrics = RunMetrics(["a"])
    feed(metrics, [window(0, [10] * 100, failures={"x": 1})])
    points = metrics.series.finest()
    assert score_of(metrics, PASSED, VALID, points).value == 80.0
    judged = score_of(metrics, verdict_of(True, False), VALID, points)
    assert judged.value == round(0.8 * (45 * 100 + 35 * 50) / 80, 1)


@pytest.mark.parametrize("grade", [Grade.SUSPECT, Grade.INVALID])
def test_a_run_that_is_not_valid_has_no_score(feed, window, grade):
    metrics = RunMetrics(["a"])
    feed(metrics, [window(0, [10] * 100)])
    score = score_of(metrics, PASSED, Validity(grade), metrics.series.finest()).as_dict()
    assert (score["score"], score["reason"]["en"]) == (None, "the run is not “Valid”, so it has no score")


def test_a_run_that_moved_its_load_has_no_score(feed, window):
    metrics = RunMetrics(["a"])
    feed(metrics, [window(0, [10] * 100)])
    score = score_of(metrics, PASSED, VALID, metrics.series.finest(), moved=True)
    assert (score.value, score.reason) == (None, MOVED)


def test_nothing_measured_has_no_score():
    score = score_of(RunMetrics(["a"]), verdict_of(False), Validity(Grade.INVALID), [])
    assert (score.value, score.reason) == (None, NOTHING_SENT)


def test_slow_steps_beside_fast_ones_are_no_tail(feed, window):
    metrics = RunMetrics(["a", "b"])
    feed(metrics, [window(0, [10] * 90), window(1, [1000] * 10)])
    assert score_of(metrics, PASSED, VALID, metrics.series.finest()).value == 100.0


EXAMPLES = {
    1: ([0.2] * 95 + [2] * 5, 0, 6, PASSED),
    2: ([1] * 100, 90, 1, PASSED),
    3: ([50] * 100, 1, 1, PASSED),
    4: ([50] * 95 + [500] * 5, 0, 1, PASSED),
    5: ([50] * 100, 0, 1, verdict_of(True, False)),
}


@pytest.mark.parametrize("number", EXAMPLES)
@pytest.mark.parametrize("page", ["performance-score.md", "performance-score.zh-CN.md"])
def test_the_examples_of_the_page(feed, window, number, page):
    lines = [line for line in (DOCS / page).read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    row = lines[-6 + number]
    latencies, failed, seconds, verdict = EXAMPLES[number]
    metrics = RunMetrics(["a"])
    feed(metrics, *[[window(0, latencies, failures={"x": failed} if failed else {})]] * seconds)
    score = score_of(metrics, verdict, VALID, metrics.series.finest())
    assert score.value == float(row.split("|")[-2])
    values = [part.value for part in score.parts]
    shown = [cell.split("→")[-1].strip() for cell in row.split("|")[2:6]]
    assert [None if cell == "–" else float(cell) for cell in shown] == [
        None if value is None else pytest.approx(value, abs=0.06) for value in values
    ]


def test_parts_say_how_they_were_made(feed, window):
    metrics = RunMetrics(["a"])
    feed(metrics, [window(0, [10])])
    parts = score_of(metrics, PASSED, VALID, metrics.series.finest()).as_dict()["parts"]
    assert [(each["name"], each["weight"]) for each in parts] == [
        ("errors", 0),
        ("latency", 45),
        ("throughput", 20),
        ("thresholds", 35),
    ]
    assert parts[0] == {
        "name": "errors",
        "title": {"zh": "错误率", "en": "Errors"},
        "formula": {"zh": "100 × (1 − 错误率% ÷ 5)", "en": "100 × (1 − error rate % ÷ 5)"},
        "weight": 0,
        "measured": 0.0,
        "value": 100.0,
    }


@pytest.mark.parametrize("page", ["performance-score.md", "performance-score.zh-CN.md"])
def test_the_docs_have_the_parts_and_weights_of_the_code(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    for part in score_of(RunMetrics(["a"]), PASSED, VALID, []).parts:
        assert f"| `{part.name}` | {part.weight} |" in text
