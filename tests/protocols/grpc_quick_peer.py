"""A gRPC server that does as little as may be: it reads no headers, and returns every message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.protocols.http2_peers import ACK
from tests.protocols.http2_peers import DATA
from tests.protocols.http2_peers import END_HEADERS
from tests.protocols.http2_peers import END_STREAM
from tests.protocols.http2_peers import HEADERS
from tests.protocols.http2_peers import PING
from tests.protocols.http2_peers import PREFACE
from tests.protocols.http2_peers import SETTINGS
from tests.protocols.http2_peers import STATUS_200
from tests.protocols.http2_peers import frame

WINDOW_UPDATE = 8
ALL_THERE_IS = (2**31 - 1 - 65_535).to_bytes(4, "big")
BEGINNING = frame(SETTINGS, 0, 0) + frame(WINDOW_UPDATE, 0, 0, ALL_THERE_IS)
HEAD = STATUS_200 + b"\x0f\x10\x10application/grpc"
"""HPACK without a table of its own: ``:status: 200``, and ``content-type``, which has number 31, by value."""
TRAILER = b"\x00\x0bgrpc-status\x010"
HEAD_SIZE = 9


class QuickServer(asyncio.Protocol):
    """The server's end of one connection. A message is one frame, as it is where it is small."""

    def __init__(self, every: set[asyncio.Transport]) -> None:
        """``every``: the connections that stand."""
        self._every = every
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._every.add(self._transport)
        self._transport.write(BEGINNING)
        self._left = len(PREFACE)

    def connection_lost(self, error: BaseException | None) -> None:
        self._every.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        at, answers = self._left, b""
        while len(data) >= at + HEAD_SIZE:
            end = at + HEAD_SIZE + int.from_bytes(data[at : at + 3], "big")
            if len(data) < end:
                break
            kind, flags, stream = data[at + 3], data[at + 4], int.from_bytes(data[at + 5 : at + 9], "big")
            answers += answer(kind, flags, stream, data[at + HEAD_SIZE : end])
            at = end
        self._left = max(at - len(data), 0)
        self._rest = data[at:]
        self._transport.write(answers)


def answer(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """What is sent back for a frame."""
    if kind == DATA and flags & END_STREAM:
        head, message = frame(HEADERS, END_HEADERS, stream, HEAD), frame(DATA, 0, stream, payload)
        return head + message + frame(HEADERS, END_HEADERS | END_STREAM, stream, TRAILER)
    if kind in (SETTINGS, PING) and not flags & ACK:
        return frame(kind, ACK, 0, payload if kind == PING else b"")
    return b""


@asynccontextmanager
async def served_quickly() -> AsyncIterator[int]:
    """A running server; gives its port."""
    every: set[asyncio.Transport] = set()
    server = await asyncio.get_running_loop().create_server(lambda: QuickServer(every), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for transport in every:
            transport.abort()
        await asyncio.sleep(0)
