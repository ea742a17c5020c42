"""A relay in front of a peer that counts what a protocol sends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from types import TracebackType
from urllib.parse import urlsplit

HOST = "127.0.0.1"
ATTEMPTS = 20
MOST = 65_536
QUIET_S = 0.25
"""Libraries acknowledge, and measure the line, for a while after the last reply: gRPC for a fifth of a second."""
QUIET_WITHIN_S = 10.0

Place = tuple[str, int]


class Relay:
    """Stands before the peer at a URL, on ``port``, for TCP and UDP. ``sent`` is what came from clients, in bytes."""

    def __init__(self, url: str) -> None:
        """Raises ValueError for a URL without a port."""
        port = urlsplit(url).port
        if port is None:
            raise ValueError(f"{url} has no port")
        self.port = 0
        self.sent = 0
        self._target = (HOST, port)
        self._loop = asyncio.get_running_loop()
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._outward: dict[Place, socket.socket] = {}

    async def __aenter__(self) -> Relay:
        listener, self._inward = _at_one_port()
        self.port = listener.getsockname()[1]
        self._server = await asyncio.start_server(self._connected, sock=listener)
        self._loop.add_reader(self._inward.fileno(), self._outbound)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        for writer in self._connections.values():
            writer.close()  # a task that is cancelled before its first step closes nothing
        await asyncio.sleep(0)  # the loop lets go of the connections
        for datagrams in (self._inward, *self._outward.values()):
            self._loop.remove_reader(datagrams.fileno())
            datagrams.close()

    async def falls_silent(self) -> None:
        """Until clients have sent nothing for QUIET_S. Raises TimeoutError for those that go on."""
        before = -1
        async with asyncio.timeout(QUIET_WITHIN_S):
            while before != self.sent:
                before = self.sent
                await asyncio.sleep(QUIET_S)

    # TCP

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections[self._loop.create_task(self._carry(reader, writer))] = writer

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            answers, requests = await asyncio.open_connection(*self._target)
            back = self._loop.create_task(_pump(answers, writer))
            try:
                while data := await reader.read(MOST):
                    self.sent += len(data)
                    requests.write(data)
            finally:
                back.cancel()
                requests.close()

    # UDP

    def _outbound(self) -> None:
        data, client = self._inward.recvfrom(MOST)
        self.sent += len(data)
        if client not in self._outward:
            self._outward[client] = self._towards_target(client)
        self._outward[client].send(data)

    def _towards_target(self, client: Place) -> socket.socket:
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.setblocking(False)
        datagrams.connect(self._target)
        self._loop.add_reader(datagrams.fileno(), lambda: self._inward.sendto(datagrams.recv(MOST), client))
        return datagrams


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(MOST):
        sink.write(data)
    sink.close()


def _at_one_port() -> tuple[socket.socket, socket.socket]:
    """A TCP and a UDP socket at the same port."""
    for _ in range(ATTEMPTS):
        listener, datagrams = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind((HOST, 0))
        try:
            datagrams.bind(listener.getsockname())
        except OSError:
            listener.close()
            datagrams.close()
        else:
            datagrams.setblocking(False)
            return listener, datagrams
    raise OSError(f"no port is free for TCP and UDP in {ATTEMPTS} attempts")
