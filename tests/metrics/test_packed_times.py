"""Figures of many packed histograms at once equal those of one after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfsvc.metrics.histogram import HEADER
from perfsvc.metrics.histogram import LAYOUT
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.histogram import to_ms
from perfsvc.metrics.packed_times import rounded_ms
from perfsvc.metrics.packed_times import times_of
from perfsvc.metrics.step_summary import Times

latencies = st.one_of(st.integers(0, 5_000), st.integers(10**6, 10**8), st.integers(0, 4 * 10**12))
histograms = st.lists(latencies, max_size=30).map(lambda ns: Histogram.of_ns(ns).pack())


def one_by_one(group: list[bytes]) -> Times:
    return Times.of(Histogram.of_packed(group))


@given(st.lists(st.lists(histograms, max_size=4), max_size=12))
def test_of_groups(groups: list[list[bytes]]) -> None:
    assert times_of(groups) == [one_by_one(group) for group in groups]


@given(st.lists(histograms, max_size=30))
def test_of_one_histogram_each(packed: list[bytes]) -> None:
    assert times_of([[each] for each in packed]) == [one_by_one([each]) for each in packed]


def test_of_counts_of_every_width() -> None:
    widths = [1, 300, 70_000]
    packed = [Histogram.of_ns(np.repeat([10**6, 3 * 10**9], count)).pack() for count in widths]
    of_count = [each[HEADER.size + LAYOUT.size - 1] for each in packed]
    assert of_count == [1, 2, 4]
    assert times_of([packed, *([each] for each in packed)]) == list(map(one_by_one, [packed, *([p] for p in packed)]))


def test_sums_wider_than_64_bits() -> None:
    whole = Histogram()
    for _ in range(70):
        whole.merge(Histogram.of_ns(np.full(10**5, 3 * 10**12)))
    assert whole.sum_ns > 1 << 64
    assert times_of([[whole.pack()], [whole.pack(), Histogram.of_ns([1]).pack()]]) == [
        one_by_one([whole.pack()]),
        one_by_one([whole.pack(), Histogram.of_ns([1]).pack()]),
    ]


@given(st.lists(st.integers(0, 4 * 10**12), min_size=1))
def test_rounding(ns: list[int]) -> None:
    halves = [each - each % 1_000 + 500 for each in ns]
    assert rounded_ms(np.array(ns + halves)).tolist() == [to_ms(each) for each in ns + halves]


GOOD = Histogram.of_ns([1_000_000, 2_000_000, 5_000_000]).pack()
HEAD = HEADER.size + LAYOUT.size


@pytest.mark.parametrize(
    "damaged",
    [
        b"\x09" + GOOD[1:],
        GOOD[:20],
        GOOD[:-1],
        GOOD + b"\x00",
        GOOD[: HEAD - 1] + b"\x03" + GOOD[HEAD:],
        GOOD[: HEAD + 2] + b"\x00\x00" + GOOD[HEAD + 4 :],
        GOOD[:-1] + b"\x00",
        GOOD[: HEADER.size] + b"\xff\xff" + GOOD[HEADER.size + 2 :],
    ],
)
def test_what_cannot_be_unpacked(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"histogram") as alone:
        Histogram.unpack(damaged)
    with pytest.raises(ValueError, match=r"histogram") as among_others:
        times_of([[GOOD], [GOOD, damaged]])
    assert str(among_others.value) == str(alone.value)
