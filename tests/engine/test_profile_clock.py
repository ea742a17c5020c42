"""Profile time: from the start on, without pauses, on this machine's clock."""

from __future__ import annotations

from perfsvc.engine.profile_clock import ProfileClock
from perfsvc.engine.share import StartTime
from tests.support.manual_clock import ManualClock

S = 1_000_000_000


def begun(lead_s: float = 0.0) -> tuple[ManualClock, ProfileClock]:
    clock = ManualClock()
    time = ProfileClock(clock)
    time.begin(lead_s=lead_s)
    return clock, time


def test_there_is_no_time_before_the_start() -> None:
    clock = ManualClock()
    time = ProfileClock(clock)
    clock.advance(5)
    assert (time.begun, time.elapsed(), time.paused) == (False, 0.0, False)


def test_a_start_in_the_future_has_no_negative_time() -> None:
    clock, time = begun(2.0)
    clock.advance(1)
    assert time.elapsed() == 0.0
    clock.advance(1.5)
    assert time.elapsed() == 0.5


def test_a_pause_stops_time_and_counts_once_it_is_over() -> None:
    clock, time = begun()
    clock.advance(3)
    time.pause()
    clock.advance(10)
    assert (time.elapsed(), time.paused, time.paused_ns) == (3.0, True, 0)
    time.resume()
    clock.advance(1)
    assert (time.elapsed(), time.paused, time.paused_ns) == (4.0, False, 10 * S)
    assert clock.now_ns() - time.active_ns() == 10 * S


def test_a_pause_agreed_for_a_moment_holds_from_then_however_late_it_arrives() -> None:
    clock, time = begun()
    clock.advance(5)
    at_ns = clock.now_ns() - S
    assert time.pause(at_ns) == at_ns
    assert time.elapsed() == 4.0
    clock.advance(3)
    time.resume(clock.now_ns() - S)
    assert time.elapsed() == 5.0


def test_a_node_that_joins_late_takes_over_the_pauses_before() -> None:
    clock = ManualClock()
    time = ProfileClock(clock)
    clock.advance(20)
    time.begin(StartTime(clock.now_ns() - 12 * S, 1000.0), paused_ns=4 * S)
    assert (time.elapsed(), time.wall) == (8.0, 1000.0)
