"""The warm-up of a run: its first seconds, which count neither in totals nor for thresholds.

Seconds are whole: one that begins before the warm-up is over belongs to it, on every node alike.
"""

from __future__ import annotations

from perfsvc.clock import NS_PER_S
from perfsvc.metrics.totals import RunTotals
from perfsvc.model.window import Snapshot

AT_ITS_END_S = 0.02
"""Nodes begin a little apart: a second that begins so shortly before the end of the warm-up is no part of it."""


class WarmUp:
    """What was done during the warm-up of ``length`` s of load-profile time, and in which seconds (Unix time)."""

    __slots__ = ("_first_after", "dropped", "first", "iterations", "last", "late", "length", "total")

    def __init__(self, length: float) -> None:
        self.length = length
        self.total = RunTotals()
        self.iterations = self.dropped = self.late = 0
        self.first: int | None = None
        self.last: int | None = None
        self._first_after: int | None = None

    @property
    def over(self) -> bool:
        """Whether a second after the warm-up is known."""
        return not self.length or self._first_after is not None

    @property
    def end(self) -> int | None:
        """The second after the last one that is known to be part of the warm-up."""
        return None if self.last is None else self.last + 1

    def holds(self, second: int) -> bool:
        """Whether a second is part of the warm-up, as far as that is known."""
        return self.last is not None and second <= self.last

    def covers(self, snapshot: Snapshot) -> bool:
        """Whether a snapshot is of the warm-up. The first one of a second decides for all nodes."""
        if not self.length:
            return False
        if self.holds(snapshot.second):
            return True
        if self._first_after is not None and snapshot.second >= self._first_after:
            return False
        began = snapshot.elapsed - snapshot.span_ns / NS_PER_S
        if began < self.length - AT_ITS_END_S:
            self.first = snapshot.second if self.first is None else min(self.first, snapshot.second)
            self.last = snapshot.second
            return True
        self._first_after = snapshot.second
        return False

    def count(self, snapshot: Snapshot) -> None:
        """Count what a snapshot has besides its samples."""
        self.iterations += snapshot.iterations
        self.dropped += snapshot.dropped
        self.late += snapshot.late
