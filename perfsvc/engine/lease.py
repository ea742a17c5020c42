"""How long a node may go on with its load without a message of the controller."""

from __future__ import annotations

from perfsvc.clock import NS_PER_S
from perfsvc.clock import Clock


class Lease:
    """Never over until it is renewed for the first time: a run in one process has no controller to lose."""

    __slots__ = ("_clock", "_until_ns")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_ns: float | None = None

    def renew(self, seconds: float) -> None:
        """Make it last for ``seconds`` from now on."""
        self._until_ns = self._clock.now_ns() + seconds * NS_PER_S

    @property
    def over(self) -> bool:
        return self._until_ns is not None and self._clock.now_ns() > self._until_ns
