"""Percentile curves: each point is exact for the percentile that is shown, whatever the number of requests."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfsvc.analysis.window_views import Chosen
from perfsvc.analysis.window_views import distribution_block
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.histogram import rank_of
from perfsvc.model.window import StepWindow

ALL = Chosen("service", "all")


def curve_of(total: int) -> list[tuple[float, float, int]]:
    """The curve of latencies of 1, 2, 3 … µs: in bins of their own up to 2,048, so that a value is its rank."""
    latency = Histogram.of_ns([us * 1000 for us in range(1, total + 1)]).pack()
    points: list[tuple[float, float, int]] = distribution_block([StepWindow(0, total, latency=latency)], ALL)["points"]
    return points


@given(total=st.integers(1, 2_047))
def test_a_point_is_the_value_at_the_rank_of_its_percentile(total: int) -> None:
    for percentile, ms, count in curve_of(total):
        assert (round(ms * 1000), count) == (rank_of(percentile, total), rank_of(percentile, total))


def test_a_percentile_with_more_digits_than_are_shown() -> None:
    assert (99.804688, 1.534, 1534) in curve_of(1536)
