"""Base class of TCP and UDP sessions: one endpoint at a time, dialled when needed."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable

from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin import Session
from perfsvc_protocols._net.endpoint import Endpoint
from perfsvc_protocols._net.message import MessageReply


class EndpointSession(Session):
    """Dials before a request if nothing is open or another endpoint is wanted."""

    __slots__ = ("_busy", "_dialing", "_endpoint", "_iteration", "_now_ns", "_requested_ns", "reply")

    def __init__(
        self, scope: Scope, done: Callable[[Reply], None], now_ns: Callable[[], int], new_each_iteration: bool
    ) -> None:
        super().__init__(scope, done)
        self.reply = MessageReply()
        self._requested_ns = 0
        self._busy = False
        self._dialing: asyncio.Task[None] | None = None
        self._endpoint: Endpoint | None = None
        self._iteration = scope.iteration if new_each_iteration else None
        self._now_ns = now_ns

    async def close(self) -> None:
        self.reset()
        await asyncio.sleep(0)  # lets the loop run the callbacks of what was open

    def _begins(self) -> None:
        """Begin a request, with a fresh start at the first one of an iteration if the plan wants that."""
        if self._iteration is not None and self._iteration != self.scope.iteration:
            self._iteration = self.scope.iteration
            self.reset()
        self._busy = True
        self.reply.reset()

    def _go_to(self, endpoint: Endpoint) -> None:
        """Close what is open, and dial."""
        self.reset()
        self._endpoint = endpoint
        self.reply.peer = str(endpoint)
        self._requested_ns = self._now_ns()
        self._dialing = asyncio.get_running_loop().create_task(self._dial(endpoint))

    @abstractmethod
    async def _dial(self, endpoint: Endpoint) -> None:
        """Open what is needed, and send."""

    def _stop_dialling(self) -> None:
        if self._dialing is not None:
            self._dialing.cancel()
            self._dialing = None

    def _failed(self, error_class: str, message: str) -> None:
        """Record the failure in the reply."""
        self._dialing = None
        reply = self.reply
        reply.failure = error_class
        reply.message = message
        reply.started_ns = reply.started_ns or self._requested_ns
