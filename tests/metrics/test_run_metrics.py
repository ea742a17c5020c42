"""Snapshots of several nodes, in any order, once, twice or late, become one run."""

from __future__ import annotations

import random

import pytest

from perfsvc.metrics import run_metrics
from perfsvc.metrics.figures import PLAN_FIELDS
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.span import Span
from perfsvc.metrics.span import second_of
from perfsvc.metrics.totals import RunTotals
from perfsvc.model.run import RunSpec
from perfsvc.model.window import ErrorSample
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import PhaseSum

T0 = 1_700_000_000
MS = 1_000_000


def facts(metrics: RunMetrics) -> tuple[object, ...]:
    """Everything a run's metrics say, for comparing whole runs."""
    total = metrics.total
    return (
        metrics.figures(),
        [metrics.figures(name) for name in metrics.step_names],
        dict(total.failures),
        dict(total.statuses),
        dict(total.phases),
        total.from_plan.pack(),
        metrics.running_ns,
        metrics.series.finest(),
        {name: (node.requests, node.running_ns, node.last_second) for name, node in sorted(metrics.nodes.items())},
    )


def test_a_snapshot_counts_in_totals_steps_and_nodes(window, snapshot):
    metrics = RunMetrics(["login", "list"])
    assert metrics.merge(
        snapshot(
            1,
            window(0, [10, 20], failures={"HTTP 500": 1}, statuses={"200": 1, "500": 1}, bytes_sent=7, checks_passed=1),
            window(1, [30], unsent=1, failures={"Connection Error": 1}, phases={"waiting": PhaseSum(1, 9, 9)}),
            iterations=2,
            cut_off=1,
            dropped=3,
            late=4,
        )
    )
    figures = metrics.figures()
    assert (figures.requests, figures.errors, figures.error_rate, figures.success_rate) == (4, 2, 50.0, 50.0)
    assert (figures.avg, figures.min, figures.max) == (20.0, 10.0, 30.0)
    assert figures.rps == 4.0
    assert (figures.bytes_sent, figures.check_rate) == (7, 100.0)
    assert metrics.figures("login").requests == 2
    assert metrics.figures("list").error_rate == 50.0
    assert metrics.steps[0].statuses == {"200": 1, "500": 1}
    assert metrics.total.failures == {"HTTP 500": 1, "Connection Error": 1}
    assert metrics.total.phases == {"waiting": PhaseSum(1, 9, 9)}
    assert metrics.nodes["n"].requests == 4
    assert (metrics.iterations, metrics.cut_off, metrics.dropped, metrics.late) == (2, 1, 3, 4)


def test_a_duplicate_changes_nothing(window, snapshot):
    metrics = RunMetrics(["a"])
    first = snapshot(1, window(0, [10]), iterations=1, errors=[ErrorSample(0, "x", 1.0, "m")])
    assert metrics.merge(first)
    before = facts(metrics)
    assert not metrics.merge(first)
    assert facts(metrics) == before
    assert len(metrics.error_samples) == 1
    assert metrics.iterations == 1


def test_gaps_in_the_numbering_are_known(window, snapshot):
    metrics = RunMetrics(["a"])
    for seq in (1, 2, 5, 9):
        metrics.merge(snapshot(seq, window(0, [1])))
    metrics.merge(snapshot(1, node="sound"))
    assert metrics.missing == {"n": [(3, 4), (6, 8)]}
    metrics.merge(snapshot(7))
    assert metrics.missing == {"n": [(3, 4), (6, 6), (8, 8)]}


