"""Profile time: the time of a run, which begins with its load and stands still while the run is paused."""

from __future__ import annotations

from perfsvc.clock import NS_PER_S
from perfsvc.clock import Clock
from perfsvc.engine.share import StartTime


class ProfileClock:
    """Profile time of one run on one machine; 0 until ``begin``.

    ``origin_ns`` and ``wall`` are the start on the machine's clocks, ``paused_ns`` is the length of all pauses that are
    over. ``paused_at_ns`` is the start of the present pause, or None.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.begun = False
        self.origin_ns = 0
        self.wall = 0.0
        self.paused_ns = 0
        self.paused_at_ns: int | None = None

    @property
    def paused(self) -> bool:
        """Whether profile time stands still because of a pause."""
        return self.paused_at_ns is not None

    def begin(self, start: StartTime | None = None, lead_s: float = 0.0, paused_ns: int = 0) -> None:
        """Begin at ``start``, or ``lead_s`` from now."""
        if start is None:
            start = StartTime(self._clock.now_ns() + int(lead_s * NS_PER_S), self._clock.wall() + lead_s)
        self.origin_ns, self.wall, self.paused_ns = start.clock_ns, start.wall, paused_ns
        self.begun = True

    def pause(self, at_ns: int | None = None) -> int:
        """Stop at ``at_ns``, or now. Return the moment."""
        self.paused_at_ns = self._clock.now_ns() if at_ns is None else at_ns
        return self.paused_at_ns

    def resume(self, at_ns: int | None = None) -> int:
        """Go on at ``at_ns``, or now. Return the moment."""
        resumed_ns = self._clock.now_ns() if at_ns is None else at_ns
        if self.paused_at_ns is not None:
            self.paused_ns += resumed_ns - self.paused_at_ns
            self.paused_at_ns = None
        return resumed_ns

    def elapsed_ns(self, now_ns: int) -> int:
        """Profile time at a reading of the clock."""
        if not self.begun:
            return 0
        reached_ns = now_ns if self.paused_at_ns is None else self.paused_at_ns
        return max(reached_ns - self.origin_ns - self.paused_ns, 0)

    def elapsed(self) -> float:
        """Profile time now, s."""
        return self.elapsed_ns(self._clock.now_ns()) / NS_PER_S

    def active_ns(self) -> int:
        """The machine's clock without the pauses that are over."""
        return self._clock.now_ns() - self.paused_ns
