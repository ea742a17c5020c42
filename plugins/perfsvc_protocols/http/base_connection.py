"""Base class of connections, for every version of HTTP."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import cast

from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http.call import HttpCall


class BaseConnection(asyncio.Protocol):
    """A connection to one origin. ``call`` is the request in flight, or None.

    ``write`` is None while the connection cannot take requests: before it is open and after it has ended. ``served``:
    whether a request has been completed on it.
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

    @property
    def transport(self) -> asyncio.Transport | None:
        """What the connection runs over, None before it is open and after it has ended."""
        return self._transport

    def drop(self) -> None:
        """Abort the connection without a callback."""
        self.retire()
        if self._transport is not None:
            self._transport.abort()

    def give_up(self) -> None:
        """Abandon the request in flight without a callback."""
        self.drop()

    @abstractmethod
    def retire(self) -> None:
        """Take no more requests, and close gracefully."""
