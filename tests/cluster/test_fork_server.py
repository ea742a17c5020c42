"""The process that forks agents: forks, exits and its own end, each known to its parent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import psutil
import pytest

from perfsvc.cluster.certificates import ensure_certificates
from perfsvc.cluster.dask.fork_server import ForkServer

LIMIT_S = 90.0


class Parent:
    """Records the calls."""

    def __init__(self) -> None:
        self.exits: asyncio.Queue[str] = asyncio.Queue()
        self.lost = asyncio.Event()
        self.server = ForkServer()
        self.process = psutil.Process(self.server._process.pid)

    async def connect(self) -> None:
        await self.server.connect(self.exits.put_nowait, self.lost.set)

    async def next_exit(self) -> str:
        return await asyncio.wait_for(self.exits.get(), LIMIT_S)

    async def agents(self, count: int) -> list[psutil.Process]:
        """The agents, once there are so many."""
        async with asyncio.timeout(LIMIT_S):
            while len(found := self.process.children()) != count:
                await asyncio.sleep(0.01)
        return found


def config(name: str, folder: Path) -> dict[str, Any]:
    """An agent of a scheduler that is not there."""
    credentials = list(map(str, ensure_certificates(folder / "certs").agent))
    return {"scheduler": "tls://127.0.0.1:9", "name": name, "credentials": credentials}


@pytest.mark.asyncio
async def test_agents_end_one_by_one_and_all_with_the_server(tmp_path: Path) -> None:
    parent = Parent()
    await parent.connect()
    for name in ("a", "b", "c"):
        parent.server.fork(config(name, tmp_path))
    parent.server.end("b")
    assert await parent.next_exit() == "b"
    parent.server.kill("a")
    parent.server.end("a")
    assert await parent.next_exit() == "a"
    (last,) = await parent.agents(1)
    await parent.server.close()
    assert parent.lost.is_set()
    await asyncio.to_thread(last.wait, LIMIT_S)


@pytest.mark.asyncio
async def test_a_server_that_is_not_connected_yet_can_be_killed() -> None:
    parent = Parent()
    parent.server.kill_server()
    parent.server.kill_server()
    assert not parent.process.is_running()
