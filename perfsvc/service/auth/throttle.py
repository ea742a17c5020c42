"""Counts attempts, so that nobody can guess passwords at leisure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from perfsvc.clock import Clock
from perfsvc.errors import TooManyRequests

CAPACITY = 10_000
NS = 1_000_000_000


class Tally(NamedTuple):
    """How often since when, in nanoseconds of the steady clock."""

    since_ns: int
    attempts: int


class Throttle:
    """At most ``limit`` attempts of one key in ``window`` seconds, counted from the first of them.

    Remembers the ``capacity`` keys seen last; an attacker with more addresses than that pays in addresses.
    """

    def __init__(self, limit: int, window: int, clock: Clock, capacity: int = CAPACITY) -> None:
        self._limit = limit
        self._window_ns = window * NS
        self._clock = clock
        self._capacity = capacity
        self._tallies: OrderedDict[Hashable, Tally] = OrderedDict()

    def admit(self, key: Hashable) -> None:
        """Count one more attempt; raises TooManyRequests with the seconds until the window ends."""
        now = self._clock.now_ns()
        tally = self._tallies.pop(key, Tally(now, 0))
        if now - tally.since_ns >= self._window_ns:
            tally = Tally(now, 0)
        self._tallies[key] = Tally(tally.since_ns, min(tally.attempts + 1, self._limit))
        if len(self._tallies) > self._capacity:
            self._tallies.popitem(last=False)
        if tally.attempts >= self._limit:
            raise TooManyRequests(max(1, -(-(tally.since_ns + self._window_ns - now) // NS)))

    def refund(self, key: Hashable) -> None:
        """Take one attempt back: it was right. Those that were wrong still count."""
        tally = self._tallies.get(key)
        if tally is not None:
            self._tallies[key] = Tally(tally.since_ns, max(0, tally.attempts - 1))

    def forgive(self, key: Hashable) -> None:
        """Forget the key's attempts: one of them was right."""
        self._tallies.pop(key, None)
