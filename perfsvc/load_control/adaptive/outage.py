"""Outage detector: separates a target that stopped replying from one with few requests."""

from __future__ import annotations

LONGEST_S = 4.0
FEWEST_MISSED = 20
"""So many replies must be missing before silence means anything."""
SHARE_OF_NEWEST = 0.2


class OutageDetector:
    """Counts the seconds without a reply, against how many there used to be.

    ``reaction_s`` is how long a reply takes when all is well.
    """

    def __init__(self, reaction_s: float) -> None:
        self._longest_s = LONGEST_S + reaction_s
        self._usual = 0.0
        self._seconds = 0

    def broken(self, requests: int) -> None:
        """Record a second with this number of replies."""
        per_second = requests / (self._seconds + 1)
        self._usual += SHARE_OF_NEWEST * (per_second - self._usual)
        self._seconds = 0

    def lasts(self) -> bool:
        """Count a second without a reply. Return whether that is an outage by now, and start over if so."""
        self._seconds += 1
        if self._seconds < self._longest_s or self._seconds * self._usual < FEWEST_MISSED:
            return False
        self._seconds = 0
        return True

    def forget(self) -> None:
        """Start over with the same expectation."""
        self._seconds = 0
