"""One connection to a Redis server: commands out as bytes, replies in as values."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from typing import cast

import hiredis

from perfsvc.plugin import Failed
from perfsvc.plugin import failures

NOTHING = object()
"""The reader's return value when no complete reply has come."""

Answered = Callable[[list[Any]], None]
Broke = Callable[[str, str], None]


class Connection(asyncio.Protocol):
    """Sends one request at a time. ``open`` from the moment it stands until it ends.

    ``first_ns`` and ``last_ns`` are when the first and the last bytes of the answer came, ``received`` is their number.
    ``broke`` is called with the error class and the cause when the connection ends while an answer is awaited.
    """

    __slots__ = (
        "_answered",
        "_left",
        "_limit",
        "_now_ns",
        "_reader",
        "_transport",
        "_values",
        "broke",
        "first_ns",
        "last_ns",
        "open",
        "received",
    )

    def __init__(self, now_ns: Callable[[], int], limit: int, broke: Broke) -> None:
        self.broke = broke
        self.open = False
        self.first_ns = self.last_ns = self.received = 0
        self._answered: Answered | None = None
        self._left = 0
        self._limit = limit
        self._now_ns = now_ns
        self._reader = hiredis.Reader(notEnoughData=NOTHING)
        self._transport: asyncio.Transport | None = None
        self._values: list[Any] = []

    def ask(self, data: bytes, count: int, answered: Answered) -> None:
        """Send commands; ``answered`` gets their replies, of which there are ``count``. Errors are among them."""
        self._answered = answered
        self._left = count
        self._values = []
        self.first_ns = self.received = 0
        if self._transport is None:  # it ended before anything was asked
            asyncio.get_running_loop().call_soon(self._end, failures.CLOSED_EARLY, "")
        else:
            self._transport.write(data)

    async def exchange(self, data: bytes, count: int) -> list[Any]:
        """Send commands and wait for their replies. Raises Failed, for an error among them too."""
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        before, self.broke = self.broke, lambda *cause: answer.set_exception(Failed(*cause))
        try:
            self.ask(data, count, answer.set_result)
            values = await answer
        except asyncio.CancelledError:
            self.drop()
            raise
        finally:
            self.broke = before
        for value in values:
            if isinstance(value, hiredis.ReplyError):
                raise Failed(error_class(value), str(value))
        return values

    def drop(self) -> None:
        """End it at once, without a call of ``broke``."""
        self._answered = None
        self.open = False
        if self._transport is not None:
            self._transport.abort()

    # What the event loop does with it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.open = True

    def data_received(self, data: bytes) -> None:
        if self._answered is None:  # no request is open: what comes next could be taken for an answer
            self.drop()
            return
        self.last_ns = self._now_ns()
        self.first_ns = self.first_ns or self.last_ns
        self.received += len(data)
        try:
            self._reader.feed(data)
            self._read()
        except (hiredis.ProtocolError, MemoryError) as error:  # a list of 2,147,483,647 elements is soon announced
            self._end(failures.PROTOCOL, str(error) or "a reply of more elements than fit into memory")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._end(failures.broken(exc), str(exc or ""))

    def _read(self) -> None:
        values, gets = self._values, self._reader.gets
        while (value := gets()) is not NOTHING:
            values.append(value)
        answered, missing = self._answered, self._left - len(values)
        if missing > 0:
            if self.received > self._limit:
                self._end(failures.PROTOCOL, f"a reply of more than {self._limit} bytes")
        elif missing < 0:
            self._end(failures.PROTOCOL, "more replies than commands")
        elif answered is not None:
            self._answered = None
            answered(values)

    def _end(self, error_class: str, cause: str) -> None:
        waiting = self._answered is not None
        self.drop()
        if waiting:
            self.broke(error_class, cause)


def error_class(error: hiredis.ReplyError) -> str:
    """What the report counts an error reply under: ``Redis Error: WRONGTYPE``."""
    word = str(error).partition(" ")[0]
    return f"Redis Error: {word if word.isalpha() and word.isupper() and len(word) <= 32 else 'other'}"