def test_any_order_and_any_duplicates_give_the_same_run(window, snapshot):
    rng = random.Random(3)
    snapshots = [
        snapshot(
            seq,
            window(
                0, [rng.uniform(1, 50) for _ in range(20)], failures={"HTTP 500": 1}, statuses={"200": 19, "500": 1}
            ),
            window(1, [rng.uniform(5, 500) for _ in range(10)], phases={"waiting": PhaseSum(10, 50, seq)}),
            node=node,
            health=NodeHealth(cpu=float(seq), loop_lag_ms=float(seq)),
        )
        for node in ("a", "b", "c")
        for seq in range(1, 31)
    ]
    straight, shuffled = RunMetrics(["s", "t"]), RunMetrics(["s", "t"])
    for each in snapshots:
        assert straight.merge(each)
    twice = snapshots * 2
    rng.shuffle(twice)
    assert sum(shuffled.merge(each) for each in twice) == len(snapshots)
    assert facts(shuffled) == facts(straight)
    assert shuffled.close_seconds(T0 + 99) == straight.close_seconds(T0 + 99)


def test_seconds_are_closed_in_order_and_once(window, snapshot):
    metrics = RunMetrics(["a"])
    for seq in (3, 1, 2):
        metrics.merge(snapshot(seq, window(0, [seq])))
    assert [second.second - T0 for second in metrics.close_seconds(T0 + 2)] == [1, 2]
    assert [second.second - T0 for second in metrics.close_seconds(T0 + 9)] == [3]
    assert metrics.close_seconds(T0 + 9) == []
    assert metrics.latest is not None
    assert metrics.latest.second == T0 + 3


def test_a_second_merges_all_nodes(window, snapshot):
    metrics = RunMetrics(["a", "b"])
    health = NodeHealth(cpu=20, memory=40, network=3, process_cpu=50, loop_lag_ms=2, send_lag_ms=1)
    busier = NodeHealth(cpu=40, memory=60, network=1, process_cpu=90, loop_lag_ms=1, send_lag_ms=4)
    metrics.merge(snapshot(1, window(0, [10] * 3), vus=3, planned_vus=4, health=health, iterations=1, late=1))
    metrics.merge(snapshot(1, window(1, [30]), node="m", vus=2, planned_vus=2, health=busier, dropped=2, elapsed=1.5))
    (second,) = metrics.close_seconds(T0 + 1)
    assert (second.requests, second.rps, second.vus, second.planned_vus) == (4, 4.0, 5, 6)
    assert (second.avg, second.p50, second.max) == (15.0, 10.007, 30.0)
    assert (second.elapsed, second.iterations, second.dropped, second.late) == (1.5, 1, 2, 1)
    assert (second.health.cpu, second.health.memory, second.health.network) == (30.0, 50.0, 3.0)
    assert (second.health.process_cpu, second.health.loop_lag_ms, second.health.send_lag_ms) == (90.0, 2.0, 4.0)
    assert [(step.name, step.requests, step.avg) for step in second.steps] == [("a", 3, 10.0), ("b", 1, 30.0)]


def test_rates_are_per_second_of_running_time(window, snapshot):
    metrics = RunMetrics(["a"])
    metrics.merge(snapshot(1, window(0, [1] * 100), span_ns=250_000_000, paused=True))
    metrics.merge(snapshot(2, span_ns=0, paused=True))
    metrics.merge(snapshot(3, window(0, [1] * 300), span_ns=750_000_000))
    seconds = metrics.close_seconds(T0 + 3)
    assert [second.rps for second in seconds] == [400.0, 0.0, 400.0]
    assert metrics.figures().rps == 400.0
    assert metrics.running_ns == 10**9


@pytest.mark.parametrize(("span_ns", "rps"), [(2_000_000, 50.0), (0, 5.0)])
def test_a_stub_of_a_second_shows_no_rate_that_nobody_saw(window, snapshot, span_ns, rps):
    metrics = RunMetrics(["a"])
    metrics.merge(snapshot(1, window(0, [1] * 5), span_ns=span_ns))
    assert [second.rps for second in metrics.close_seconds(T0 + 1)] == [rps]


def test_a_run_shorter_than_a_stub_has_its_own_rate(window, snapshot):
    metrics = RunMetrics(["a"])
    metrics.merge(snapshot(1, window(0, [1] * 30), span_ns=10_000_000))
    assert (metrics.figures().rps, metrics.figures("a").rps) == (3000.0, 3000.0)


