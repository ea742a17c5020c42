"""What a process tells of itself for people to look at; runs have a finer probe of their own."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import psutil

BEAT_S = 0.25
SHORTEST_S = 1.0
"""Whoever asks again sooner is told the same: a share of a core over less than this says little."""


class Vital(NamedTuple):
    """A second or more of a process: ``cpu`` in percent of one core, the loop's worst lateness; resident bytes now."""

    cpu: float
    memory: int
    loop_lag_ms: float


class ProcessStats:
    """This process's own figures. The event loop is watched from the first reading on."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._worst_s = 0.0
        self._read_at: float | None = None
        self._latest = Vital(0.0, self._process.memory_info().rss, 0.0)

    def read(self) -> Vital:
        """The figures since the last reading, or that reading when it is recent."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._read_at is None:
            self._read_at = now
            self._beat(loop, now)
        elif now - self._read_at >= SHORTEST_S:
            lag_ms = round(self._worst_s * 1000, 3)
            self._read_at, self._worst_s = now, 0.0
            self._latest = Vital(self._process.cpu_percent(), self._process.memory_info().rss, lag_ms)
        return self._latest

    def _beat(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        now = loop.time()
        self._worst_s = max(self._worst_s, now - due)
        loop.call_at(now + BEAT_S, self._beat, loop, now + BEAT_S)
