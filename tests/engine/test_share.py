"""Which part of a run a node has: every number has one owner, and what grows takes nothing from anyone."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfsvc.engine.share import WHOLE
from perfsvc.engine.share import Share
from perfsvc.engine.share import Slot
from perfsvc.engine.share import pattern_of

weights = st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any).map(tuple)


def shares_of(given_weights: tuple[int, ...]) -> list[Share]:
    return [Share(index, given_weights) for index in range(len(given_weights))]


@pytest.mark.parametrize(
    ("given_weights", "pattern"),
    [
        ((1,), (0,)),
        ((7,), (0,)),
        ((1, 1, 1), (0, 1, 2)),
        ((20, 10), (0, 1, 0)),
        ((3, 1), (0, 0, 1, 0)),
        ((0, 2, 2), (1, 2)),
    ],
)
def test_patterns(given_weights: tuple[int, ...], pattern: tuple[int, ...]) -> None:
    assert pattern_of(given_weights) == pattern


@given(weights, st.integers(0, 10**6))
def test_shares_add_up_and_follow_the_weights(given_weights: tuple[int, ...], total: int) -> None:
    parts = [share.of(total) for share in shares_of(given_weights)]
    assert sum(parts) == total
    for part, weight in zip(parts, given_weights, strict=True):
        assert abs(part - total * weight / sum(given_weights)) <= len(given_weights)


@given(weights, st.integers(0, 1000))
def test_one_more_is_one_more_for_one_node(given_weights: tuple[int, ...], total: int) -> None:
    gained = [share.of(total + 1) - share.of(total) for share in shares_of(given_weights)]
    assert sorted(gained) == [0] * (len(given_weights) - 1) + [1]
    assert gained == [int(share.owns(total)) for share in shares_of(given_weights)]


@given(weights, st.integers(-1, 300))
def test_skips_lead_from_one_own_number_to_the_next(given_weights: tuple[int, ...], after: int) -> None:
    for share in shares_of(given_weights):
        if share.empty:
            continue
        number, found = after, []
        for skip in islice(share.skips(after), 20):
            number += skip + 1
            found.append(number)
        assert found == [each for each in range(after + 1, number + 1) if share.owns(each)]


def test_weights_that_are_none() -> None:
    with pytest.raises(ValueError, match="weights"):
        Share(0, (2, -1))


def test_where_nobody_has_a_share() -> None:
    nobody = Share(1, (0, 0))
    assert nobody.empty
    assert (nobody.of(7), nobody.owns(7), nobody.fraction) == (0, False, 0)


def test_user_numbers_are_unique_over_nodes_and_generations() -> None:
    places = [Slot(share, generation) for share in shares_of((1, 2, 1)) for generation in range(3)]
    numbers = [place.user_number(number) for place in places for number in range(1, 100)]
    assert len(set(numbers)) == len(numbers)
    assert [WHOLE.user_number(number) for number in (1, 2, 3)] == [1, 2, 3]
