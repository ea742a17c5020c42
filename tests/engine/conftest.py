"""What tests of the engine have in common."""

from __future__ import annotations

import pytest

from perfsvc.engine.pattern_time import refill


@pytest.fixture(autouse=True)
def pattern_time_left() -> None:
    """No test has used up what the patterns of another may take: without an engine there are no ticks."""
    refill()
