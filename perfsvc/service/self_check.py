"""Things that went wrong with the service itself, for ``/healthz``: a bounded list, newest last."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import NamedTuple

from perfsvc.clock import Clock
from perfsvc.clock import utc_now
from perfsvc.errors import Text

MOST_KEPT = 20


class Incident(NamedTuple):
    """An incident; its cause is in the log."""

    time: datetime
    text: Text


class SelfCheck:
    """Incidents since the start."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[Incident] = deque(maxlen=MOST_KEPT)
        self.recovering = False
        """Whether interrupted runs are still being closed."""

    def note(self, zh: str, en: str) -> None:
        """Keep an incident."""
        self._kept.append(Incident(utc_now(self._clock), Text(zh, en)))

    @property
    def incidents(self) -> list[Incident]:
        """The latest ones, at most MOST_KEPT."""
        return list(self._kept)
