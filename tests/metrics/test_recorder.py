"""Samples become windows, and error classes stay bounded."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.recorder import OTHER
from perfsvc.metrics.recorder import ErrorClasses
from perfsvc.metrics.recorder import StepRecorder
from perfsvc.model.window import PhaseSum
from perfsvc.model.window import StepWindow


def filled() -> StepRecorder:
    recorder = StepRecorder()
    recorder.latency += [5_000_000, 9_000_000, 3_000_000]
    recorder.waiting += [4_000_000, 6_000_000, 0]
    recorder.from_plan += [6_000_000]
    recorder.connected += [(100, 200, 0), (0, 300, 0)]
    recorder.statuses[200] += 2
    recorder.failures["Timeout"] += 1
    recorder.failures["Connection Error: refused"] += 2
    recorder.unconnected += 2
    recorder.bytes_sent, recorder.bytes_received = 10, 20
    recorder.checks_passed, recorder.checks_failed = 3, 1
    return recorder


def test_a_window_holds_everything_recorded():
    window = filled().fold(4)
    assert window == StepWindow(
        step=4,
        requests=5,
        failures={"Timeout": 1, "Connection Error: refused": 2},
        statuses={"200": 2},
        bytes_sent=10,
        bytes_received=20,
        checks_passed=3,
        checks_failed=1,
        latency=Histogram.of_ns([5_000_000, 9_000_000, 3_000_000]).pack(),
        from_plan=Histogram.of_ns([6_000_000]).pack(),
        phases={
            "dns": PhaseSum(1, 100, 100),
            "connect": PhaseSum(2, 500, 300),
            "waiting": PhaseSum(2, 10_000_000, 6_000_000),
            "receiving": PhaseSum(2, 4_000_000, 3_000_000),
        },
    )


def test_folding_empties_the_recorder():
    recorder = filled()
    recorder.fold(0)
    assert recorder.fold(0) is None


def test_folding_keeps_the_lists_so_that_bound_appends_stay_good():
    recorder = StepRecorder()
    append, wait = recorder.latency.append, recorder.waiting.append
    for nanoseconds in (1_000_000, 2_000_000):
        append(nanoseconds)
        wait(nanoseconds)
        window = recorder.fold(0)
        assert window is not None
        assert window.requests == 1
        assert Histogram.unpack(window.latency).sum_ns == nanoseconds


def test_nothing_recorded_is_no_window():
    assert StepRecorder().fold(0) is None


@pytest.mark.parametrize("field", ["unconnected", "checks_passed", "checks_failed", "bytes_sent", "bytes_received"])
def test_a_single_count_is_a_window(field: str):
    recorder = StepRecorder()
    setattr(recorder, field, 1)
    window = recorder.fold(0)
    assert window is not None
    assert window.requests == (field == "unconnected")


def test_a_group_has_latency_and_no_phases():
    recorder = StepRecorder()
    recorder.latency.append(5_000_000)
    recorder.waiting.append(0)
    window = recorder.fold(0)
    assert window is not None
    assert (window.requests, window.phases) == (1, {})


def test_a_request_without_a_first_byte_has_no_phases_after_connecting():
    recorder = StepRecorder()
    recorder.latency += [1_000, 7_000]
    recorder.waiting += [0, 5_000]
    window = recorder.fold(0)
    assert window is not None
    assert window.phases == {"waiting": PhaseSum(1, 5_000, 5_000), "receiving": PhaseSum(1, 2_000, 2_000)}


def test_the_first_classes_keep_their_names_and_the_rest_share_one():
    classes = ErrorClasses(limit=2)
    assert [classes.name(name) for name in ("a", "b", "c", "a", "c", OTHER)] == ["a", "b", OTHER, "a", OTHER, OTHER]


def test_names_of_classes_have_a_greatest_length():
    classes = ErrorClasses(limit=2)
    names = [classes.name(f"{'x' * 200}{number}") for number in range(1_000)]
    assert set(names) == {"x" * 200}
    assert classes.name("a") == "a"
    assert classes.name("b") == OTHER


def test_bounded_counts_add_up_to_what_went_in():
    classes = ErrorClasses()
    failures = {f"class {number}": number for number in range(200)}
    bounded = classes.bounded(failures)
    assert len(bounded) == 65
    assert sum(bounded.values()) == sum(failures.values())
    assert bounded[OTHER] == sum(range(64, 200))


def test_recorders_of_a_node_share_one_bound():
    classes = ErrorClasses(limit=1)
    first, second = StepRecorder(classes), StepRecorder(classes)
    first.failures["a"] += 1
    first.fold(0)
    second.failures["b"] += 1
    second.unconnected += 1
    window = second.fold(1)
    assert window is not None
    assert window.failures == {OTHER: 1}


def test_counters_that_come_again_are_added_up_with_the_others() -> None:
    recorder = StepRecorder()
    same = MappingProxyType({"sent": 1, "received": 2})
    other = MappingProxyType({"received": 10})
    for counters in (same, same, {"sent": 5}, same, other, other, same):
        recorder.count(counters, None)
    window = recorder.fold(0)
    assert window is not None
    assert window.counters == {"sent": 9, "received": 28}
    assert recorder.fold(0) is None
    recorder.count(same, None)
    recorder.count(same, None)
    window = recorder.fold(0)
    assert window is not None
    assert window.counters == {"sent": 2, "received": 4}


def test_a_counter_that_a_plugin_changes_is_counted_as_it_is_each_time() -> None:
    recorder = StepRecorder()
    own = {"sent": 1}
    recorder.count(own, None)
    own["sent"] = 3
    recorder.count(own, None)
    window = recorder.fold(0)
    assert window is not None
    assert window.counters == {"sent": 4}
