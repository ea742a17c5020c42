"""The ruler's own verdict, limit by limit."""

from __future__ import annotations

import pytest

from perfsvc.metrics.node_state import NodeState
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.validity import HealthLog
from perfsvc.model.window import NodeHealth

CALM = NodeHealth(cpu=30, process_cpu=40, loop_lag_ms=2, send_lag_ms=1, open_files=50, open_files_limit=1000)


@pytest.fixture
def measured(snapshot, window):
    """``measured(90 * [CALM] + 10 * [BAD])``: a run with one request and this health in each second."""

    def run(healths, **fields):
        metrics = RunMetrics(["a"])
        for seq, health in enumerate(healths, 1):
            metrics.merge(snapshot(seq, window(0, [10]), health=health, **fields))
        return metrics

    return run


def states(metrics):
    return [(cause.code, cause.grade.name) for cause in metrics.validity().causes]


def test_a_calm_generator_is_valid(measured):
    assert measured([CALM] * 30).validity().as_dict() == {"state": "VALID", "at_least": False, "causes": []}


@pytest.mark.parametrize(("field", "code"), [("loop_lag_ms", "loop_lag"), ("send_lag_ms", "send_lag")])
@pytest.mark.parametrize(
    ("bad", "calm", "state"),
    [(1, 99, []), (2, 198, []), (2, 98, ["SUSPECT"]), (10, 90, ["SUSPECT"]), (11, 89, ["INVALID"])],
)
def test_lag_is_judged_by_the_share_of_bad_seconds(measured, field, code, bad, calm, state):
    health = NodeHealth(**{field: 50.0})
    assert states(measured([health] * bad + [CALM] * calm)) == [(code, grade) for grade in state]


def test_lag_below_the_limit_is_none(measured):
    assert states(measured([NodeHealth(loop_lag_ms=49.9, send_lag_ms=49.9)] * 20)) == []


@pytest.mark.parametrize(("bad", "state"), [(1, []), (2, ["SUSPECT"]), (3, ["INVALID"])])
def test_one_bad_second_does_not_condemn_a_short_run(measured, bad, state):
    metrics = measured([NodeHealth(loop_lag_ms=400)] * bad + [CALM])
    assert [grade for _, grade in states(metrics)] == state


@pytest.mark.parametrize(
    ("gap_s", "calm", "expected"),
    [
        (1, 20, []),
        (2, 18, [("loop_lag", "SUSPECT"), ("stood_still", "SUSPECT")]),
        (2, 300, [("stood_still", "SUSPECT")]),
        (10, 12, [("loop_lag", "INVALID"), ("stood_still", "INVALID")]),
    ],
)
def test_a_lag_counts_for_as_many_seconds_as_it_lasts(measured, snapshot, gap_s, calm, expected):
    metrics = measured([CALM] * calm)
    frozen = NodeHealth(loop_lag_ms=gap_s * 1_000)
    metrics.merge(snapshot(calm + 1, health=frozen, span_ns=int(gap_s * 1e9)))
    assert states(metrics) == expected
    assert metrics.health.seconds == calm + gap_s


def test_a_standstill_is_reported_in_both_languages(measured, snapshot):
    metrics = measured([CALM] * 12)
    metrics.merge(snapshot(13, health=NodeHealth(loop_lag_ms=10_000), span_ns=10_000_000_000))
    (cause,) = [cause for cause in metrics.validity().causes if cause.code == "stood_still"]
    assert cause.figures == {"seconds": 10, "percent": 45.455, "limit": 1_000.0, "worst_ms": 10_000}
    assert cause.text.en.startswith("the generator stood still for 10 s (45.5 % of the time, 10.0 s at the longest)")
    assert cause.text.zh.startswith("压测机停顿了 10 秒（占 45.5 %，最长 10.0 秒）")


@pytest.mark.parametrize(
    ("bad", "calm", "state"), [(2, 8, []), (10, 90, []), (11, 89, ["SUSPECT"]), (99, 1, ["SUSPECT"])]
)
def test_users_who_wait_for_data_offer_less_load(measured, bad, calm, state):
    metrics = measured([NodeHealth(data_wait=10.0)] * bad + [CALM] * calm)
    assert states(metrics) == [("data_wait", grade) for grade in state]
    assert metrics.validity().at_least == bool(state)


