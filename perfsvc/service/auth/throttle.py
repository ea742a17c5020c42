"""Rate limits for login attempts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from perfsvc.clock import NS_PER_S
from perfsvc.clock import Clock
from perfsvc.errors import TooManyRequests

CAPACITY = 10_000


class Attempts(NamedTuple):
    """Number of attempts since a moment of the monotonic clock."""

    since_ns: int
    number: int


class Throttle:
    """At most ``limit`` attempts per key within ``window`` seconds of the first one.

    Keeps the ``capacity`` most recent keys.
    """

    def __init__(self, limit: int, window: int, clock: Clock, capacity: int = CAPACITY) -> None:
        self._limit = limit
        self._window_ns = window * NS_PER_S
        self._clock = clock
        self._capacity = capacity
        self._attempts: OrderedDict[Hashable, Attempts] = OrderedDict()

    def admit(self, key: Hashable) -> None:
        """Count an attempt. Raises TooManyRequests with the seconds until the window ends."""
        now = self._clock.now_ns()
        attempts = self._attempts.pop(key, Attempts(now, 0))
        if now - attempts.since_ns >= self._window_ns:
            attempts = Attempts(now, 0)
        self._attempts[key] = Attempts(attempts.since_ns, min(attempts.number + 1, self._limit))
        if len(self._attempts) > self._capacity:
            self._attempts.popitem(last=False)
        if attempts.number >= self._limit:
            raise TooManyRequests(max(1, -(-(attempts.since_ns + self._window_ns - now) // NS_PER_S)))

    def refund(self, key: Hashable) -> None:
        """Uncount one successful attempt; failed ones still count."""
        attempts = self._attempts.get(key)
        if attempts is not None:
            self._attempts[key] = Attempts(attempts.since_ns, max(0, attempts.number - 1))

    def reset(self, key: Hashable) -> None:
        """Forget all attempts of a key."""
        self._attempts.pop(key, None)
