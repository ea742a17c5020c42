"""How many users there should be, by tables and by properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfsvc.engine.pacing import share_of
from perfsvc.engine.pacing import target_at
from perfsvc.engine.pacing import users_at
from perfsvc.model.load import Load
from perfsvc.model.load import Stage

RAMP = Load(stages=(Stage(duration=10, target=10), Stage(duration=5, target=10), Stage(duration=10, target=0)))

stage = st.builds(
    Stage, duration=st.floats(0, 1000, allow_nan=False), target=st.integers(0, 10_000).map(float)
)  # fmt: skip


@pytest.mark.parametrize(
    ("elapsed", "users"),
    [
        (-1, 0),
        (0, 1),
        (0.99, 1),
        (1, 2),
        (5.5, 6),
        (9.99, 10),
        (10, 10),
        (14.9, 10),
        (16, 9),
        (24.5, 0),
        (25, 0),
        (99, 0),
    ],
)
def test_users_of_a_ramp(elapsed: float, users: int) -> None:
    assert users_at(RAMP, elapsed) == users


def test_a_stage_of_no_duration_is_a_jump() -> None:
    load = Load(stages=(Stage(duration=0, target=50), Stage(duration=1, target=50)))
    assert users_at(load, 0) == 50


@given(st.lists(stage, min_size=1, max_size=6), st.floats(0, 5000))
def test_users_never_exceed_the_peak(stages: list[Stage], elapsed: float) -> None:
    load = Load(stages=tuple(stages))
    assert 0 <= users_at(load, elapsed) <= load.peak


@given(st.lists(stage, min_size=1, max_size=6))
def test_a_profile_ends_at_its_last_target(stages: list[Stage]) -> None:
    assert target_at(stages, sum(s.duration for s in stages) + 1) == stages[-1].target


@given(st.integers(0, 10**6), st.integers(1, 64))
def test_shares_add_up_and_differ_by_at_most_one(total: int, count: int) -> None:
    shares = [share_of(total, index, count) for index in range(count)]
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1