def test_a_busy_core_makes_figures_at_least_that_and_no_worse(measured):
    validity = measured([NodeHealth(process_cpu=100)] * 30).validity()
    assert (validity.state, validity.at_least) == ("SUSPECT", True)
    (cause,) = validity.causes
    assert cause.code == "cpu_saturated"
    assert cause.figures == {"seconds": 30, "percent": 100.0, "limit": 90.0, "worst_percent": 100.0}


@pytest.mark.parametrize(("wait", "codes"), [(39.9, ["cpu_saturated"]), (40.0, ["cpu_saturated", "cpu_starved"])])
def test_a_generator_that_needs_a_core_and_is_kept_waiting_for_it_is_invalid(measured, wait, codes):
    metrics = measured([NodeHealth(process_cpu=100 - wait, cpu_wait=wait)] * 30)
    assert [code for code, _ in states(metrics)] == codes
    assert metrics.validity().state == ("INVALID" if "cpu_starved" in codes else "SUSPECT")


def test_a_generator_with_little_to_do_may_wait_for_its_core(measured):
    assert states(measured([NodeHealth(process_cpu=30, cpu_wait=59.9)] * 30)) == []


@pytest.mark.parametrize(("starved", "calm", "state"), [(2, 1, "VALID"), (3, 1, "INVALID"), (3, 27, "VALID")])
def test_a_generator_is_starved_only_when_it_lasts(measured, starved, calm, state):
    starving = NodeHealth(process_cpu=20, cpu_wait=80)
    assert measured([starving] * starved + [CALM] * calm).validity().state.replace("SUSPECT", "VALID") == state


def test_a_busy_core_that_lags_is_invalid(measured):
    metrics = measured([NodeHealth(process_cpu=100, loop_lag_ms=80)] * 30)
    assert states(metrics) == [("loop_lag", "INVALID"), ("cpu_saturated", "SUSPECT")]
    assert metrics.validity().state == "INVALID"


@pytest.mark.parametrize(("busy", "calm", "count"), [(2, 0, 0), (3, 0, 1), (20, 80, 0), (21, 79, 1)])
def test_a_core_is_saturated_only_when_it_lasts(measured, busy, calm, count):
    assert len(states(measured([NodeHealth(process_cpu=90)] * busy + [CALM] * calm))) == count


@pytest.mark.parametrize(("files", "state"), [(899, []), (900, ["SUSPECT"]), (989, ["SUSPECT"]), (990, ["INVALID"])])
def test_open_files_near_their_limit(measured, files, state):
    metrics = measured([CALM, NodeHealth(open_files=files, open_files_limit=1000), CALM])
    assert [grade for _, grade in states(metrics)] == state


def test_without_a_known_limit_open_files_are_not_judged(measured):
    assert states(measured([NodeHealth(open_files=10**6)])) == []


@pytest.mark.parametrize(
    ("used", "failure", "state"),
    [
        (899, "Connection Error: other", []),
        (900, "Connection Error: other", ["SUSPECT"]),
        (989, "Connection Error: other", ["SUSPECT"]),
        (990, "HTTP 500", ["SUSPECT"]),
        (990, "Connection Error: no local port", ["INVALID"]),
    ],
)
def test_ports_near_their_limit_and_gone_when_connections_fail(snapshot, window, used, failure, state):
    metrics = RunMetrics(["a"])
    health = NodeHealth(ports_used=used, ports_limit=1000)
    metrics.merge(snapshot(1, window(0, [10], failures={failure: 1}), health=health))
    metrics.merge(snapshot(2, window(0, [10], failures={"Connection Error: reset": 1})))
    assert states(metrics) == [("ports", grade) for grade in state]


def test_without_a_known_limit_ports_are_not_judged(measured):
    assert states(measured([NodeHealth(ports_used=10**6)])) == []


@pytest.mark.parametrize(
    ("health", "at_least", "at_its_limit"),
    [(CALM, False, False), (NodeHealth(process_cpu=99), True, True), (NodeHealth(loop_lag_ms=90), True, True)],
)
def test_a_generator_at_its_limit_did_at_least_that(measured, health, at_least, at_its_limit):
    validity = measured([health] * 10).validity()
    assert (validity.at_least, validity.at_its_limit) == (at_least, at_its_limit)


