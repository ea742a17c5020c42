"""Exactly once: which snapshots of which node have been counted, and which are missing."""

from __future__ import annotations

MAX_RANGES = 1_000
"""Gaps remembered per node. Beyond it the oldest gap is given up: it stays missing, and a late arrival is refused."""

Range = tuple[int, int]


class SeenSequence:
    """The numbers seen of one node, counted from 1."""

    __slots__ = ("_abandoned", "_gaps", "highest")

    def __init__(self) -> None:
        self.highest = 0
        self._gaps: list[Range] = []
        self._abandoned: list[Range] = []

    def accept(self, seq: int) -> bool:
        """Whether ``seq`` is new; a number seen before, or below 1, is not."""
        if seq > self.highest:
            if seq > self.highest + 1:
                self._open_gap((self.highest + 1, seq - 1))
            self.highest = seq
            return True
        return self._fill(seq)

    @property
    def missing(self) -> list[Range]:
        """The gaps in order, as (first, last); those given up as one range from the first to the last of them."""
        return [*self._abandoned, *self._gaps]

    @property
    def missing_count(self) -> int:
        """Number of missing sequence numbers; of gaps given up, an upper bound."""
        return sum(last - first + 1 for first, last in self.missing)

    def _open_gap(self, gap: Range) -> None:
        self._gaps.append(gap)
        if len(self._gaps) > MAX_RANGES:
            oldest = self._gaps.pop(0)
            first = self._abandoned[0][0] if self._abandoned else oldest[0]
            self._abandoned = [(first, oldest[1])]

    def _fill(self, seq: int) -> bool:
        for at, (first, last) in enumerate(self._gaps):
            if first <= seq <= last:
                rest = [(first, seq - 1), (seq + 1, last)]
                self._gaps[at : at + 1] = [gap for gap in rest if gap[0] <= gap[1]]
                return True
        return False
