"""Counters of a session: messages, pings, pushes and close codes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ROUND_TRIP: Mapping[str, float] = MappingProxyType({"messages_sent": 1, "messages_received": 1})
"""The counts of most requests: one shared object, which cannot be changed."""


class MessageCounts:
    """Counts since the last request ended."""

    __slots__ = ("_counters", "received", "sent")

    def __init__(self) -> None:
        self.sent = self.received = 0
        self._counters: dict[str, float] = {}

    def count(self, name: str) -> None:
        """Add one to a counter other than messages."""
        self._counters[name] = self._counters.get(name, 0) + 1

    def taken(self) -> Mapping[str, float] | None:
        """Return the counts and start over; None if there are none."""
        sent, received = self.sent, self.received
        self.sent = self.received = 0
        if not self._counters:
            if sent == received == 1:
                return ROUND_TRIP
            if not sent and not received:
                return None
        counted, self._counters = self._counters, {}
        if sent:
            counted["messages_sent"] = sent
        if received:
            counted["messages_received"] = received
        return counted