def test_running_time_of_a_second_is_that_of_the_node_that_ran_longest(window, snapshot):
    metrics = RunMetrics(["a"])
    metrics.merge(snapshot(1, window(0, [1] * 10), span_ns=500_000_000))
    metrics.merge(snapshot(1, window(0, [1] * 10), node="m", span_ns=10**9))
    assert metrics.running_ns == 10**9
    assert metrics.figures().rps == 20.0
    assert metrics.nodes["n"].running_ns == 500_000_000


def test_two_snapshots_of_a_node_in_one_second_add_up(window, snapshot):
    metrics = RunMetrics(["a"])
    metrics.merge(snapshot(1, window(0, [1] * 3), span_ns=700_000_000))
    metrics.merge(snapshot(2, window(0, [1]), second=T0 + 1, span_ns=300_000_000, vus=0, planned_vus=0))
    (second,) = metrics.close_seconds(T0 + 1)
    assert (second.requests, second.rps, second.span_ns, second.vus) == (4, 4.0, 10**9, 5)


def test_pauses_and_gaps_are_reported(window, feed, snapshot):
    metrics = RunMetrics(["a"])
    feed(metrics, [window(0, [1])])
    feed(metrics, [], [], span_ns=0, paused=True)
    feed(metrics, [window(0, [1])])
    metrics.merge(snapshot(5, second=T0 + 8))
    metrics.close_seconds(T0 + 8)
    assert metrics.pauses.blocks() == [{"start": T0 + 2, "end": T0 + 4, "seconds": 2}]
    assert metrics.gaps == [(T0 + 5, T0 + 7)]


def test_a_second_is_paused_only_when_all_nodes_are(snapshot):
    metrics = RunMetrics(["a"])
    metrics.merge(snapshot(1, span_ns=0, paused=True))
    metrics.merge(snapshot(1, node="m"))
    assert [second.paused for second in metrics.close_seconds(T0 + 1)] == [False]


def test_what_comes_after_its_second_was_closed_counts_and_amends(window, snapshot):
    metrics = RunMetrics(["a"])
    metrics.merge(snapshot(1, window(0, [10])))
    assert len(metrics.close_seconds(T0 + 1)) == 1
    assert metrics.merge(snapshot(1, window(0, [30], failures={"Timeout": 1}), node="m"))
    assert metrics.late_snapshots == 1
    assert metrics.close_seconds(T0 + 1) == []
    assert (metrics.figures().requests, metrics.figures().errors) == (2, 1)
    (point,) = metrics.series.finest()
    assert (point.requests, point.errors, point.max, point.avg, point.vus) == (2, 1, 30.0, 20.0, 10)


def test_a_late_snapshot_of_a_second_nobody_saw_enters_the_series(window, snapshot):
    metrics = RunMetrics(["a"])
    metrics.merge(snapshot(1, window(0, [10])))
    metrics.merge(snapshot(3, window(0, [10])))
    metrics.close_seconds(T0 + 3)
    metrics.merge(snapshot(2, window(0, [10] * 2)))
    assert [(point.second - T0, point.requests) for point in metrics.series.finest()] == [(1, 1), (2, 2), (3, 1)]
    assert metrics.running_ns == 3 * 10**9


def test_groups_have_figures_and_no_part_in_sums(window, snapshot):
    metrics = RunMetrics(["group", "inner"], groups=[0])
    metrics.merge(snapshot(1, window(0, [100]), window(1, [10, 10])))
    (second,) = metrics.close_seconds(T0 + 1)
    assert metrics.figures().requests == second.requests == metrics.nodes["n"].requests == 2
    assert metrics.figures().max == second.max == 10.0
    assert metrics.figures("group").max == 100.0
    assert [(step.name, step.requests) for step in second.steps] == [("group", 1), ("inner", 2)]


