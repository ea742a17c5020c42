"""Counting attempts."""

from __future__ import annotations

import pytest

from perfsvc.errors import TooManyRequests
from perfsvc.service.auth.throttle import Throttle
from tests.support.manual_clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def refused(throttle: Throttle, key: object) -> int:
    with pytest.raises(TooManyRequests) as caught:
        throttle.admit(key)
    return caught.value.retry_after


def test_the_window_begins_with_the_first_attempt(clock: ManualClock) -> None:
    throttle = Throttle(2, 60, clock)
    throttle.admit("a")
    clock.advance(50)
    throttle.admit("a")
    assert refused(throttle, "a") == 10
    clock.advance(9.5)
    assert refused(throttle, "a") == 1
    clock.advance(0.5)
    throttle.admit("a")
    throttle.admit("a")
    assert refused(throttle, "a") == 60


def test_keys_do_not_disturb_each_other(clock: ManualClock) -> None:
    throttle = Throttle(1, 60, clock)
    throttle.admit("a")
    throttle.admit("b")
    assert refused(throttle, "a") == 60


def test_being_right_is_forgiven(clock: ManualClock) -> None:
    throttle = Throttle(1, 60, clock)
    throttle.admit("a")
    throttle.reset("a")
    throttle.admit("a")
    throttle.reset("unknown")


def test_one_right_attempt_does_not_hide_the_wrong_ones(clock: ManualClock) -> None:
    throttle = Throttle(2, 60, clock)
    throttle.admit("a")
    throttle.admit("a")
    throttle.refund("a")
    throttle.admit("a")
    assert refused(throttle, "a") == 60
    throttle.refund("unknown")


def test_memory_is_bounded_and_those_seen_last_are_kept(clock: ManualClock) -> None:
    throttle = Throttle(1, 60, clock, capacity=3)
    for key in ("a", "b", "c"):
        throttle.admit(key)
    assert refused(throttle, "a") == 60
    throttle.admit("d")
    assert refused(throttle, "a") == 60
    throttle.admit("b")
    assert len(throttle._attempts) == 3
