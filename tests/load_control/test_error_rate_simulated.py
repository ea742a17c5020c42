"""The search for the breaking point against simulated targets, in virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.load_control.error_rate.controller import ErrorRateController
from perfsvc.model.load import ErrorSearch
from tests.load_control.simulated import Changing
from tests.load_control.simulated import Dead
from tests.load_control.simulated import Glass
from tests.load_control.simulated import Moment
from tests.load_control.simulated import OpenQueue
from tests.load_control.simulated import Outcome
from tests.load_control.simulated import Pool
from tests.load_control.simulated import Seats
from tests.load_control.simulated import Stalling
from tests.load_control.simulated import Target
from tests.load_control.simulated import TokenBucket
from tests.load_control.simulated import closed_second
from tests.load_control.simulated import drive

RATES = ErrorSearch(low=50, high=2000, threshold=1, level_time=10, settle_time=2)
USERS = ErrorSearch(low=1, high=200, first=10, step=10, threshold=1, level_time=10, settle_time=2)


def searched(target: Target, spec: ErrorSearch = RATES, seconds: int = 1200) -> tuple[dict[str, Any], list[Moment]]:
    search = ErrorRateController(spec, "arrival_rate")
    moments = drive(search, target, spec.low, seconds)
    result = search.result()
    assert result is not None
    return result, moments


def searched_users(target: Target, spec: ErrorSearch = USERS) -> dict[str, Any]:
    search = ErrorRateController(spec, "vus")
    drive(search, target, spec.first or spec.low, 2000)
    result = search.result()
    assert result is not None
    return result


@pytest.mark.parametrize("burst", [1, 10, 50, 100, 250, 500])
@pytest.mark.parametrize("low", [40, 50, 60, 80, 100])
def test_a_limit_of_500_per_second_is_found_five_times_of_five(low: float, burst: float) -> None:
    result, _ = searched(TokenBucket(500, burst), RATES.model_copy(update={"low": low}))
    assert 475 <= result["value"] <= 525
    assert result["low"] == result["value"] < result["high"] < result["value"] * 1.021
    assert (result["complete"], result["recovered"], result["at_least"]) == (True, True, False)
    assert (result["variable"], result["threshold"]) == ("arrival_rate", 1)


@pytest.mark.parametrize("seed", range(1, 7))
def test_random_arrivals_at_a_small_buffer_break_where_theory_says(seed: int) -> None:
    # A bucket of ten tokens under Poisson arrivals loses 1 % at 430 per second, 0.25 % at 390.
    result, _ = searched(TokenBucket(500, 10, seed))
    assert 390 <= result["value"] <= 440
    assert result["complete"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_queue_with_time_outs_breaks_at_its_capacity(seed: int) -> None:
    # Eight servers of 16 ms are 500 per second; what piled up in one level must not be blamed on the next.
    result, _ = searched(OpenQueue(8, 0.016, seed, timeout=0.5))
    assert 475 <= result["value"] <= 525
    assert result["recovered"]


def test_users_are_found_to_the_very_one() -> None:
    spec = USERS.model_copy(update={"precision": 0.1})
    result = searched_users(Seats(74), spec)
    assert (result["value"], result["high"], result["complete"]) == (74, 75, True)
    assert all(row["level"] == int(row["level"]) for row in result["evidence"])


def test_users_are_raised_by_steps_from_the_first() -> None:
    result = searched_users(Seats(34))
    raised = [row["level"] for row in result["evidence"] if row["phase"] == "raise"]
    assert raised == [10, 20, 30, 40]


def test_where_the_first_level_fails_lower_ones_are_tried() -> None:
    result = searched_users(Seats(6))
    assert (result["value"], result["high"]) == (6, 7)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_errors_that_are_always_there_do_not_hide_the_limit(seed: int) -> None:
    result = searched_users(Seats(74, base_error_share=0.005, seed=seed))
    assert 72 <= result["value"] <= 76
    assert result["complete"]


def test_nothing_found_up_to_the_limit() -> None:
    result, moments = searched(TokenBucket(5000))
    assert (result["value"], result["low"], result["high"]) == (2000, 2000, 2000)
    assert (result["at_least"], result["complete"], result["recovered"]) == (True, True, None)
    assert len(moments) == 10 * len(result["evidence"])


def test_even_the_lowest_level_is_too_much() -> None:
    result, moments = searched(TokenBucket(10))
    assert (result["value"], result["low"], result["high"]) == (None, None, 50)
    assert (result["at_least"], result["complete"], result["recovered"]) == (False, True, False)
    assert [(row["level"], row["phase"]) for row in result["evidence"]] == [(50, "raise"), (50, "recover")]
    assert len(moments) == 13


def test_a_target_that_needs_to_warm_up_is_given_a_second_chance() -> None:
    bucket = TokenBucket(10)
    result, _ = searched(Changing(bucket, {6: lambda: setattr(bucket, "rate", 500.0)}))
    assert 475 <= result["value"] <= 525
    assert result["complete"]


def test_a_level_that_is_clearly_bad_ends_early() -> None:
    result, _ = searched(TokenBucket(500, 1))
    bad = [row for row in result["evidence"] if row["verdict"] == "bad" and row["error_rate"] > 10]
    assert [row["seconds"] for row in bad] == [1] * len(bad)
    assert bad


def test_every_failure_is_followed_by_a_rest_well_below() -> None:
    result, _ = searched(TokenBucket(500, 1))
    rows = result["evidence"]
    rests = [rows[number + 1] for number, row in enumerate(rows) if row["verdict"] == "bad"]
    assert {row["phase"] for row in rests} == {"recover"}
    assert all(row["level"] <= 0.5 * result["high"] for row in rests)


def test_the_answer_is_confirmed_and_so_is_its_ceiling() -> None:
    result, _ = searched(TokenBucket(500, 1))
    phases = [(row["phase"], row["level"], row["verdict"]) for row in result["evidence"][-5:-1]]
    value, high = result["value"], result["high"]
    assert phases == [("confirm", value, "good")] * 3 + [("recheck", high, "bad")]
    assert (result["evidence"][-1]["phase"], result["evidence"][-1]["verdict"]) == ("recover", "good")


def test_a_generator_that_cannot_keep_up_says_at_least() -> None:
    result, _ = searched(Pool(TokenBucket(1000), most=300))
    assert 294 <= result["value"] <= 306
    assert (result["at_least"], result["complete"]) == (True, True)
    saturated = [row for row in result["evidence"] if row["verdict"] == "saturated"]
    assert saturated
    assert all(row["saturated"] is True and row["level"] > result["value"] for row in saturated)
    assert not any(row.get("saturated") for row in result["evidence"] if row["verdict"] == "good")


def test_late_arrivals_alone_do_not_make_a_level_saturated() -> None:
    class Waiting(TokenBucket):
        def second(self, level: float) -> Outcome:
            outcome = super().second(level)
            outcome.late = len(outcome.latencies) // 10
            return outcome

    result, _ = searched(Waiting(500), RATES.model_copy(update={"settle_time": 0.0}))
    assert 475 <= result["value"] <= 525
    assert not result["at_least"]


@pytest.mark.parametrize(("start", "end"), [(5, 40), (45, 70), (62, 90), (75, 130)])
def test_a_target_that_was_ill_for_a_while_is_not_judged_by_that(start: int, end: int) -> None:
    bucket = TokenBucket(500, 10)
    events = {start: lambda: setattr(bucket, "rate", 60.0), end: lambda: setattr(bucket, "rate", 500.0)}
    result, _ = searched(Changing(bucket, events))
    assert 475 <= result["value"] <= 525
    assert result["complete"]


@pytest.mark.parametrize("low", [40, 50, 60, 80, 100])
def test_a_generator_that_stalls_now_and_then_is_not_held_against_the_target(low: float) -> None:
    result, _ = searched(Stalling(TokenBucket(500, 10)), RATES.model_copy(update={"low": low}))
    assert 475 <= result["value"] <= 525
    assert result["complete"]


def test_a_generator_that_always_stalls_says_at_least() -> None:
    result, _ = searched(Stalling(TokenBucket(500, 10), most=300), seconds=2000)
    assert 294 <= result["value"] <= 300
    assert (result["at_least"], result["complete"]) == (True, True)


def test_a_target_that_breaks_for_good_is_reported_so() -> None:
    result, moments = searched(Glass(500))
    assert (result["value"], result["high"]) == (379.8, 569.7)
    assert (result["recovered"], result["complete"], result["at_least"]) == (False, False, False)
    rests = [row["level"] for row in result["evidence"] if row["phase"] == "recover"]
    assert rests == [189.9, 50]
    assert len(moments) < 110


def test_a_target_that_only_mends_at_the_lowest_load_is_searched_on() -> None:
    result, _ = searched(Glass(500, mends=60))
    assert 475 <= result["value"] <= 500
    assert result["recovered"]


def test_a_target_that_never_answers_yields_nothing() -> None:
    result, moments = searched(Dead())
    assert (result["value"], result["at_least"], result["recovered"]) == (None, False, False)
    assert [row["verdict"] for row in result["evidence"]] == ["empty", "bad"]
    assert len(moments) == 20


def test_what_is_known_when_the_run_is_stopped() -> None:
    result, _ = searched(TokenBucket(500), seconds=70)
    assert (result["value"], result["low"], result["high"], result["complete"]) == (379.8, 379.8, 569.7, False)
    assert result["evidence"][-1]["verdict"] == "unfinished"


def test_before_the_first_second_nothing_is_known() -> None:
    result = ErrorRateController(RATES, "arrival_rate").result()
    assert result is not None
    assert (result["value"], result["high"], result["evidence"], result["complete"]) == (None, None, [], False)


def test_a_level_with_a_pause_in_it_is_measured_anew() -> None:
    search = ErrorRateController(RATES, "arrival_rate")
    for number in range(1, 6):
        assert search.observe(closed_second(number, 50, TokenBucket(500).second(50))) is None
    assert search.observe(closed_second(6, 50, Outcome([]), paused=True, elapsed=5)) is None
    answers = [
        search.observe(closed_second(number, 50, TokenBucket(500).second(50), elapsed=number - 1))
        for number in range(7, 17)
    ]
    assert answers == [None] * 9 + [75]


def test_a_pause_of_which_nothing_is_reported_is_noticed() -> None:
    search = ErrorRateController(RATES, "arrival_rate")
    for number in range(1, 6):
        search.observe(closed_second(number, 50, TokenBucket(500).second(50)))
    answers = [
        search.observe(closed_second(number + 30, 50, TokenBucket(500).second(50), elapsed=number))
        for number in range(6, 16)
    ]
    assert answers == [None] * 9 + [75]


def test_a_load_set_by_hand_is_measured_next() -> None:
    search = ErrorRateController(RATES, "arrival_rate")
    for number in range(1, 5):
        search.observe(closed_second(number, 50, TokenBucket(500).second(50)))
    search.changed_by_hand(450)
    answers = [search.observe(closed_second(number, 450, TokenBucket(500).second(450))) for number in range(5, 15)]
    assert answers == [None] * 9 + [675]
    result = search.result()
    assert result is not None
    assert [(row["level"], row["verdict"]) for row in result["evidence"]] == [(450, "good")]


def test_a_load_set_by_hand_beyond_the_bounds_is_brought_back() -> None:
    search = ErrorRateController(RATES, "arrival_rate")
    search.changed_by_hand(9000)
    assert search.observe(closed_second(1, 9000, TokenBucket(500).second(9000))) == 2000


def test_after_the_end_nothing_is_asked_for() -> None:
    search = ErrorRateController(RATES, "arrival_rate")
    drive(search, TokenBucket(10), 50, 100)
    assert search.finished
    assert search.observe(closed_second(101, 50, TokenBucket(10).second(50))) is None
