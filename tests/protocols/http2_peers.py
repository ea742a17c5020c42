"""An HTTP/2 server that does what real ones must not: it reads no headers, and replies to every request alike."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable
from collections.abc import Callable

from tests.support.certificates import Authority

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
END_STREAM, END_HEADERS, ACK = 1, 4, 1
STATUS_200 = b"\x88"
"""Of HPACK's static table."""
RESET = struct.pack("ii", 1, 0)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def reply(stream: int, body: bytes = b"ok") -> bytes:
    return frame(HEADERS, END_HEADERS, stream, STATUS_200) + frame(DATA, END_STREAM, stream, body)


class Http2Peer:
    """The server's end of one connection; ``number`` counts from 1, and so does ``asked`` the requests on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.number = number
        self.asked = 0
        self._reader = reader
        self.writer = writer

    async def request(self) -> int:
        """The stream of the next request. Raises IncompleteReadError when the client is gone."""
        while True:
            head = await self._reader.readexactly(9)
            await self._reader.readexactly(int.from_bytes(head[:3], "big"))
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            if kind == SETTINGS and not flags & ACK:
                self.writer.write(frame(SETTINGS, ACK, 0))
            elif kind == HEADERS:
                self.asked += 1
                return stream

    async def begin(self) -> None:
        await self._reader.readexactly(len(PREFACE))
        self.writer.write(frame(SETTINGS, 0, 0))

    def reset(self) -> None:
        raw: socket.socket = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.writer.transport.abort()


Answer = Callable[[Http2Peer, int], Awaitable[None]]


async def answers(peer: Http2Peer, stream: int) -> None:
    peer.writer.write(reply(stream))
    await peer.writer.drain()


class Http2Server:
    """Replies to each request with ``answer``, over TLS on 127.0.0.1."""

    def __init__(self, authority: Authority, answer: Answer = answers) -> None:
        self.connections = 0
        self.port = 0
        self._answer = answer
        self._tasks: set[asyncio.Task[None]] = set()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(*authority.issue("127.0.0.1"))
        self._tls.set_alpn_protocols(["h2"])

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Http2Server:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        peer = Http2Peer(reader, writer, self.connections)
        self._tasks.add(asyncio.get_running_loop().create_task(self._serve(peer)))

    async def _serve(self, peer: Http2Peer) -> None:
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await peer.begin()
                while True:
                    await self._answer(peer, await peer.request())
        finally:
            peer.writer.close()
