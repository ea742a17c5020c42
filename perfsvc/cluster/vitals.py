"""What a process tells of itself for people to look at; runs have a finer probe of their own."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import psutil

BEAT_S = 0.25


class Vital(NamedTuple):
    """Since the last reading: ``cpu`` in percent of one core, the loop's worst lateness; resident bytes now."""

    cpu: float
    memory: int
    loop_lag_ms: float


class Vitals:
    """This process's own figures. The event loop is watched from the first reading on."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._worst_s = 0.0
        self._watched = False

    def read(self) -> Vital:
        """The figures since the last reading."""
        worst, self._worst_s = self._worst_s, 0.0
        if not self._watched:
            self._watched = True
            loop = asyncio.get_running_loop()
            self._beat(loop, loop.time())
        return Vital(self._process.cpu_percent(), self._process.memory_info().rss, round(worst * 1000, 3))

    def _beat(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        now = loop.time()
        self._worst_s = max(self._worst_s, now - due)
        loop.call_at(now + BEAT_S, self._beat, loop, now + BEAT_S)
