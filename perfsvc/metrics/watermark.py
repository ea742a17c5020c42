"""Watermark: a second is complete when every expected node has reported it, or after the allowed lateness.

A node reports its seconds in order, so one that reported a second has nothing to add to those before. One that let the
grace pass is not waited for again until it is heard of: a lost node delays a run's seconds once, not each
time. Where no node is expected, as in a run of one node, a second is complete when it is first reported.
"""

from __future__ import annotations

from perfsvc.model.node_timeouts import GRACE_S


class Watermark:
    """Which node has reported which second (Unix time). Moments are seconds of a steady clock."""

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._reported: dict[str, int] = {}
        self._silent: set[str] = set()
        self._waiting: dict[int, float] = {}
        """The seconds that are reported and not complete, and when each was first reported."""
        self._done = 0

    @property
    def expected(self) -> frozenset[str]:
        """The nodes that are waited for."""
        return frozenset(self._reported) - self._silent

    def expect(self, node: str, first: int) -> None:
        """Expect a node to report the seconds from ``first`` on. Of one that is expected already nothing changes."""
        self._reported.setdefault(node, first - 1)

    def dismiss(self, node: str) -> None:
        """A node is lost: nothing is expected of it."""
        self._reported.pop(node, None)
        self._silent.discard(node)

    def report(self, node: str, second: int, moment: float) -> None:
        """Take note of a second that a node reported."""
        if node in self._reported:
            self._reported[node] = max(self._reported[node], second)
            self._silent.discard(node)
        if second > self._done:
            self._waiting.setdefault(second, moment)

    def complete(self, moment: float) -> int | None:
        """The latest second that has become complete, with all before it; None when there is none."""
        self._give_up_on_the_silent(moment)
        told_by_all = min((self._reported[node] for node in self.expected), default=max(self._waiting, default=0))
        complete = [second for second in self._waiting if second <= told_by_all]
        for second in complete:
            del self._waiting[second]
        self._done = max(complete, default=self._done)
        return self._done if complete else None

    def _give_up_on_the_silent(self, moment: float) -> None:
        overdue = [second for second, first_report in self._waiting.items() if moment - first_report >= self._grace_s]
        if overdue:
            self._silent |= {node for node, second in self._reported.items() if second < max(overdue)}