def test_setup_and_teardown_are_counted_beside_the_load(window, snapshot):
    metrics = RunMetrics(["up", "group", "get"], groups=[1], parts=["setup", "setup", "steps"])
    first = window(0, [100], failures={"HTTP 500": 1}, unsent=1)
    metrics.merge(snapshot(1, first, window(1, [200]), window(2, [10, 10])))
    (second,) = metrics.close_seconds(T0 + 1)
    assert metrics.figures().requests == second.requests == metrics.nodes["n"].requests == 2
    assert metrics.figures().max == second.max == 10.0
    assert (second.errors, metrics.figures().error_rate) == (0, 0.0)
    everything = metrics.everything
    assert (everything.requests, everything.errors, everything.latency.total) == (4, 1, 3)
    assert (metrics.once.requests, metrics.once.errors, metrics.figures("up").max) == (2, 1, 100.0)


def test_a_runs_groups_and_parts_are_known_from_its_spec():
    scene = {
        "name": "s",
        "setup": [{"name": "up"}],
        "on_start": [{"name": "first"}],
        "steps": [
            {"type": "group", "name": "g", "steps": [{"name": "in"}]},
            {"type": "loop", "times": 2, "steps": [{"name": "l"}]},
        ],
    }
    load = {"stages": [{"duration": 1, "target": 1}]}
    spec = RunSpec.parse({"execution_id": "e", "name": "n", "seed": 1, "scenes": [{"scene": scene}], "load": load})
    metrics = RunMetrics.of(spec)
    assert metrics.step_names == ["up", "first", "g", "in", "l"]
    assert metrics.parts == ["setup", "on_start", "steps", "steps", "steps"]
    assert (metrics.groups, metrics.apart) == ({2}, {0, 2})
    assert metrics.planned.scenes == [("s", frozenset({1, 2, 3, 4}))]


def test_steps_of_one_name_are_one_in_figures(window, snapshot):
    metrics = RunMetrics(["login", "x", "login"])
    metrics.merge(snapshot(1, window(0, [10]), window(1, [50]), window(2, [30])))
    assert (metrics.figures("login").requests, metrics.figures("login").avg) == (2, 20.0)
    assert metrics.figures("nothing").requests == 0


def test_a_broken_snapshot_changes_nothing_and_may_come_again(window, snapshot):
    metrics = RunMetrics(["a"])
    with pytest.raises(ValueError, match="step 1, but there are 1 steps"):
        metrics.merge(snapshot(1, window(0, [1]), window(1, [1])))
    with pytest.raises(ValueError, match="histogram"):
        metrics.merge(snapshot(1, window(0, [1]), window(0, latency=b"junk")))
    assert (metrics.total.requests, metrics.nodes) == (0, {})
    assert metrics.merge(snapshot(1, window(0, [1])))


def test_the_first_samples_of_each_class_are_kept(snapshot):
    metrics = RunMetrics(["a"])
    samples = [ErrorSample(0, name, float(at), "m") for at in range(5) for name in ("Timeout", "HTTP 500")]
    metrics.merge(snapshot(1, errors=samples))
    assert [(sample.error_class, sample.timestamp) for sample in metrics.error_samples] == [
        ("Timeout", 0.0),
        ("Timeout", 1.0),
        ("Timeout", 2.0),
        ("HTTP 500", 0.0),
        ("HTTP 500", 1.0),
        ("HTTP 500", 2.0),
    ]


def test_each_step_has_samples_of_its_own(snapshot):
    metrics = RunMetrics(["a", "b"])
    samples = [ErrorSample(step, "Timeout", float(at), "m") for step in (0, 1) for at in range(5)]
    metrics.merge(snapshot(1, errors=samples))
    kept = [(sample.step, sample.timestamp) for sample in metrics.error_samples]
    assert kept == [(step, float(at)) for step in (0, 1) for at in range(3)]


def test_beyond_a_number_in_all_a_class_has_a_few_samples_whatever_the_step(snapshot):
    metrics = RunMetrics([f"step {number}" for number in range(200)])
    of_all = [(name, step) for name in ("Timeout", "HTTP 500") for step in range(200) for _ in range(5)]
    metrics.merge(snapshot(1, errors=[ErrorSample(step, name, 1.0, "m") for name, step in of_all]))
    names = [sample.error_class for sample in metrics.error_samples]
    assert (names.count("Timeout"), names.count("HTTP 500")) == (300, 3)


