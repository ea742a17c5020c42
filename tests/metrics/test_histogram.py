"""The histogram against HdrHistogram's own package, and its algebra."""

from __future__ import annotations

import math
import zlib

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from perfsvc.metrics.histogram import BINS
from perfsvc.metrics.histogram import HEADER
from perfsvc.metrics.histogram import HIGHEST_US
from perfsvc.metrics.histogram import LAYOUT
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.histogram import bin_of
from perfsvc.metrics.histogram import rank_of
from perfsvc.metrics.histogram import upper_end_ns

HOUR_NS = HIGHEST_US * 1000

# Evenly over the orders of magnitude rather than over the numbers: latencies are.
latencies = st.floats(0, math.log(HOUR_NS)).map(lambda exponent: min(round(math.exp(exponent)), HOUR_NS))
samples = st.lists(latencies, max_size=200)
whole_us = st.floats(0, math.log(HIGHEST_US)).map(lambda exponent: min(round(math.exp(exponent)), HIGHEST_US) * 1000)


def same(one: Histogram, other: Histogram) -> bool:
    figures = ("total", "overflow", "sum_ns", "min_ns", "max_ns")
    return bool((one.counts == other.counts).all()) and all(getattr(one, f) == getattr(other, f) for f in figures)


def merged(*histograms: Histogram) -> Histogram:
    whole = Histogram()
    for histogram in histograms:
        whole.merge(histogram)
    return whole


def oracle_of(us: list[int]) -> HdrHistogram:
    oracle = HdrHistogram(1, HIGHEST_US, 3)
    for value in us:
        assert oracle.record_value(value)
    return oracle


def counts_of(oracle: HdrHistogram) -> list[int]:
    return [oracle.get_count_at_index(index) for index in range(oracle.counts_len)]


def test_has_the_oracles_number_of_bins():
    assert HdrHistogram(1, HIGHEST_US, 3).counts_len == BINS == 23_552


def test_counts_bin_for_bin_what_the_oracle_counts():
    rng = np.random.default_rng(7)
    us = np.clip(np.exp(rng.uniform(0, math.log(HIGHEST_US), 5_000)).astype(np.int64), 1, HIGHEST_US)
    edges = [edge for power in range(32) for edge in (2**power - 1, 2**power, 2**power + 1) if 1 <= edge <= HIGHEST_US]
    values = [*us.tolist(), *edges, HIGHEST_US]
    assert Histogram.of_ns([value * 1000 for value in values]).counts.tolist() == counts_of(oracle_of(values))


