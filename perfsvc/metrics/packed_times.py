"""Figures of many packed histograms at once.

A series by seconds is made of thousands of small histograms, which one after the other cost more in calls than in work.
The figures equal those of ``Times.of`` to the last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from perfsvc.clock import NS_PER_MS
from perfsvc.metrics.histogram import BINS
from perfsvc.metrics.histogram import UNSIGNED
from perfsvc.metrics.histogram import VERSION
from perfsvc.metrics.histogram import Counts
from perfsvc.metrics.histogram import Histogram
from perfsvc.metrics.histogram import rank_of
from perfsvc.metrics.histogram import upper_ends_ns
from perfsvc.metrics.step_summary import SHOWN
from perfsvc.metrics.step_summary import Times

Heads = NDArray[np.void]
Numbers = NDArray[np.float64]

HEAD = np.dtype(
    [
        ("version", "u1"),
        ("used", "<u4"),
        ("overflow", "<u8"),
        ("sum", "<u8", (2,)),
        ("min", "<u8"),
        ("max", "<u8"),
        ("first", "<u2"),
        ("of_step", "u1"),
        ("of_count", "u1"),
    ]
)
"""``HEADER`` and ``LAYOUT`` of a packed histogram."""
WIDTHS = list(UNSIGNED)
NEAR_TIE = 1e-3
"""How near to the middle between two thousandths a product of floats may fall on the wrong side of it."""


def times_of(groups: Sequence[Sequence[bytes]]) -> list[Times]:
    """The figures of each group's histograms as one. Raises ValueError for bytes that are no packed histogram."""
    filled = [[each for each in group if each] for group in groups]
    found = iter(times_of_filled([group for group in filled if group]))
    return [next(found) if group else Times() for group in filled]


def times_of_filled(groups: list[list[bytes]]) -> list[Times]:
    """The same of groups that have histograms, none of which is empty."""
    if not groups:
        return []
    packed = [each if each[0] == VERSION else Histogram.unpack(each).pack() for group in groups for each in group]
    heads = heads_of(packed)
    sizes = np.array([len(group) for group in groups])
    keys, counts = bins_of(packed, heads, np.repeat(np.arange(len(groups)), sizes))
    starts = sizes.cumsum() - sizes
    smallest = np.minimum.reduceat(heads["min"], starts).astype(np.int64)
    largest = np.maximum.reduceat(heads["max"], starts).astype(np.int64)
    totals, ends = percentiles_of(keys, counts, len(groups))
    shown = np.minimum(np.maximum(ends, smallest), largest)
    averages = averages_of(heads["sum"].tolist(), sizes.tolist(), totals)
    columns = [rounded_ms(each).tolist() for each in (averages, *shown, largest)]
    return [Times(*row) for row in zip(*columns, strict=True)]


def heads_of(packed: Sequence[bytes]) -> Heads:
    """The head of each histogram. Raises ValueError unless its length is right."""
    if min(map(len, packed)) < HEAD.itemsize:
        refuse(packed)
    heads: Heads = np.frombuffer(b"".join([each[: HEAD.itemsize] for each in packed]), HEAD)
    bodies = np.array([len(each) for each in packed]) - HEAD.itemsize
    right = (heads["used"] > 0) & (bodies == heads["used"] * (heads["of_step"].astype(np.int64) + heads["of_count"]))
    if not (right & np.isin(heads["of_step"], WIDTHS) & np.isin(heads["of_count"], WIDTHS)).all():
        refuse(packed)
    return heads


def refuse(packed: Sequence[bytes]) -> NoReturn:
    """Raises ValueError with what is wrong with the first histogram that cannot be unpacked."""
    for each in packed:
        Histogram.unpack(each)
    raise AssertionError("one of them cannot be unpacked")


def bins_of(packed: Sequence[bytes], heads: Heads, groups: Counts) -> tuple[Counts, Counts]:
    """The bins in use as ``group * BINS + bin``, in order, and their counts. Raises ValueError."""
    kinds = heads["of_step"].astype(np.int64) << 8 | heads["of_count"]
    parts = []
    for kind in np.unique(kinds).tolist():
        places = np.flatnonzero(kinds == kind)
        parts.append(bins_of_one_kind([packed[place] for place in places.tolist()], heads[places], groups[places]))
    keys, counts = (np.concatenate(each) for each in zip(*parts, strict=True))
    if len(parts) > 1 or not (keys[1:] > keys[:-1]).all():
        order = keys.argsort(kind="stable")
        keys, counts = keys[order], counts[order]
    return keys, counts


def bins_of_one_kind(packed: Sequence[bytes], heads: Heads, groups: Counts) -> tuple[Counts, Counts]:
    """The same, out of order, of histograms whose numbers have the same widths. Raises ValueError."""
    used, of_step = heads["used"].astype(np.int64), int(heads["of_step"][0])
    ends = (HEAD.itemsize + used * of_step).tolist()
    all_steps = b"".join([each[HEAD.itemsize : end] for each, end in zip(packed, ends, strict=True)])
    all_counts = b"".join([each[end:] for each, end in zip(packed, ends, strict=True)])
    steps = np.frombuffer(all_steps, UNSIGNED[of_step])
    counts = np.frombuffer(all_counts, UNSIGNED[int(heads["of_count"][0])]).astype(np.int64)
    lasts = used.cumsum() - 1
    starts = lasts - used + 1
    sums = steps.cumsum(dtype=np.int64)
    before = sums[starts] - steps[starts]
    moved = steps != 0
    moved[starts] = True
    if not (moved.all() and counts.min() > 0 and (sums[lasts] - before + heads["first"] < BINS).all()):
        refuse(packed)
    return sums + np.repeat(groups * BINS + heads["first"] - before, used), counts


def percentiles_of(keys: Counts, counts: Counts, groups: int) -> tuple[list[int], Counts]:
    """How many values each group has, and for each of ``SHOWN`` the ends in ns of the bins that hold it."""
    sums = counts.cumsum()
    starts = keys.searchsorted(np.arange(groups) * BINS)
    before = sums[starts] - counts[starts]
    totals = np.diff(before, append=sums[-1]).tolist()
    ranks = np.array([[rank_of(quantile, total) for total in totals] for quantile in SHOWN])
    return totals, upper_ends_ns()[keys[sums.searchsorted(ranks + before)] % BINS]


def averages_of(sums: list[list[int]], sizes: list[int], totals: list[int]) -> Numbers:
    """The mean of each group in ns. Sums are wider than 64 bits: their low half comes first."""
    whole = iter([low | high << 64 for low, high in sums])
    of_groups = [sum(next(whole) for _ in range(size)) for size in sizes]
    return np.array([sum_ns / total for sum_ns, total in zip(of_groups, totals, strict=True)])


def rounded_ms(ns: Numbers | Counts) -> Numbers:
    """Nanoseconds as milliseconds, as ``to_ms`` rounds them one by one."""
    ms = ns / NS_PER_MS
    scaled = ms * 1_000
    nearest = np.rint(scaled)
    rounded: Numbers = nearest / 1_000
    for place in np.argwhere(np.abs(np.abs(scaled - nearest) - 0.5) < NEAR_TIE):
        rounded[tuple(place)] = round(float(ms[tuple(place)]), 3)
    return rounded
