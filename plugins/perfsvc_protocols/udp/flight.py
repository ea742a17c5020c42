"""Datagrams in flight, by number: replies, duplicates, reordering and jitter.

Pure: times are arguments. Numbers only grow within a session.
"""

from __future__ import annotations

from enum import Enum

REMEMBERED = 8192
"""Number of latest datagrams whose replies are recognised."""
ANSWERED = 0


class Arrival(Enum):
    """Classification of a reply."""

    FIRST = "the first to its datagram"
    DUPLICATE = "one more to the same datagram"
    UNKNOWN = "to a datagram that was not sent, or too long ago"


class Flight:
    """The datagrams of one session.

    ``jitter_ns`` is the estimate of RFC 3550, section 6.4.1, over round trips; None before the second reply.
    ``overtaken``: the latest reply arrived after the reply to a later datagram.
    """

    __slots__ = ("_highest", "_last_trip_ns", "_sent_ns", "jitter_ns", "next", "overtaken", "trip_ns")

    def __init__(self) -> None:
        self.jitter_ns: float | None = None
        self.next = 1
        self.overtaken = False
        self.trip_ns = 0
        self._highest = 0
        self._last_trip_ns = 0
        self._sent_ns: dict[int, int] = {}

    def send(self, now_ns: int) -> int:
        """Record a datagram that is about to be sent and return its number."""
        number = self.next
        self.next = number + 1
        self._sent_ns[number] = now_ns
        if len(self._sent_ns) > REMEMBERED:
            del self._sent_ns[next(iter(self._sent_ns))]
        return number

    def arrive(self, number: int, now_ns: int) -> Arrival:
        """Record a reply."""
        sent_ns = self._sent_ns.get(number)
        self.overtaken = False
        if sent_ns is None:
            return Arrival.UNKNOWN
        if sent_ns == ANSWERED:
            return Arrival.DUPLICATE
        self._sent_ns[number] = ANSWERED
        self.overtaken = number < self._highest
        self._highest = max(self._highest, number)
        self._time(now_ns - sent_ns)
        return Arrival.FIRST

    def _time(self, trip_ns: int) -> None:
        self.trip_ns = trip_ns
        if self._last_trip_ns:
            jitter = self.jitter_ns or 0.0
            self.jitter_ns = jitter + (abs(trip_ns - self._last_trip_ns) - jitter) / 16
        self._last_trip_ns = trip_ns
