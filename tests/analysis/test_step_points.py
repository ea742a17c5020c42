"""A point of one node's window equals that of sums, which is how points of several nodes are made, and that of stored
figures; lists of points.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfsvc.analysis.step_columns import StepColumns
from perfsvc.analysis.step_points import SERIES
from perfsvc.analysis.step_points import StepPoint
from perfsvc.analysis.step_points import Stored
from perfsvc.analysis.step_points import step_points
from perfsvc.analysis.window_views import Chosen
from perfsvc.clock import NS_PER_S
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.point import LoadTotals
from perfsvc.metrics.span import Span
from perfsvc.metrics.step_summary import StepSummary
from perfsvc.model.window import GaugeSum
from perfsvc.model.window import StepWindow

SPAN = Span(load=LoadTotals(seconds=1, span_ns=NS_PER_S))
NOTHING = StepWindow(3, 0)

times = st.lists(st.integers(1_000, 10**10), max_size=40)


def window_of(succeeded: list[int], failed: list[int]) -> StepWindow:
    """A window with requests of so many ns."""
    whole = Histogram.of_ns(succeeded + failed).pack()
    return StepWindow(
        step=3,
        requests=len(succeeded) + len(failed) + 1,
        failures={"timeout": len(failed), "refused": 1},
        statuses={"200": len(succeeded)},
        latency=whole,
        from_plan=whole,
        failed=Histogram.of_ns(failed).pack(),
        counters={"bytes": 2.5},
        gauges={"queue": GaugeSum(3, 10.0, 7.0)},
    )


@pytest.mark.parametrize("outcome", ["all", "success"])
@pytest.mark.parametrize("latency", ["service", "plan"])
@given(succeeded=times, failed=times)
def test_of_one_window_and_of_a_sum(latency, outcome, succeeded: list[int], failed: list[int]) -> None:
    window, chosen = window_of(succeeded, failed), Chosen(latency, outcome)
    alone, sum_of_two = step_points([Stored([window], SPAN), Stored([window, NOTHING], SPAN)], chosen)
    assert alone == sum_of_two
    assert step_points([Stored(StepSummary.of(window), SPAN)], chosen) == [alone]


@given(succeeded=times, failed=times)
def test_successful_requests_alone(succeeded: list[int], failed: list[int]) -> None:
    rest = Histogram.of_ns(succeeded + failed).without(Histogram.of_ns(failed))
    alone = Histogram.of_ns(succeeded)
    assert (rest.total, rest.sum_ns, rest.counts.tolist()) == (alone.total, alone.sum_ns, alone.counts.tolist())


def test_a_rest_has_counts_of_its_own() -> None:
    whole = Histogram.of_ns([1_000, 2_000])
    whole.without(Histogram()).merge(Histogram.of_ns([1_000]))
    assert whole == Histogram.of_ns([1_000, 2_000])


numbers = st.dictionaries(st.sampled_from("abc"), st.integers(1, 9), max_size=3)
points = st.builds(
    StepPoint,
    figures=st.tuples(*[st.none() | st.integers(0, 9)] * len(SERIES)),
    failures=numbers,
    statuses=numbers,
    counters=numbers,
    gauges=numbers,
)


@given(st.lists(points, max_size=6))
def test_lists_have_a_number_for_each_point(each: list[StepPoint]) -> None:
    columns = StepColumns()
    for point in each:
        columns.add(point)
    block = columns.block()
    assert list(block) == [*SERIES, "failures", "statuses", "counters", "gauges"]
    for place, name in enumerate(SERIES):
        assert block[name] == [point.figures[place] for point in each]
    for field, missing in {"failures": 0, "statuses": 0, "counters": 0, "gauges": None}.items():
        given_here = [getattr(point, field) for point in each]
        names = sorted({name for found in given_here for name in found})
        assert list(block[field].items()) == [
            (name, [found.get(name, missing) for found in given_here]) for name in names
        ]
