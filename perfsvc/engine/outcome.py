"""The end of one node's part of a run."""

from __future__ import annotations

import asyncio


class Outcome:
    """Awaited until it is settled; of several errors the first is raised."""

    __slots__ = ("_error", "_settled")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._error: Exception | None = None
        self._settled = loop.create_future()

    @property
    def settled(self) -> bool:
        return self._settled.done()

    def fail(self, error: Exception) -> None:
        """Note an error."""
        self._error = self._error or error

    def settle(self) -> None:
        """End ``wait``."""
        if self._error is None:
            self._settled.set_result(None)
        else:
            self._settled.set_exception(self._error)

    async def wait(self) -> None:
        """Wait for the end. Raises the first error."""
        await asyncio.shield(self._settled)
