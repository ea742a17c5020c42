"""Sessions written as coroutines: easier to write than callbacks, for the price of a task per request."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from typing import Any

from perfsvc.model.template import MissingVariable
from perfsvc.plugin import failures
from perfsvc.plugin.failures import Failed
from perfsvc.plugin.protocol import ABORTED
from perfsvc.plugin.protocol import Done
from perfsvc.plugin.protocol import NotSent
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import Scope
from perfsvc.plugin.protocol import Session
from perfsvc.plugin.protocol import TargetDenied

log = logging.getLogger(__name__)


class AsyncSession(Session):
    """A session written as a coroutine: implement ``call`` and ``failed``, and ``prepare`` where texts are rendered."""

    __slots__ = ("_task",)

    def __init__(self, scope: Scope, done: Done) -> None:
        super().__init__(scope, done)
        self._task: asyncio.Task[Reply] | None = None

    def prepare(self, call: Any) -> Any:
        """Prepare synchronously: render texts, reset the reply. The result is passed to ``call``.

        Raises NotSent or MissingVariable if nothing can be sent.
        """
        return call

    @abstractmethod
    async def call(self, call: Any) -> Reply:
        """Do one request. Failures of the target are replies with ``failure`` set.

        Or they are raised: Failed under its error class, and what the network raises (OSError, EOFError) under theirs.
        """

    @abstractmethod
    def failed(self, error_class: str, message: str) -> Reply:
        """A reply for a request that was cut off or raised.

        Let go of the connection here, not where ``call`` notices that it was cancelled: that comes later, and the next
        request may have begun by then.
        """

    def start(self, call: Any) -> None:
        self._task = asyncio.get_running_loop().create_task(self.call(self.prepare(call)))
        self._task.add_done_callback(self._ended)

    def abort(self, error_class: str) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            self.done(self.failed(error_class, ""))

    def _ended(self, task: asyncio.Task[Reply]) -> None:
        if task is not self._task:  # aborted before
            if not task.cancelled():
                task.exception()
            return
        self._task = None
        self.done(self._outcome(task))

    def _outcome(self, task: asyncio.Task[Reply]) -> Reply:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            return self.failed(*_cause_of(error))
        return self.failed(ABORTED, "") if task.cancelled() else task.result()


def _cause_of(error: BaseException) -> tuple[str, str]:
    """The error class of what a coroutine raised, and its message."""
    if isinstance(error, Failed | NotSent | MissingVariable):
        return error.error_class, str(error)
    if isinstance(error, OSError | EOFError | TargetDenied):
        return failures.connecting(error).error_class, str(error)
    log.debug("a session raised", exc_info=error)
    return f"Plugin Error: {type(error).__name__}", str(error)
