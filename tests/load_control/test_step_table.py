"""The staircase: its table and its knee."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.load_control.step.controller import StepTable
from perfsvc.load_control.step.knee import Point
from perfsvc.load_control.step.knee import knee_of
from perfsvc.model.config import PlanConfig
from perfsvc.model.load import Load
from perfsvc.model.profile import load_of
from tests.load_control.simulated import ClosedQueue
from tests.load_control.simulated import OpenQueue
from tests.load_control.simulated import Outcome
from tests.load_control.simulated import Target
from tests.load_control.simulated import TokenBucket
from tests.load_control.simulated import closed_second


def staircase(step: int, top: int, step_time: int = 10, **execution: Any) -> Load:
    config = {
        "concurrent_users": top,
        "test_mode": "step",
        "step_users": step,
        "step_time": step_time,
        "execution_config": execution,
    }
    return load_of(PlanConfig.parse(config))


def climbed(load: Load, target: Target) -> dict[str, Any]:
    """The result of a whole staircase."""
    table = StepTable(load)
    number = 0
    for stage in load.stages:
        for _ in range(int(stage.duration)):
            number += 1
            assert table.observe(closed_second(number, stage.target, target.second(stage.target))) is None
    assert not table.finished
    result = table.result()
    assert result is not None
    return result


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_knee_of_users_before_eight_servers(seed: int) -> None:
    # Eight servers of 20 ms are full with 8 · (20 + 180) / 20 = 80 users who think for 180 ms.
    result = climbed(staircase(20, 200), ClosedQueue(8, 0.02, 0.18, seed))
    assert result["value"] in (60, 80)
    assert (result["low"], result["high"]) == (result["value"] - 20, result["value"] + 20)
    assert result["variable"] == "vus"


def test_the_knee_of_arrivals_before_a_limit() -> None:
    load = staircase(100, 10, arrival_rate={"min": 100, "max": 1000})
    result = climbed(load, TokenBucket(500))
    assert (result["variable"], result["value"], result["low"], result["high"]) == ("arrival_rate", 500, 400, 600)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_knee_that_only_latency_shows(seed: int) -> None:
    # Ten servers of 20 ms take 500 per second; at 490 throughput still follows, and the queue has grown long.
    load = staircase(70, 10, step_time=30, arrival_rate={"min": 70, "max": 496})
    result = climbed(load, OpenQueue(10, 0.02, seed))
    assert result["value"] in (350, 420, 490)


def test_no_knee_where_load_pays_to_the_end() -> None:
    result = climbed(staircase(10, 100), ClosedQueue(1000, 0.02, 0.18, 1))
    assert (result["value"], result["low"], result["high"], result["recovered"]) == (None, None, None, None)
    assert [row["level"] for row in result["evidence"]] == list(range(10, 101, 10))


def test_a_row_says_what_was_measured_in_its_step() -> None:
    load = staircase(10, 20, step_time=4)
    table = StepTable(load)
    for number in range(1, 9):
        level = 10 if number <= 4 else 20
        table.observe(closed_second(number, level, Outcome([number * 10.0] * level, errors=number % 2)))
    result = table.result()
    assert result is not None
    assert result["evidence"] == [
        {
            "level": 10.0,
            "seconds": 3,
            "requests": 30,
            "errors": 1,
            "error_rate": 3.333,
            "rps": 10.0,
            "avg": 30.0,
            "p50": 30.0,
            "p95": 30.0,
            "p99": 30.0,
        },
        {
            "level": 20.0,
            "seconds": 3,
            "requests": 60,
            "errors": 1,
            "error_rate": 1.667,
            "rps": 20.0,
            "avg": 70.0,
            "p50": 70.0,
            "p95": 70.0,
            "p99": 70.0,
        },
    ]


@pytest.mark.parametrize(("step_time", "counted"), [(1, 1), (2, 2), (3, 2), (10, 9)])
def test_the_first_second_of_a_step_settles_where_there_is_time(step_time: int, counted: int) -> None:
    result = climbed(staircase(1, 3, step_time=step_time), ClosedQueue(8, 0.02, 0.0, 1))
    assert [row["seconds"] for row in result["evidence"]] == [counted] * 3


def test_a_second_that_lies_in_two_steps_counts_in_neither() -> None:
    table = StepTable(staircase(1, 2, step_time=5))
    for elapsed in (0.6, 1.6, 2.6, 3.6, 4.6, 5.6, 6.6, 7.6, 8.6, 9.6):
        table.observe(closed_second(int(elapsed + 1), 1, Outcome([10.0]), elapsed=elapsed))
    result = table.result()
    assert result is not None
    assert [row["seconds"] for row in result["evidence"]] == [3, 3]


def test_pauses_are_no_evidence() -> None:
    table = StepTable(staircase(1, 2, step_time=5))
    for number in range(1, 20):
        table.observe(closed_second(number, 1, Outcome([]), paused=True, elapsed=2.0))
    result = table.result()
    assert result is not None
    assert result["evidence"] == []


def test_a_load_set_by_hand_ends_the_staircase() -> None:
    table = StepTable(staircase(10, 50, step_time=4))
    for number in range(1, 9):
        table.observe(closed_second(number, 10, Outcome([10.0] * 10)))
    table.changed_by_hand(7)
    for number in range(9, 13):
        table.observe(closed_second(number, 7, Outcome([10.0] * 7)))
    result = table.result()
    assert result is not None
    assert [(row["level"], row["seconds"], row.get("by_hand", False)) for row in result["evidence"]] == [
        (10, 3, False),
        (20, 3, False),
        (7, 3, True),
    ]


@pytest.mark.parametrize(
    ("goodputs", "knee"),
    [
        ([10, 20, 30, 40, 50, 60], None),
        ([10, 20, 30, 40, 40, 40], 3),
        ([10, 20, 30, 40, 41, 39], 3),
        ([10, 20, 30, 40, 20, 0], 3),
        ([10, 10, 10, 10, 10, 10], 0),
        ([10, 20, 30, 37, 44, 51], None),
        ([0, 0, 0, 0, 0, 0], None),
        ([10, 20], None),
        # Levels that scatter: one that is no higher than the one before says nothing, three in a row do.
        ([9, 24, 26, 45, 44, 66, 62], None),
        ([11, 18, 33, 36, 55, 54, 53, 55], 4),
    ],
)
def test_the_knee_of_throughput(goodputs: list[float], knee: int | None) -> None:
    assert knee_of([Point(10.0 * (n + 1), goodput, 20.0) for n, goodput in enumerate(goodputs)]) == knee


@pytest.mark.parametrize(
    ("latencies", "knee"),
    [
        ([10, 10, 10, 12, 15], None),
        ([10, 10, 11, 14, 40], 3),
        ([None] * 5, None),
        # The first level was quick by chance; what was lost was lost after the fifth.
        ([2, 10, 10, 10, 10, 30], 4),
    ],
)
def test_the_knee_of_power(latencies: list[float | None], knee: int | None) -> None:
    assert knee_of([Point(10.0 * (n + 1), 10.0 * (n + 1), latency) for n, latency in enumerate(latencies)]) == knee
