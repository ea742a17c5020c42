"""Single flight: one task for concurrent callers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Generic
from typing import ParamSpec
from typing import TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class SingleFlight(Generic[P, T]):
    """Started by the first caller, cancelled when no caller waits any longer; the next caller starts it again."""

    __slots__ = ("_task", "_waiting", "_work")

    def __init__(self, work: Callable[P, Coroutine[None, None, T]]) -> None:
        self._work = work
        self._task: asyncio.Task[T] | None = None
        self._waiting = 0

    async def join(self, *args: P.args, **kwargs: P.kwargs) -> tuple[T, bool]:
        """Return the result, and whether this caller started the work. Raises what the work raises."""
        first = self._task is None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work(*args, **kwargs))
            self._task.add_done_callback(self._ended)
        task = self._task
        self._waiting += 1
        try:
            return await asyncio.shield(task), first
        finally:
            self._waiting -= 1
            if not self._waiting:
                task.cancel()
                self._task = None if self._task is task else self._task

    def _ended(self, task: asyncio.Task[T]) -> None:
        if task is self._task:
            self._task = None
        if not task.cancelled():
            task.exception()  # waiting callers get the exception; without any it is of no interest
