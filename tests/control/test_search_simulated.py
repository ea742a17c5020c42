"""The search against simulated targets, in virtual time."""

from __future__ import annotations

import pytest

from perfsvc.engine.control.search import BreakingPoint
from perfsvc.model.load import ErrorSearch
from tests.control.simulated import TokenBucket
from tests.control.simulated import drive

SPEC = ErrorSearch(low=50, high=2000, threshold=1, level_time=10, settle_time=2)


@pytest.mark.parametrize("burst", [1, 10, 50, 500, 1000])
def test_a_limit_of_500_per_second_is_found(burst: float) -> None:
    search = BreakingPoint(SPEC, "arrival_rate")
    drive(search, TokenBucket(500, burst), 50, 1200)
    result = search.result()
    assert result is not None
    assert result["complete"]
    assert result["recovered"]
    assert not result["at_least"]
    assert 475 <= result["value"] <= 525
    assert result["low"] == result["value"] < result["high"] <= 535
