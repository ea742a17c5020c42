"""This process's statistics for the list of nodes: the engine's sampler, at a longer interval."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import psutil

from perfsvc.engine.process_sampler import ProcessSampler

TIMER_S = 0.25
SHORTEST_S = 1.0
"""Calls within this time return the cached reading: a CPU share over less is unreliable."""


class ProcessReading(NamedTuple):
    """CPU in percent of one core and the loop's worst lateness since the reading before; resident bytes now."""

    cpu: float
    memory: int
    loop_lag_ms: float


class ProcessStats:
    """The statistics of this process. The event loop is watched from the first reading on."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._sampler = ProcessSampler()
        self._read_at: float | None = None
        self._latest = ProcessReading(0.0, self._process.memory_info().rss, 0.0)

    def read(self) -> ProcessReading:
        """The statistics since the last reading, or that reading when it is recent."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._read_at is None:
            self._read_at = now
            self._sampler.sample()
            self._on_timer(loop, now)
        elif now - self._read_at >= SHORTEST_S:
            self._read_at = now
            sample = self._sampler.sample()
            self._latest = ProcessReading(sample.cpu, self._process.memory_info().rss, sample.loop_lag_ms)
        return self._latest

    def _on_timer(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        now = loop.time()
        self._sampler.loop_late(int(max(now - due, 0.0) * 1e9))
        loop.call_at(now + TIMER_S, self._on_timer, loop, now + TIMER_S)
