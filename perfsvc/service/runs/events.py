"""What happened to a run besides its requests: changes of load, by whom and when, as drawn on its charts."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Any

from perfsvc.clock import iso_z

MAX_EVENTS = 1_000


class EventLog:
    """The run's events in order; of very many the first and the latest are kept."""

    def __init__(self) -> None:
        self._first: list[dict[str, Any]] = []
        self._latest: deque[dict[str, Any]] = deque(maxlen=MAX_EVENTS // 2)

    def note(self, kind: str, moment: datetime, elapsed: float, /, **details: Any) -> dict[str, Any]:
        """Keep an event; answers it as the API shows it. ``elapsed`` is load-profile time, s."""
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
        """All that were kept."""
        return [*self._first, *self._latest]
