"""Attempts to connect that begin one after the other, of which the first to succeed counts (RFC 8305)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Sequence
from typing import Generic
from typing import TypeVar

from perfsvc.plugin.net.addresses import Info

ATTEMPT_DELAY_S = 0.25
"""Time between the begin of one attempt and of the next (RFC 8305, 5)."""

HELD_UP = 1.2
"""A delay so many times as long says that this process was held up, and nothing of the address."""

T = TypeVar("T")


class Race(Generic[T]):
    """One connection to one of several addresses; ``close`` closes one that was made too late.

    ``late``: addresses that failed, or that had begun before another one won.
    """

    def __init__(
        self, connect: Callable[[Info], Awaitable[T]], addresses: Sequence[Info], close: Callable[[T], None]
    ) -> None:
        self.late: list[Info] = []
        self._close = close
        self._connect = connect
        self._left = deque(addresses)
        self._running: dict[asyncio.Future[T], Info] = {}
        self._refusal: Exception | None = None

    async def won(self) -> tuple[T, Info]:
        """Return the connection and its address. Raise the last error if none succeeds; leave nothing open."""
        try:
            while self._left or self._running:
                if self._left:
                    self._begin(self._left.popleft())
                winner = await self._first()
                if winner is not None:
                    earlier = list(self._running.values())
                    info = self._running.pop(winner)
                    self.late += earlier[: earlier.index(info)]
                    return winner.result(), info
            raise self._refusal or OSError("there is no address")
        finally:
            self._give_up()

    def _begin(self, info: Info) -> None:
        task: asyncio.Task[T] = asyncio.get_running_loop().create_task(self._one(info))
        self._running[task] = info

    async def _one(self, info: Info) -> T:
        return await self._connect(info)

    async def _first(self) -> asyncio.Future[T] | None:
        """Wait for a connection, an error, or the time of the next attempt."""
        delay, loop = ATTEMPT_DELAY_S if self._left else None, asyncio.get_running_loop()
        begun = loop.time()
        done, _ = await asyncio.wait(self._running, timeout=delay, return_when=asyncio.FIRST_COMPLETED)
        if not done and delay is not None and loop.time() - begun > HELD_UP * delay:
            done, _ = await asyncio.wait(self._running, timeout=delay, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            error = task.exception()
            if error is None:
                return task
            if not isinstance(error, Exception):
                raise error
            self._refusal = error
            self.late.append(self._running.pop(task))
        return None

    def _give_up(self) -> None:
        """Withdraw the other attempts."""
        for task in self._running:
            task.cancel()
            task.add_done_callback(self._close_late)
        self._running.clear()

    def _close_late(self, task: asyncio.Future[T]) -> None:
        """Close what an attempt opened although it was withdrawn."""
        if not task.cancelled() and task.exception() is None:
            self._close(task.result())
