"""Each comparison of a threshold, below, at and above its limit."""

from __future__ import annotations

from typing import get_args

import pytest

from perfsvc.model.threshold import Operator
from perfsvc.model.threshold import Threshold

LIMIT = 300.0
HOLDS: dict[str, tuple[bool, bool, bool]] = {
    "<": (True, False, False),
    "<=": (True, True, False),
    ">": (False, False, True),
    ">=": (False, True, True),
    "==": (False, True, False),
    "!=": (True, False, True),
}


def test_every_operator_has_its_case() -> None:
    assert HOLDS.keys() == set(get_args(Operator))


@pytest.mark.parametrize("operator", HOLDS)
def test_a_comparison_at_its_limit_and_beside_it(operator: str) -> None:
    threshold = Threshold.model_validate(f"p95 {operator} {LIMIT:g}")
    assert tuple(threshold.holds(value) for value in (LIMIT - 0.5, LIMIT, LIMIT + 0.5)) == HOLDS[operator]
