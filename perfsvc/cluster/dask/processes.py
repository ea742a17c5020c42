"""Agents that the server starts on its own machine, for ``control_mode`` ``central``."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from contextlib import suppress
from itertools import count

from perfsvc.cluster.certificates import Credentials
from perfsvc.cluster.dask.agents import CENTRAL
from perfsvc.errors import RunError

log = logging.getLogger(__name__)

MOST = max(32, 2 * (os.cpu_count() or 1))
"""More processes than cores gain nothing; this limit is one of memory (about 70 MB each)."""
END_LIMIT_S = 10.0


class Processes:
    """Child processes, each an agent that ends with its standard input, even when this process is killed.

    They may start before there is a scheduler: importing takes them longer than all that follows.
    """

    def __init__(self) -> None:
        self._starting: set[str] = set()
        self._scheduler: str | None = None
        self._credentials: Credentials | None = None
        self._children: dict[str, asyncio.subprocess.Process] = {}

    @property
    def alive(self) -> list[str]:
        """The names of the processes that are running."""
        self._children = {name: child for name, child in self._children.items() if child.returncode is None}
        return list(self._children)

    def join(self, scheduler: str, credentials: Credentials) -> None:
        """Have all processes join a scheduler, those too that start later."""
        self._scheduler, self._credentials = scheduler, credentials
        for name in self.alive:
            self._configure(name)

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
        for _ in range(count):
            await self._start_one()

    async def end(self, names: list[str]) -> None:
        """End some, and wait until they have ended."""
        children = [self._children[name] for name in names if name in self._children]
        for child in children:
            if child.stdin is not None:
                child.stdin.close()
            if self._scheduler is None:  # it is importing, and has nothing to give up
                kill(child)
        await asyncio.gather(*map(ended, children))

    async def close(self) -> None:
        """End all."""
        await self.end(list(self._children))

    async def _start_one(self) -> None:
        name = self._free_name()
        try:
            # In a session of its own, so that Ctrl-C at the terminal does not end it before a graceful stop.
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "perfsvc.cluster.dask.agent",
                stdin=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise RunError(f"无法启动执行进程：{error}", f"an engine process cannot be started: {error}") from None
        self._children[name] = child
        self._starting.add(name)
        if self._scheduler is not None:
            self._configure(name)

    def _configure(self, name: str) -> None:
        """Send a process its config, for which it waits."""
        credentials = list(map(str, self._credentials or ()))
        config = {"scheduler": self._scheduler, "name": name, "credentials": credentials}
        stdin = self._children[name].stdin
        assert stdin is not None  # noqa: S101 - it was asked for
        stdin.write(json.dumps(config).encode() + b"\n")

    def _free_name(self) -> str:
        """The name with the lowest free number, so that plans can give weights by name."""
        taken = self.alive
        return next(name for number in count(1) if (name := f"{CENTRAL}{number}") not in taken)


def kill(child: asyncio.subprocess.Process) -> None:
    """Kill a process, which may have ended meanwhile."""
    with suppress(ProcessLookupError):
        child.kill()


async def ended(child: asyncio.subprocess.Process) -> None:
    """Wait for a process to end; kill it after END_LIMIT_S."""
    try:
        await asyncio.wait_for(child.wait(), END_LIMIT_S)
    except TimeoutError:
        log.warning("process %d did not end and was killed", child.pid)
        kill(child)
        await child.wait()
