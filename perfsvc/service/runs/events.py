"""Events of a run, as charts and reports show them: changes of load, of nodes, of thresholds."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Any

from perfsvc.clock import iso_z

MAX_EVENTS = 1_000


class EventLog:
    """The events in order; of too many, the first and the latest half are kept."""

    def __init__(self) -> None:
        self._first: list[dict[str, Any]] = []
        self._latest: deque[dict[str, Any]] = deque(maxlen=MAX_EVENTS // 2)

    def add(self, kind: str, moment: datetime, elapsed: float, /, **details: Any) -> dict[str, Any]:
        """Add an event and return it as the API shows it. ``elapsed`` is profile time in seconds."""
        event = {
            "event": kind,
            "timestamp": int(moment.timestamp()),
            "time": iso_z(moment),
            "elapsed": round(elapsed, 3),
            **details,
        }
        (self._first if len(self._first) < MAX_EVENTS // 2 else self._latest).append(event)
        return event

    def all(self) -> list[dict[str, Any]]:
        """Return the events that were kept."""
        return [*self._first, *self._latest]
