"""The engine's tick: a callback at fixed moments that gets its own lateness, which is the lag of the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from perfsvc.clock import NS_PER_S

TICK_S = 0.01


class Ticker:
    """Calls ``on_tick`` with its lateness, ns, every TICK_S. Ticks that were missed are not made up for."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_tick: Callable[[int], None]) -> None:
        self._loop = loop
        self._on_tick = on_tick
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Whether ticks come."""
        return self._timer is not None

    def start(self) -> None:
        """Tick now, and from now on."""
        self._due = self._loop.time()
        self._tick()

    def stop(self) -> None:
        """No tick follows."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        now = self._loop.time()
        late_ns = int((now - self._due) * NS_PER_S)
        self._due = max(self._due, now - TICK_S) + TICK_S
        self._timer = self._loop.call_at(self._due, self._tick)
        self._on_tick(late_ns)
