"""When a second is complete, with many nodes."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfsvc.metrics.watermark import Watermark
from perfsvc.model.node_timeouts import GRACE_S

SnapshotReport = tuple[float, str, int]
"""The moment, the node and the second that it reported."""


def completed(expected: str, reports: Iterable[SnapshotReport]) -> list[int | None]:
    """The complete second after each report."""
    roll_call = Watermark()
    for node in expected:
        roll_call.expect(node, 1)
    completed_seconds = []
    for moment, node, second in reports:
        roll_call.report(node, second, moment)
        completed_seconds.append(roll_call.complete(moment))
    return completed_seconds


TABLE: dict[str, tuple[str, list[SnapshotReport], list[int | None]]] = {
    "nobody is expected: at once": ("", [(0, "a", 1), (1, "a", 2)], [1, 2]),
    "one node: at once": ("a", [(0, "a", 1), (1, "a", 2)], [1, 2]),
    "all of three": ("abc", [(0, "a", 1), (0.1, "c", 1), (0.2, "b", 1)], [None, None, 1]),
    "the slowest decides": ("ab", [(0, "a", 1), (1, "a", 2), (1.1, "b", 1), (1.2, "b", 2)], [None, None, 1, 2]),
    "a skipped second is told by the next": ("ab", [(0, "a", 1), (0, "a", 2), (0.1, "b", 2)], [None, None, 2]),
    "after the grace without the silent": ("ab", [(0, "a", 1), (1, "a", 2), (2, "a", 3)], [None, None, 3]),
    "the silent holds up once": (
        "ab",
        [(0, "a", 1), (1, "a", 2), (2, "a", 3), (3, "a", 4), (4, "a", 5)],
        [None, None, 3, 4, 5],
    ),
    "who speaks again is waited for again": (
        "ab",
        [(0, "a", 1), (1, "a", 2), (2, "a", 3), (2.5, "b", 3), (3, "a", 4), (3.1, "b", 4)],
        [None, None, 3, None, None, 4],
    ),
    "an unexpected node is not waited for": ("a", [(0, "x", 1), (0.1, "a", 1)], [None, 1]),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_table(name: str) -> None:
    expected, reports, completed_seconds = TABLE[name]
    assert completed(expected, reports) == completed_seconds


def test_the_lost_are_not_waited_for() -> None:
    roll_call = Watermark()
    for node in "ab":
        roll_call.expect(node, 1)
    roll_call.report("a", 1, 0)
    assert roll_call.complete(0) is None
    roll_call.dismiss("b")
    assert roll_call.complete(0) == 1
    assert roll_call.expected == {"a"}


def test_who_joins_late_does_not_hold_up_what_was_before() -> None:
    roll_call = Watermark()
    roll_call.expect("a", 1)
    roll_call.expect("b", 3)
    completed_seconds = []
    for second in (1, 2, 3):
        roll_call.report("a", second, second)
        completed_seconds.append(roll_call.complete(second))
    assert completed_seconds == [1, 2, None]
    roll_call.report("b", 3, 3.5)
    assert roll_call.complete(3.5) == 3


def test_expecting_twice_changes_nothing() -> None:
    roll_call = Watermark()
    for node in "ab":
        roll_call.expect(node, 1)
    roll_call.report("a", 1, 0)
    roll_call.expect("b", 5)
    assert roll_call.complete(0.5) is None


@st.composite
def tellings(draw: st.DrawFn) -> tuple[int, list[SnapshotReport]]:
    """Some nodes that report their seconds in order, each at its own pace, some of them falling silent."""
    count = draw(st.integers(1, 5))
    reports: list[SnapshotReport] = []
    for node in range(count):
        moment = 0.0
        for second in range(1, draw(st.integers(0, 8)) + 1):
            moment += draw(st.floats(0.1, 4.0))
            reports.append((moment, str(node), second))
    return count, sorted(reports)


@given(tellings())
def test_a_second_is_complete_once_in_order_and_with_everybody_or_after_the_grace(
    case: tuple[int, list[SnapshotReport]],
) -> None:
    count, reports = case
    names = "".join(map(str, range(count)))
    done = 0
    first_told: dict[int, float] = {}
    heard: dict[str, int] = dict.fromkeys(names, 0)
    silent: set[str] = set()
    for (moment, node, second), upto in zip(reports, completed(names, reports), strict=True):
        first_told.setdefault(second, moment)
        heard[node] = second
        silent.discard(node)
        silent |= {
            name for name in names for late, first in first_told.items()
            if heard[name] < late and late > done and moment - first >= GRACE_S
        }  # fmt: skip
        if upto is not None:
            assert upto > done
            done = upto
            assert all(heard[name] >= upto for name in names if name not in silent)
        assert all(moment - first < GRACE_S or late <= done for late, first in first_told.items())
