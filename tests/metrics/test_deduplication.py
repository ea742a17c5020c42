"""Exactly once, whatever the order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfsvc.metrics import deduplication
from perfsvc.metrics.deduplication import SeenSequence


@given(st.lists(st.integers(1, 60), max_size=150))
def test_every_number_counts_once_and_gaps_are_what_never_came(numbers: list[int]):
    seen, order = set(), SeenSequence()
    for number in numbers:
        assert order.accept(number) == (number not in seen)
        seen.add(number)
    missing = {number for first, last in order.missing for number in range(first, last + 1)}
    assert missing == set(range(1, max(seen, default=0) + 1)) - seen
    assert order.missing_count == len(missing)
    assert order.missing == sorted(order.missing)


def test_a_gap_is_known_filled_and_closed():
    order = SeenSequence()
    assert order.accept(1)
    assert order.accept(5)
    assert order.missing == [(2, 4)]
    assert order.accept(3)
    assert order.missing == [(2, 2), (4, 4)]
    assert not order.accept(3)
    assert order.accept(2)
    assert order.accept(4)
    assert order.missing == []


def test_numbers_below_one_are_refused():
    assert not SeenSequence().accept(0)


def test_the_oldest_gaps_are_given_up_but_stay_missing(monkeypatch):
    monkeypatch.setattr(deduplication, "MAX_RANGES", 2)
    order = SeenSequence()
    for number in (2, 4, 6, 8):
        assert order.accept(number)
    assert order.missing == [(1, 3), (5, 5), (7, 7)]
    assert not order.accept(1)
    assert order.accept(5)
