"""Messages between server and agents go on when the wall clock is set back: Dask's own would wait for as long."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from distributed import batched
from distributed.batched import BatchedSend

from perfsvc.cluster.dask.dask_config import configure


class Comm:
    """Takes what is sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.more = asyncio.Event()

    def closed(self) -> bool:
        return False

    async def write(self, payload: list[Any], **more: Any) -> int:
        self.sent += payload
        self.more.set()
        return 1

    def abort(self) -> None: ...

    async def close(self) -> None: ...


@pytest.mark.asyncio
async def test_messages_go_on_when_the_wall_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batched, "time", lambda: time.time())  # as imported there, it cannot be set
    configure()
    comm, stream = Comm(), BatchedSend(interval="2ms")
    stream.start(comm)
    now = time.time()
    for number in range(3):
        monkeypatch.setattr(time, "time", lambda back=3_600 * number: now - back)
        comm.more.clear()
        stream.send(number)
        async with asyncio.timeout(60):
            await comm.more.wait()
    monkeypatch.undo()
    configure()
    await stream.close()
    assert comm.sent == [0, 1, 2]
