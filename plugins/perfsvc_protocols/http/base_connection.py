"""What connections have in common, whatever version of HTTP they speak."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import cast

from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http.call import HttpCall


class BaseConnection(asyncio.Protocol):
    """A connection to one origin. ``call`` is the request in flight, None between two of them.

    ``write`` is None before the connection stands and after it ended: it then carries no request. ``served``: whether
    it has carried one to its end.
    """

    __slots__ = ("_now_ns", "_transport", "call", "origin", "served", "write")

    def __init__(self, origin: Origin, now_ns: Callable[[], int]) -> None:
        self.origin = origin
        self.write: Callable[[bytes], None] | None = None
        self.served = False
        self.call: HttpCall | None = None
        self._now_ns = now_ns
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.write = self._transport.write

    def drop(self) -> None:
        """Ends it at once, whatever was going on; nobody is told."""
        self.retire()
        if self._transport is not None:
            self._transport.abort()

    def give_up(self) -> None:
        """Nobody waits for the request in flight any more, and nobody is told."""
        self.drop()

    @abstractmethod
    def retire(self) -> None:
        """No more requests; it ends as soon as that is polite."""