def test_classes_samples_and_statuses_stay_bounded(window, snapshot):
    metrics = RunMetrics(["a"])
    for seq in range(1, 301):
        sample = ErrorSample(0, f"class {seq}", 1.0, "m")
        metrics.merge(
            snapshot(seq, window(0, unsent=1, failures={f"class {seq}": 1}, statuses={f"{seq}": 1}), errors=[sample])
        )
    assert len(metrics.total.failures) == 65
    assert sum(metrics.total.failures.values()) == 300
    assert len(metrics.total.statuses) == 101
    assert len(metrics.error_samples) == 64 + 3


def test_a_node_with_a_clock_far_ahead_opens_no_endless_seconds(window, snapshot, monkeypatch):
    monkeypatch.setattr(run_metrics, "MAX_OPEN_SECONDS", 3)
    metrics = RunMetrics(["a"])
    for seq in range(1, 11):
        assert metrics.merge(snapshot(seq, window(0, [1]), second=T0 + 10_000 * seq))
    assert len(metrics.close_seconds(T0 + 10**6)) == 3
    assert metrics.total.requests == 10
    assert metrics.late_snapshots == 7


def test_time_from_plan_is_kept_beside_service_time(window, snapshot):
    metrics = RunMetrics(["a"])
    metrics.merge(snapshot(1, window(0, [10], from_plan=Histogram.of_ns([50 * MS]).pack())))
    assert metrics.total.latency.max_ns == 10 * MS
    assert metrics.total.from_plan.max_ns == metrics.steps[0].from_plan.max_ns == 50 * MS
    assert metrics.nodes["n"].from_plan.max_ns == 50 * MS
    assert (metrics.figures().max, metrics.figures().plan_max) == (10.0, 50.0)


def test_seconds_and_their_steps_tell_both_latencies(window, snapshot):
    metrics = RunMetrics(["planned", "free"])
    from_plan = Histogram.of_ns([each * MS for each in range(1, 101)])
    metrics.merge(snapshot(1, window(0, [10], from_plan=from_plan.pack()), window(1, [10])))
    (second,) = metrics.close_seconds(T0 + 1)
    planned, free = second.steps
    for each in (second, planned):
        percentiles = [each.plan_p50, each.plan_p90, each.plan_p95, each.plan_p99, each.plan_max]
        assert percentiles == [from_plan.percentiles_ms()[name] for name in ("p50", "p90", "p95", "p99", "max")]
        assert (each.planned, each.plan_avg) == (True, 50.5)
    assert not free.planned
    assert [getattr(free, name) for name in PLAN_FIELDS] == [None] * 6


def test_the_planned_rate_is_that_of_all_nodes(snapshot):
    metrics = RunMetrics(["a"])
    for node, rate in (("m", 12.5), ("n", 30.0)):
        metrics.merge(snapshot(1, node=node, planned_rate=rate))
        metrics.merge(snapshot(2, node=node, second=T0 + 1, planned_rate=0.0, span_ns=10**6))
    metrics.merge(snapshot(3, second=T0 + 2))
    assert [second.planned_rate for second in metrics.close_seconds(T0 + 2)] == [42.5, 0.0]


def test_the_plan_is_that_of_the_whole_run_while_a_node_is_lost(snapshot):
    metrics = RunMetrics(["a"])
    of_run = {"planned_rate": 20.0, "planned_vus": 4, "run_rate": 40.0}
    both = [snapshot(1, node=node, **of_run) for node in ("m", "n")]
    for each in both:
        metrics.merge(each)
    stored = Span.of_second((each, 0, 0) for each in both)
    assert second_of(T0, 1, stored, RunTotals()).planned_rate == 40.0
    metrics.merge(snapshot(2, node="m", **of_run))
    metrics.merge(snapshot(3, node="m", planned_vus=3, run_vus=7))
    seconds = metrics.close_seconds(T0 + 3)
    assert [(second.planned_rate, second.planned_vus, second.plan_share) for second in seconds] == [
        (40.0, 8, 1.0),
        (40.0, 4, 0.5),
        (0.0, 7, 3 / 7),
    ]
