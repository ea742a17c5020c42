"""A server on the h2 package that can break the rules: what h2 would not send goes out as raw bytes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from contextlib import asynccontextmanager

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived
from h2.events import Event
from h2.events import RequestReceived
from h2.events import StreamEnded


class OddPeer:
    """The server's end of one connection; ``number`` counts from 1. What the client did is in ``events``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.number = number
        self.events: list[Event] = []
        self.left = False
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._reader = reader
        self._writer = writer

    async def begin(self) -> None:
        self.h2.initiate_connection()
        await self.flush()

    async def flush(self) -> None:
        await self.send(self.h2.data_to_send())

    async def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def some(self) -> list[Event]:
        """What the client does next. Raises ConnectionError when it is gone."""
        data = await self._reader.read(262_144)
        if not data:
            self.left = True
            raise ConnectionResetError
        events = self.h2.receive_data(data)
        for event in events:
            if isinstance(event, RequestReceived):
                self.headers = [(str(name), str(value)) for name, value in event.headers or ()]
                self.body = bytearray()
            elif isinstance(event, DataReceived):
                self.body += event.data
                if event.flow_controlled_length:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self.events += events
        await self.flush()
        return events

    async def request(self) -> int:
        """The stream of the next request, once it is all there."""
        while True:
            for event in await self.some():
                if isinstance(event, StreamEnded):
                    return event.stream_id

    async def answer(self, stream: int, body: bytes = b"ok") -> None:
        self.h2.send_headers(stream, [(":status", "200"), ("content-length", str(len(body)))])
        await self.body_of(stream, body)

    async def body_of(self, stream: int, body: bytes) -> None:
        """As much at a time as the client takes."""
        while body:
            size = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(body))
            if size:
                self.h2.send_data(stream, body[:size], end_stream=size == len(body))
                body = body[size:]
                await self.flush()
            else:
                await self.some()

    async def gone(self) -> None:
        """Until the client is."""
        with contextlib.suppress(ConnectionError):
            while True:
                await self.some()

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.events)


Script = Callable[[OddPeer], Awaitable[None]]


class OddServer:
    """Plays a script with each client, on 127.0.0.1 and without TLS."""

    def __init__(self, script: Script) -> None:
        self.peers: list[OddPeer] = []
        self.url = ""
        self._script = script
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> OddServer:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    @asynccontextmanager
    async def ended(self, number: int) -> AsyncIterator[None]:
        """Wait until the script of a connection has seen its end."""
        async with asyncio.timeout(60):
            while not self.peers[number - 1].left:
                await asyncio.sleep(0.002)
        yield

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = OddPeer(reader, writer, len(self.peers) + 1)
        self.peers.append(peer)
        self._tasks.add(asyncio.get_running_loop().create_task(self._play(peer, writer)))

    async def _play(self, peer: OddPeer, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                await self._script(peer)
        finally:
            writer.close()


async def friendly(peer: OddPeer) -> None:
    """Replies to every request."""
    await peer.begin()
    while True:
        await peer.answer(await peer.request())
