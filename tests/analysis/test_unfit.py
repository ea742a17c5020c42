"""Spans of seconds in which the generator was not fit, by the limits that the live page has too."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.analysis.unfit import CLOSE_S
from perfsvc.analysis.unfit import MOST
from perfsvc.analysis.unfit import UnfitSeconds
from perfsvc.analysis.unfit import unfitness

FIT: dict[str, Any] = {
    "paused": False, "width": 1, "loop_lag": 1.0, "send_lag": None, "process_cpu": 20.0, "nodes": [],
}  # fmt: skip
LAGS = FIT | {"loop_lag": 90.0}
FULL = FIT | {"process_cpu": 90.0}


def node(state: str, share: float) -> dict[str, Any]:
    return {"state": state, "share": share}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (FIT, None),
        (FIT | {"loop_lag": 50.0}, "lag"),
        (FULL | {"send_lag": 80.0}, "lag"),
        (FULL, "cpu"),
        (LAGS | {"nodes": [node("silent", 100)]}, "lost"),
        (FIT | {"nodes": [node("running", 50), node("lost", 50)]}, "lost"),
        (FIT | {"nodes": [node("running", 100), node("lost", 50)]}, None),
        (FIT | {"loop_lag": 49.9, "process_cpu": None, "nodes": [node("running", 100)]}, None),
    ],
)
def test_why_a_second_is_unfit(data: dict[str, Any], kind: str | None) -> None:
    assert unfitness(data) == kind


def test_seconds_that_touch_are_one_span() -> None:
    seconds = UnfitSeconds()
    for second, data in enumerate([LAGS, LAGS, FULL, FIT, LAGS | {"paused": True}, FULL]):
        seconds.add(second, data)
    assert seconds.blocks() == [
        {"start": 0, "end": 2, "kind": "lag"},
        {"start": 2, "end": 3, "kind": "cpu"},
        {"start": 5, "end": 6, "kind": "cpu"},
    ]


def test_of_very_many_spans_those_close_to_each_other_are_joined() -> None:
    seconds = UnfitSeconds()
    for second in range(0, 2 * MOST, 2):
        seconds.add(second, FULL)
    assert len(seconds.blocks()) == MOST
    seconds.add(2 * MOST + CLOSE_S + 1, LAGS)
    assert seconds.blocks() == [
        {"start": 0, "end": 2 * MOST - 1, "kind": "cpu"},
        {"start": 2 * MOST + CLOSE_S + 1, "end": 2 * MOST + CLOSE_S + 2, "kind": "lag"},
    ]
