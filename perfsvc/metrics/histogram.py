"""Latency histograms that merge exactly.

The layout is HdrHistogram's (http://hdrhistogram.org; ``HdrHistogram.java::countsArrayIndex``) for a unit of 1 µs, a
range of 1 µs to 1 h and 3 significant digits: 22 points that double in width, each of 2,048 bins of which the lower
half belongs to the point before, 23,552 bins in all. A bin is at most 1/1024 of its value wide. Adding two histograms
adds their bins, so any number of nodes and seconds merge without loss. Count, sum, smallest and largest value are kept
beside the bins and are exact.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfsvc.clock import NS_PER_MS

Counts = NDArray[np.int64]

BINS = 23_552
NO_COUNTS: Counts = np.zeros(0, np.int64)
UNIT_NS = 1_000
HIGHEST_US = 3_600_000_000

HALF_BITS = 10
BUCKET_BITS = HALF_BITS + 1
BUCKET_MASK = (1 << BUCKET_BITS) - 1

PERCENTILES: dict[str, float] = {"p50": 50.0, "p75": 75.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9}

VERSION, COMPRESSED = 2, 1
"""The form that is written, and one of before that is read as well: its bins are compressed by themselves."""
HEADER = struct.Struct("<BIQ16sQQ")
"""Version, number of bins in use, overflow, sum (wider than 64 bits), smallest and largest in ns."""
LAYOUT = struct.Struct("<HBB")
"""The first bin in use, and the bytes of a step to the next one and of a count."""
UNSIGNED: dict[int, np.dtype[np.unsignedinteger[Any]]] = {width: np.dtype(f"<u{width}") for width in (1, 2, 4, 8)}
"""Whole numbers by their bytes."""
SUM_LIMIT = (1 << 63) - 1


class Histogram:
    """Counts per HDR bin, held only for the range of bins in use; grows by ``merge``, never otherwise changes.

    One that was unpacked holds the bins in use alone until something is merged: percentiles need no others.
    """

    __slots__ = ("_bins", "_counts", "_first", "max_ns", "min_ns", "overflow", "sum_ns", "total")

    _bins: Counts | None
    """The bins that are counted; None where they are all from ``_first`` on."""

    total: int
    """How many values were counted."""
    overflow: int
    """How many of them were above 1 h and stand in the last bin."""
    sum_ns: int
    min_ns: int
    max_ns: int

    def __init__(self) -> None:
        self._first = 0
        self._counts = NO_COUNTS
        self._bins = None
        self.total = self.overflow = self.sum_ns = self.min_ns = self.max_ns = 0

    @classmethod
    def of_ns(cls, values: Sequence[int] | Counts) -> Histogram:
        """The histogram of latencies in nanoseconds; a negative one counts as 0."""
        histogram = cls()
        if len(values) == 0:
            return histogram
        ns = np.maximum(np.asarray(values, np.int64), 0)
        bins = bin_of(ns)
        histogram._first = int(bins.min())
        histogram._counts = np.bincount(bins - histogram._first)
        histogram.total = len(ns)
        histogram.overflow = int(np.count_nonzero(ns > HIGHEST_US * UNIT_NS))
        histogram.min_ns, histogram.max_ns = int(ns.min()), int(ns.max())
        histogram.sum_ns = exact_sum(ns, histogram.max_ns)
        return histogram

    def __eq__(self, other: object) -> bool:
        """Whether both count the same values."""
        return isinstance(other, Histogram) and self.pack() == other.pack()

    __hash__ = None  # type: ignore[assignment]

    @property
    def counts(self) -> Counts:
        """All 23,552 bins."""
        self._spread()
        whole: Counts = np.zeros(BINS, np.int64)
        whole[self._first : self._first + len(self._counts)] = self._counts
        return whole

    @property
    def avg_ns(self) -> float | None:
        """The exact mean; None when empty."""
        return self.sum_ns / self.total if self.total else None

    @property
    def extent(self) -> tuple[int, int]:
        """The first bin that is held, and the one after the last."""
        self._spread()
        return self._first, self._first + len(self._counts)

    def without(self, other: Histogram) -> Histogram:
        """The values counted here and not there, where all of those are counted here too.

        The smallest and the largest are exact where they are among the rest, else they are the ends of their bins.
        """
        rest = Histogram()
        counts = self._counts_without(other)
        used = np.flatnonzero(counts)
        if len(used) == 0:
            return rest
        rest._first = self._first + int(used[0])
        rest._counts = counts[used[0] : used[-1] + 1]
        rest.total = self.total - other.total
        rest.overflow = self.overflow - other.overflow
        rest.sum_ns = self.sum_ns - other.sum_ns
        lowest, highest = (upper_end_ns(self._first + int(used[place])) for place in (0, -1))
        rest.min_ns = self.min_ns if not other.total or self.min_ns < other.min_ns else min(lowest, self.max_ns)
        rest.max_ns = self.max_ns if self.max_ns > other.max_ns else min(highest, self.max_ns)
        return rest

    def _counts_without(self, other: Histogram) -> Counts:
        """The counts from the first held bin on."""
        self._spread()
        if not other.total:
            return self._counts.copy()
        self._cover(*other.extent)
        counts, start = self._counts.copy(), other._first - self._first
        counts[start : start + len(other._counts)] -= other._counts
        return counts

    def merge(self, other: Histogram) -> None:
        """Add another histogram's counts to this one's."""
        if other.total:
            self._cover(*other.extent)
            self._add(other)

    def merge_all(self, others: Sequence[Histogram]) -> None:
        """Add the counts of many histograms, for less than one after the other costs."""
        filled = [other for other in others if other.total]
        if filled:
            firsts, ends = zip(*(other.extent for other in filled), strict=True)
            self._cover(min(firsts), max(ends))
            for other in filled:
                self._add(other)

    def _add(self, other: Histogram) -> None:
        """Add what is within the held range; both are spread."""
        start = other._first - self._first
        self._counts[start : start + len(other._counts)] += other._counts
        self.min_ns = min(self.min_ns, other.min_ns) if self.total else other.min_ns
        self.max_ns = max(self.max_ns, other.max_ns)
        self.total += other.total
        self.sum_ns += other.sum_ns
        self.overflow += other.overflow

    def _cover(self, first: int, end: int) -> None:
        """Make the held range include the bins from ``first`` to ``end``."""
        self._spread()
        if not self.total:
            self._first, self._counts = first, np.zeros(end - first, np.int64)
            return
        held_end = self._first + len(self._counts)
        if first < self._first or end > held_end:
            pads = (max(self._first - first, 0), max(end - held_end, 0))
            self._counts = np.pad(self._counts, pads)
            self._first = min(self._first, first)

    def _spread(self) -> None:
        """Hold all bins between the first and the last in use."""
        if self._bins is not None:
            self._counts = spread(self._bins, self._counts)
            self._bins = None

    def percentile_ns(self, q: float) -> int | None:
        """The value that ``q`` percent of all values do not exceed, by nearest rank: rank ⌈q/100 · total⌉.

        Return the upper end of the bin that holds this rank (HdrHistogram's ``highestEquivalentValue``), never outside
        the exact smallest and largest value; None when empty.
        """
        found = self._at([q])
        return found[0] if found else None

    def percentiles_ms(self) -> dict[str, float | None]:
        """p50, p75, p90, p95, p99, p99.9 and max in ms, rounded to 1 µs; all None when empty."""
        if not self.total:
            return dict.fromkeys([*PERCENTILES, "max"])
        found = {name: to_ms(ns) for name, ns in zip(PERCENTILES, self._at(list(PERCENTILES.values())), strict=True)}
        return {**found, "max": to_ms(self.max_ns)}

    def _at(self, quantiles: list[float]) -> list[int]:
        if not self.total:
            return []
        ranks = [rank_of(q, self.total) for q in quantiles]
        places = self._counts.cumsum().searchsorted(ranks)
        bins = places + self._first if self._bins is None else self._bins[places]
        # Few values: NumPy's own clip takes as long as all the rest.
        return [min(max(end, self.min_ns), self.max_ns) for end in upper_ends_ns()[bins].tolist()]

    def quantiles_ns(self, quantiles: list[float]) -> list[int]:
        """Several percentiles at once, as ``percentile_ns``; nothing when empty."""
        return self._at(quantiles)

    def pack(self) -> bytes:
        """The histogram as bytes: exact figures, then the bins in use, in few bytes; ``b""`` when empty."""
        if not self.total:
            return b""
        self._spread()
        used = np.flatnonzero(self._counts)
        head = HEADER.pack(
            VERSION, len(used), self.overflow, self.sum_ns.to_bytes(16, "little"), self.min_ns, self.max_ns
        )
        steps, counts = narrowest(np.diff(used, prepend=used[0])), narrowest(self._counts[used])
        layout = LAYOUT.pack(self._first + int(used[0]), steps.itemsize, counts.itemsize)
        return b"".join((head, layout, steps.tobytes(), counts.tobytes()))

    @classmethod
    def of_packed(cls, packed: Sequence[bytes]) -> Histogram:
        """Many packed histograms as one, for a fraction of what one after the other costs. Raises ValueError."""
        filled = [each for each in packed if each]
        if len(filled) < 2:
            return cls.unpack(filled[0] if filled else b"")
        histogram = cls()
        bins, counts, heads = _joined(filled)
        histogram._first = int(bins.min())
        # Sums of counts are exact in floats up to 2**53.
        histogram._counts = np.bincount(bins - histogram._first, weights=counts).astype(np.int64)
        histogram.total = int(counts.sum())
        _, overflows, sums, smallest, largest = zip(*heads, strict=True)
        histogram.overflow, histogram.sum_ns = sum(overflows), sum(sums)
        histogram.min_ns, histogram.max_ns = min(smallest), max(largest)
        return histogram

    @classmethod
    def unpack(cls, packed: bytes) -> Histogram:
        """Return the histogram that ``pack`` wrote. Raises ValueError for other bytes."""
        histogram = cls()
        if not packed:
            return histogram
        used, histogram.overflow, histogram.sum_ns, histogram.min_ns, histogram.max_ns = _read_head(packed)
        histogram._bins, histogram._counts = bins, counts = _read_bins(packed, used)
        histogram._first = int(bins[0])
        histogram.total = int(counts.sum())
        return histogram


def _joined(packed: Sequence[bytes]) -> tuple[Counts, Counts, list[tuple[int, int, int, int, int]]]:
    """The bins and counts of all histograms one after the other, and the head of each."""
    heads = [_read_head(each) for each in packed]
    parts = [_read_bins(each, head[0]) for each, head in zip(packed, heads, strict=True)]
    return np.concatenate([bins for bins, _ in parts]), np.concatenate([counts for _, counts in parts]), heads


def bin_of(ns: Counts) -> Counts:
    """The HDR bin of each latency, rounded to the nearest µs and clamped to 1 µs … 1 h."""
    us = np.clip((ns + UNIT_NS // 2) // UNIT_NS, 1, HIGHEST_US)
    # The exponent of a float is the bit length of the integer it was made from, exact up to 2**53.
    bit_length = np.frexp((us | BUCKET_MASK).astype(np.float64))[1].astype(np.int64)
    point = bit_length - BUCKET_BITS
    bins: Counts = (point << HALF_BITS) + (us >> point)
    return bins


def upper_end_ns(index: int) -> int:
    """The largest value, in ns, that falls into a bin; in whole µs."""
    point = max((index >> HALF_BITS) - 1, 0)
    sub_bin = index - (point << HALF_BITS)
    return (((sub_bin + 1) << point) - 1) * UNIT_NS


@lru_cache(maxsize=1)
def upper_ends_ns() -> Counts:
    """The largest value, in ns, of every bin."""
    return np.array([upper_end_ns(index) for index in range(BINS)], np.int64)


@lru_cache(maxsize=1)
def upper_ends_ms() -> NDArray[np.float64]:
    """The same in ms."""
    return upper_ends_ns() / NS_PER_MS


def spread(bins: Counts, counts: Counts) -> Counts:
    """The counts of all bins from the first to the last."""
    whole: Counts = np.zeros(int(bins[-1]) - int(bins[0]) + 1, np.int64)
    whole[bins - bins[0]] = counts
    return whole


@lru_cache(maxsize=8192)
def rank_of(q: float, total: int) -> int:
    """The nearest rank of a percentile, at least 1."""
    # 99.9 % of 1000 is 999.0000000000001 in floats; without rounding the ceiling would be one rank too high.
    return min(max(math.ceil(round(q * total / 100, 6)), 1), total)


def exact_sum(ns: Counts, largest: int) -> int:
    """The sum without overflow."""
    if largest * len(ns) <= SUM_LIMIT:
        return int(ns.sum())
    return sum(ns.tolist())


def to_ms(ns: float) -> float:
    """Nanoseconds as milliseconds, rounded to 1 µs."""
    return round(ns / NS_PER_MS, 3)


def narrowest(values: Counts) -> NDArray[np.unsignedinteger[Any]]:
    """The same in as few bytes each as the largest needs."""
    largest = int(values.max())
    return values.astype(next(kind for width, kind in UNSIGNED.items() if largest < 1 << 8 * width))


def _read_head(packed: bytes) -> tuple[int, int, int, int, int]:
    if packed[0] not in (VERSION, COMPRESSED) or len(packed) < HEADER.size + LAYOUT.size:
        raise ValueError(f"not a histogram of version {VERSION}: {packed[:1].hex()}, {len(packed)} bytes")
    _, used, overflow, sum_ns, min_ns, max_ns = HEADER.unpack_from(packed)
    if not 1 <= used <= BINS:
        raise ValueError(f"a histogram cannot use {used} bins")
    return used, overflow, int.from_bytes(sum_ns, "little"), min_ns, max_ns


def _read_bins(packed: bytes, used: int) -> tuple[Counts, Counts]:
    if packed[0] == COMPRESSED:
        first, of_step, of_count = 0, 2, 8
        body = _decompressed(packed, used * (of_step + of_count))
    else:
        first, of_step, of_count = LAYOUT.unpack_from(packed, HEADER.size)
        body = packed[HEADER.size + LAYOUT.size :]
    if of_step not in UNSIGNED or of_count not in UNSIGNED or len(body) != used * (of_step + of_count):
        raise ValueError(f"a histogram of {used} bins cannot have {len(body)} bytes")
    steps = np.frombuffer(body, UNSIGNED[of_step], used)
    bins = steps.cumsum(dtype=np.int64) + first
    counts = np.frombuffer(body, UNSIGNED[of_count], used, used * of_step).astype(np.int64)
    if bins[-1] >= BINS or counts.min() < 1 or not steps[1:].all():
        raise ValueError("a histogram's bins are out of order or out of range")
    return bins, counts


def _decompressed(packed: bytes, size: int) -> bytes:
    try:
        # One byte more than is right shows a body that is too long without ever unpacking it all.
        return zlib.decompressobj().decompress(packed[HEADER.size :], size + 1)
    except zlib.error as error:
        raise ValueError(f"a histogram's bins cannot be read: {error}") from None