def test_where_something_is_missing_it_was_at_least_that_and_nothing_measured_is_no_figure(snapshot, window):
    metrics = RunMetrics(["a"])
    assert (metrics.validity().state, metrics.validity().at_least) == ("INVALID", False)
    for seq in (1, 3):
        metrics.merge(snapshot(seq, window(0, [1])))
    assert (metrics.validity().at_least, metrics.validity().at_its_limit) == (True, False)


@pytest.mark.parametrize(
    ("seqs", "state"), [([1, 2, 3], []), ([*range(1, 20), 21], ["SUSPECT"]), ([1, 3], ["INVALID"])]
)
def test_missing_snapshots(snapshot, window, seqs, state):
    metrics = RunMetrics(["a"])
    for seq in seqs:
        metrics.merge(snapshot(seq, window(0, [1])))
    assert states(metrics) == [("snapshots_missing", grade) for grade in state]


@pytest.mark.parametrize(
    ("dropped", "done", "state"),
    [(0, 9, []), (1, 99, []), (2, 98, ["SUSPECT"]), (10, 90, ["SUSPECT"]), (11, 89, ["INVALID"])],
)
def test_dropped_arrivals(measured, dropped, done, state):
    metrics = measured([CALM], dropped=dropped, iterations=done)
    assert states(metrics) == [("arrivals_dropped", grade) for grade in state]


@pytest.mark.parametrize(("last", "lost"), [(10, 0), (7, 0), (6, 1)])
def test_a_node_that_falls_silent_is_lost(snapshot, window, last, lost):
    metrics = RunMetrics(["a"])
    for seq in range(1, 11):
        metrics.merge(snapshot(seq, window(0, [1])))
        if seq <= last:
            metrics.merge(snapshot(seq, node="m"))
    assert states(metrics) == [("node_lost", "SUSPECT")] * lost


@pytest.mark.parametrize(
    ("state", "lost"),
    [
        (NodeState(state="left"), 0),
        (NodeState(state="running"), 1),
        (NodeState(state="lost", was_lost=True), 1),
        (NodeState(state="running", was_lost=True), 1),
    ],
    ids=["left as planned", "silent", "lost", "lost and back"],
)
def test_a_silent_node_is_lost_unless_it_left_as_planned(snapshot, window, state, lost):
    metrics = RunMetrics(["a"])
    metrics.node_states["m"] = state
    metrics.merge(snapshot(1, node="m"))
    for seq in range(1, 11):
        metrics.merge(snapshot(seq, window(0, [1])))
    assert states(metrics) == [("node_lost", "SUSPECT")] * lost


def test_a_run_without_requests_measured_nothing(snapshot):
    metrics = RunMetrics(["a"])
    assert states(metrics) == [("no_samples", "INVALID")]
    metrics.merge(snapshot(1))
    assert states(metrics) == [("no_samples", "INVALID")]


def test_pauses_and_stubs_of_seconds_are_not_judged(snapshot):
    log = HealthLog()
    for span_ns in (0, 99_999_999):
        log.note(snapshot(1, span_ns=span_ns, health=NodeHealth(process_cpu=100, loop_lag_ms=900)))
    assert (log.seconds, log.loop_lag.seconds, log.cpu_needed.worst) == (0, 0, 0.0)


def test_every_cause_is_reported_in_both_languages_with_its_figures(measured):
    worst = NodeHealth(
        process_cpu=60,
        cpu_wait=40,
        loop_lag_ms=90,
        send_lag_ms=90,
        open_files=10,
        open_files_limit=10,
        ports_used=10,
        ports_limit=10,
        data_wait=50,
    )
    metrics = measured([worst] * 20, dropped=5)
    causes = metrics.validity().as_dict()["causes"]
    assert [cause["code"] for cause in causes] == [
        "loop_lag",
        "send_lag",
        "cpu_saturated",
        "cpu_starved",
        "data_wait",
        "open_files",
        "ports",
        "arrivals_dropped",
    ]
    for cause in causes:
        assert set(cause) == {"code", "state", "zh", "en", "figures"}
        assert cause["zh"] != cause["en"]
        assert cause["figures"]
    assert causes[0]["en"] == (
        "the generator's event loop ran 50 ms late or more in 100.0 % of seconds, 90 ms at worst: "
        "measured latencies include the generator's own"
    )
