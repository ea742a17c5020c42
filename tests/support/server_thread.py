"""A test server with an event loop and a thread of its own, so that it replies while a test waits for a command."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC
from abc import abstractmethod
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

LIMIT_S = 60.0


class ServerThread(ABC):
    """A server that runs for the duration of the context."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    @abstractmethod
    def serving(self) -> AbstractAsyncContextManager[object]:
        """Return a context that listens, with the addresses set once it is entered."""

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(LIMIT_S), f"{self._thread.name} did not open"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(LIMIT_S)

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        async with self.serving():
            self._ready.set()
            await self._closing.wait()
