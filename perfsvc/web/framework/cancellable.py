"""Base class of handlers whose work ends when the client disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any
from typing import TypeVar

from tornado.web import Finish

from perfsvc.web.framework.handler import Handler

T = TypeVar("T")


class CancellableHandler(Handler):
    """Cancels its work when the client disconnects."""

    _work: asyncio.Task[Any] | None = None
    _disconnected = False

    async def cancellable(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of work. Raise Finish when the client has disconnected."""
        if self._disconnected:
            work.close()
            raise Finish
        task = asyncio.create_task(work)
        self._work = task
        try:
            return await task
        except asyncio.CancelledError:
            if self._disconnected:
                raise Finish from None
            raise

    def on_connection_close(self) -> None:
        """Cancel the work: Tornado calls this when the client has disconnected."""
        super().on_connection_close()
        self._disconnected = True
        if self._work is not None:
            self._work.cancel()