@given(st.lists(whole_us, min_size=1, max_size=50))
@settings(max_examples=30)
def test_counts_any_values_as_the_oracle_does(values: list[int]):
    mine = np.flatnonzero(Histogram.of_ns(values).counts).tolist()
    oracle = oracle_of([value // 1000 for value in values])
    assert mine == [index for index, count in enumerate(counts_of(oracle)) if count]


@given(whole_us)
def test_upper_end_is_the_oracles_highest_equivalent_value(ns: int):
    index = int(bin_of(np.array([ns], np.int64))[0])
    assert upper_end_ns(index) == HdrHistogram(1, HIGHEST_US, 3).get_highest_equivalent_value(ns // 1000) * 1000


@given(samples, samples)
def test_merging_is_commutative(a: list[int], b: list[int]):
    one, other = Histogram.of_ns(a), Histogram.of_ns(b)
    assert same(merged(one, other), merged(other, one))


@given(samples, samples, samples)
def test_merging_is_associative(a: list[int], b: list[int], c: list[int]):
    one, two, three = (Histogram.of_ns(values) for values in (a, b, c))
    assert same(merged(merged(one, two), three), merged(one, merged(two, three)))


@given(samples, samples)
def test_merging_counts_what_one_histogram_of_all_counts(a: list[int], b: list[int]):
    assert same(merged(Histogram.of_ns(a), Histogram.of_ns(b)), Histogram.of_ns(a + b))


@given(samples)
def test_packing_loses_nothing(values: list[int]):
    histogram = Histogram.of_ns(values)
    assert same(Histogram.unpack(histogram.pack()), histogram)


@given(st.lists(whole_us, min_size=1, max_size=300), st.floats(0, 100))
def test_a_percentile_is_within_a_thousandth_of_the_exact_one(values: list[int], q: float):
    exact = sorted(values)[rank_of(q, len(values)) - 1]
    found = Histogram.of_ns(values).percentile_ns(q)
    assert found is not None
    assert exact <= found <= exact * 1.001


@given(st.lists(latencies.filter(lambda ns: ns > 500), min_size=1, max_size=300), st.floats(0, 100))
def test_below_the_unit_a_percentile_is_within_half_a_microsecond(values: list[int], q: float):
    exact = sorted(values)[rank_of(q, len(values)) - 1]
    found = Histogram.of_ns(values).percentile_ns(q)
    assert found is not None
    assert exact - 500 <= found <= exact * 1.001 + 500


@given(samples.filter(bool))
def test_keeps_count_sum_and_extremes_exactly(values: list[int]):
    histogram = Histogram.of_ns(values)
    assert (histogram.total, histogram.sum_ns) == (len(values), sum(values))
    assert (histogram.min_ns, histogram.max_ns) == (min(values), max(values))
    assert histogram.avg_ns == sum(values) / len(values)


@given(samples.filter(bool), st.floats(0, 100))
def test_a_percentile_never_leaves_the_measured_range(values: list[int], q: float):
    found = Histogram.of_ns(values).percentile_ns(q)
    assert found is not None
    assert min(values) <= found <= max(values)


@pytest.mark.parametrize(
    ("q", "total", "rank"),
    [
        (0, 10, 1),
        (50, 1, 1),
        (50, 2, 1),
        (50, 3, 2),
        (90, 16, 15),
        (95, 100, 95),
        (99, 100, 99),
        (99.9, 1000, 999),
        (100, 7, 7),
    ],
)
def test_rank_is_the_nearest_rank(q: float, total: int, rank: int):
    assert rank_of(q, total) == rank


def test_percentiles_in_milliseconds():
    histogram = Histogram.of_ns([n * 1_000_000 for n in range(1, 1001)])
    assert histogram.percentiles_ms() == {
        "p50": 500.223,
        "p75": 750.079,
        "p90": 900.095,
        "p95": 950.271,
        "p99": 990.207,
        "p99.9": 999.423,
        "max": 1000.0,
    }


def test_an_empty_histogram_has_no_figures():
    empty = Histogram()
    assert empty.percentile_ns(50) is None
    assert empty.avg_ns is None
    assert set(empty.percentiles_ms().values()) == {None}
    assert empty.pack() == b""
    assert same(Histogram.unpack(b""), empty)


def test_more_than_an_hour_is_counted_in_the_last_bin_and_told():
    histogram = Histogram.of_ns([HOUR_NS + 1, HOUR_NS])
    assert histogram.overflow == 1
    assert int(histogram.counts[bin_of(np.array([HOUR_NS], np.int64))[0]]) == 2
    assert histogram.max_ns == HOUR_NS + 1
    assert Histogram.unpack(histogram.pack()).overflow == 1


def test_zero_and_less_are_counted_in_the_lowest_bin():
    histogram = Histogram.of_ns([0, -5, 400])
    assert np.flatnonzero(histogram.counts).tolist() == [1]
    assert (histogram.total, histogram.sum_ns, histogram.min_ns) == (3, 400, 0)


def test_the_sum_may_be_wider_than_64_bits():
    histogram = Histogram.of_ns(np.full(6_000_000, HOUR_NS))
    assert histogram.sum_ns == 6_000_000 * HOUR_NS > 2**64
    assert Histogram.unpack(histogram.pack()).sum_ns == histogram.sum_ns


def test_takes_arrays_as_well_as_lists():
    values = [5_000, 7_000_000]
    assert same(Histogram.of_ns(np.array(values, np.int64)), Histogram.of_ns(values))


def test_merging_leaves_the_other_as_it_was():
    one, other = Histogram.of_ns([1_000_000]), Histogram.of_ns([5_000_000])
    whole = merged(one, other)
    whole.merge(Histogram.of_ns([1_000_000]))
    assert one.total == other.total == 1
    assert one.counts.sum() == other.counts.sum() == 1


def before(**changes: object) -> bytes:
    """A histogram of one value in bin 5, as it was packed before, with something changed."""
    fields = {"version": 1, "used": 1, "body": b"\x05\x00" + (1).to_bytes(8, "little"), **changes}
    head = HEADER.pack(fields["version"], fields["used"], 0, bytes(16), 0, 0)
    return head + zlib.compress(fields["body"])


def broken(**changes: object) -> bytes:
    """The same as it is packed now."""
    fields = {"version": 2, "used": 1, "layout": (5, 1, 1), "body": b"\x00\x01", **changes}
    head = HEADER.pack(fields["version"], fields["used"], 0, bytes(16), 0, 0)
    return head + LAYOUT.pack(*fields["layout"]) + fields["body"]


@pytest.mark.parametrize(
    "packed",
    [
        b"\x01",
        b"\x02" + bytes(60),
        before(version=9),
        before(used=0),
        before(used=BINS + 1),
        before(used=2),
        before(body=bytes(1_000_000)),
        before(body=b"\x00\x60" + (1).to_bytes(8, "little")),
        before(body=b"\x05\x00" + bytes(8)),
        before(used=2, body=b"\x05\x00\x00\x00" + (1).to_bytes(8, "little") * 2),
        before()[:-3] + b"zzz",
        before()[: HEADER.size] + b"not zlib",
        broken(version=9),
        broken(used=0),
        broken(used=BINS + 1),
        broken(used=2),
        broken(body=b"\x00\x01\x00"),
        broken(body=b"\x00\x00"),
        broken(layout=(BINS, 1, 1)),
        broken(layout=(5, 3, 1), body=bytes(4)),
        broken(layout=(5, 1, 0), body=b"\x00"),
        broken(used=2, body=b"\x00\x00\x01\x01"),
        broken()[: HEADER.size],
    ],
)
def test_bytes_that_are_no_histogram_are_refused(packed: bytes):
    with pytest.raises(ValueError, match="histogram"):
        Histogram.unpack(packed)


def test_the_made_to_order_bytes_are_otherwise_sound():
    for packed in (before(), broken()):
        assert np.flatnonzero(Histogram.unpack(packed).counts).tolist() == [5]
    assert Histogram.of_packed([before(), broken()]).counts[5] == 2
