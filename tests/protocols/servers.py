"""Servers that do what real ones must not: each connection follows a script."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import struct
from collections import deque
from collections.abc import Awaitable
from collections.abc import Callable

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
KEPT = 1000
"""A server of a hundred thousand requests does not keep them all."""
RESET = struct.pack("ii", 1, 0)


class Peer:
    """The server's end of one connection; ``number`` counts from 1."""

    def __init__(self, server: ScriptedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int):
        self.number = number
        self._server = server
        self._reader = reader
        self._writer = writer

    @property
    def tls(self) -> ssl.SSLObject:
        """The TLS object of the connection."""
        found: ssl.SSLObject = self._writer.get_extra_info("ssl_object")
        return found

    async def request(self) -> bytes:
        """The next whole request; raises IncompleteReadError when the client is gone."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        body = await self._reader.readexactly(int(length[1])) if length else b""
        self._server.note(head + body)
        return head + body

    async def some(self) -> bytes:
        """Whatever comes first."""
        return await self._reader.read(65_536)

    async def send(self, *parts: bytes) -> None:
        """Sends parts that arrive one after the other: the client has had time to read each."""
        for number, part in enumerate(parts):
            await asyncio.sleep(0.002 if number else 0)
            self._writer.write(part)
            await self._writer.drain()

    async def gone(self) -> None:
        """Until the client has closed."""
        while await self._reader.read(65_536):
            pass

    def close(self) -> None:
        """An orderly end."""
        self._writer.close()

    def reset(self) -> None:
        """An end as of a server that crashed."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class ScriptedServer:
    """Runs a script for each connection and then closes it; ``requests`` holds what was asked, in order."""

    def __init__(
        self, script: Script, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.host = host
        self.port = port
        self._script = script
        self._noted = asyncio.Event()
        self._tls = tls
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> ScriptedServer:
        self._server = await asyncio.start_server(self._accepted, self.host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.close()  # a task that is cancelled before its first step closes nothing

    def note(self, request: bytes) -> None:
        if len(self.requests) < KEPT:
            self.requests.append(request)
        self._noted.set()
        self._noted = asyncio.Event()

    async def asked(self, count: int) -> None:
        """Until so many requests have come."""
        async with asyncio.timeout(60):
            while len(self.requests) < count:
                await self._noted.wait()

    async def gone(self, number: int) -> None:
        """Until the script of a connection has ended."""
        async with asyncio.timeout(60):
            await asyncio.wait([self._tasks[number - 1]])

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        peer = Peer(self, reader, writer, self.connections)
        task = asyncio.get_running_loop().create_task(self._serve(peer, writer))
        self._tasks.append(task)
        self._writers.append(writer)

    async def _serve(self, peer: Peer, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._script(peer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


class Last(bytes):
    """A reply after which the server closes the connection."""


def answering(*replies: bytes) -> Script:
    """Return a script that sends these one after the other, over however many connections; then it sends nothing."""
    left = deque(replies)

    async def script(peer: Peer) -> None:
        while left:
            await peer.request()
            reply = left.popleft()
            await peer.send(reply)
            if isinstance(reply, Last):
                return
        await peer.gone()

    return script


def always(reply: bytes = OK, piece: int = 1_000_000) -> Script:
    """Return a script that replies to every request alike, in pieces of a size."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(*(reply[at : at + piece] for at in range(0, len(reply), piece)))

    return script


async def silent(peer: Peer) -> None:
    """Read, and never reply."""
    await peer.request()
    await peer.gone()
