"""When a second is complete: every node that is expected to tell it has told it, or has had time enough.

A node tells its seconds in order, so one that told a second has nothing to add to those before. One that let the grace
pass is not waited for again until it is heard of: what is lost or at its end holds a run's seconds up once, not each
time. Where nobody is expected, as in a run of one node, a second is complete when it is first told.
"""

from __future__ import annotations

from perfsvc.model.liveness import GRACE_S


class Watermark:
    """Who has told which second (Unix time). Moments are seconds of a steady clock."""

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._told: dict[str, int] = {}
        self._silent: set[str] = set()
        self._waiting: dict[int, float] = {}
        """The seconds that are told and not complete, and when each was first told."""
        self._done = 0

    @property
    def expected(self) -> frozenset[str]:
        """The nodes that are waited for."""
        return frozenset(self._told) - self._silent

    def expect(self, node: str, first: int) -> None:
        """A node will tell the seconds from ``first`` on. Of one that is expected already nothing changes."""
        self._told.setdefault(node, first - 1)

    def dismiss(self, node: str) -> None:
        """A node is lost: nothing is expected of it."""
        self._told.pop(node, None)
        self._silent.discard(node)

    def heard(self, node: str, second: int, moment: float) -> None:
        """A node told a second."""
        if node in self._told:
            self._told[node] = max(self._told[node], second)
            self._silent.discard(node)
        if second > self._done:
            self._waiting.setdefault(second, moment)

    def complete(self, moment: float) -> int | None:
        """The latest second that has become complete, with all before it; None when there is none."""
        self._give_up_on_the_silent(moment)
        told_by_all = min((self._told[node] for node in self.expected), default=max(self._waiting, default=0))
        complete = [second for second in self._waiting if second <= told_by_all]
        for second in complete:
            del self._waiting[second]
        self._done = max(complete, default=self._done)
        return self._done if complete else None

    def _give_up_on_the_silent(self, moment: float) -> None:
        overdue = [second for second, first_told in self._waiting.items() if moment - first_told >= self._grace_s]
        if overdue:
            self._silent |= {node for node, told in self._told.items() if told < max(overdue)}
