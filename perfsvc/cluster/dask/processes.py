"""Agents that the server starts on its own machine, for ``control_mode`` ``central``."""

from __future__ import annotations

import asyncio
import logging
import os
from itertools import count
from typing import Any

from perfsvc.cluster.certificates import Credentials
from perfsvc.cluster.dask.agents import CENTRAL
from perfsvc.cluster.dask.fork_server import ForkServer
from perfsvc.errors import RunError

log = logging.getLogger(__name__)

MOST = max(32, 2 * (os.cpu_count() or 1))
"""More processes than cores gain nothing; this limit is one of memory (about 70 MB each)."""
END_LIMIT_S = 10.0


class Processes:
    """Processes, each an agent that ends with its standard input, even when this process is killed.

    The fork server starts with the first of them, when it does not run yet; they are forked when there is a scheduler.
    It ends with the last.
    """

    def __init__(self, fork_server: ForkServer | None = None) -> None:
        self._started_early = fork_server
        self._fork_server: ForkServer | None = None
        self._starting: set[str] = set()
        self._scheduler: str | None = None
        self._credentials: Credentials | None = None
        self._exits: dict[str, asyncio.Event] = {}

    @property
    def alive(self) -> list[str]:
        """The names of the processes that are running, or about to be."""
        return list(self._exits)

    def join(self, scheduler: str, credentials: Credentials) -> None:
        """Have all processes join a scheduler, those too that start later."""
        self._scheduler, self._credentials = scheduler, credentials
        for name in self.alive:
            self._fork(name)

    @property
    def coming(self) -> list[str]:
        """The names of the processes that are running and have not joined yet."""
        return [name for name in self.alive if name in self._starting]

    def joined(self, name: str) -> None:
        """Note that a process has joined."""
        self._starting.discard(name)

    async def start(self, count: int) -> None:
        """Start ``count`` more. Raises RunError where that exceeds the limit, or a process cannot be started."""
        if len(self.alive) + count > MOST:
            zh, en = f"本机最多启动 {MOST} 个执行进程", f"at most {MOST} engine processes run on this machine"
            raise RunError(zh, en)
        if count and self._fork_server is None:
            self._fork_server = await self._connected()
        for _ in range(count):
            self._start_one()

    async def end(self, names: list[str]) -> None:
        """End some, and wait until they have ended."""
        exits = {name: self._exits[name] for name in names if name in self._exits}
        for name in exits:
            self._end_one(name)
        await asyncio.gather(*(self._ended(name, exited) for name, exited in exits.items()))
        if not self._exits:
            await self._end_fork_server()

    async def close(self) -> None:
        """End all."""
        await self.end(list(self._exits))

    async def _connected(self) -> ForkServer:
        try:
            server, self._started_early = self._started_early or ForkServer(), None
            await server.connect(self._on_exit, lambda: self._on_lost(server))
        except OSError as error:
            raise RunError(f"无法启动执行进程：{error}", f"an engine process cannot be started: {error}") from None
        return server

    async def _end_fork_server(self) -> None:
        server, self._fork_server = self._fork_server, None
        if server is not None:
            await server.close()

    def _start_one(self) -> None:
        name = self._free_name()
        self._exits[name] = asyncio.Event()
        self._starting.add(name)
        if self._scheduler is not None:
            self._fork(name)

    def _fork(self, name: str) -> None:
        """Fork a process with its config."""
        credentials = list(map(str, self._credentials or ()))
        config: dict[str, Any] = {"scheduler": self._scheduler, "name": name, "credentials": credentials}
        if self._fork_server is not None:
            self._fork_server.fork(config)

    def _end_one(self, name: str) -> None:
        if self._scheduler is None or self._fork_server is None:  # it is not forked yet
            self._on_exit(name)
        else:
            self._fork_server.end(name)

    async def _ended(self, name: str, exited: asyncio.Event) -> None:
        """Wait for a process to end; kill it after END_LIMIT_S."""
        try:
            await asyncio.wait_for(exited.wait(), END_LIMIT_S)
        except TimeoutError:
            log.warning("process %s did not end and was killed", name)
            if self._fork_server is not None:
                self._fork_server.kill(name)
            await self._killed(name, exited)

    async def _killed(self, name: str, exited: asyncio.Event) -> None:
        """Wait for the end of a killed process, for END_LIMIT_S: one that waits for a disk may live on."""
        try:
            await asyncio.wait_for(exited.wait(), END_LIMIT_S)
        except TimeoutError:
            log.error("process %s was killed and has not ended", name)

    def _on_exit(self, name: str) -> None:
        self._starting.discard(name)
        if name in self._exits:
            self._exits.pop(name).set()

    def _on_lost(self, server: ForkServer) -> None:
        """Note that the fork server has exited: agents end when it does."""
        if server is self._fork_server:
            self._fork_server = None
            for name in self.alive:
                self._on_exit(name)

    def _free_name(self) -> str:
        """The name with the lowest free number, so that plans can give weights by name."""
        used = self.alive
        return next(name for number in count(1) if (name := f"{CENTRAL}{number}") not in used)
