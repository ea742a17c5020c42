"""A small shop on a free port of 127.0.0.1, for examples to be tried on: pages, a log-in, a list, a basket."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections import Counter
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from tests.support.server_thread import ServerThread

SLOW_S = 0.05
MOST_KEPT = 100
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
REASONS = {200: "OK", 201: "Created", 401: "Unauthorized", 404: "Not Found"}


class Request(NamedTuple):
    """One request as the shop saw it."""

    method: str
    path: str
    head: str
    body: bytes


class Reply(NamedTuple):
    """One answer; ``body`` is sent as JSON."""

    status: int
    body: object
    headers: str = ""


class Shop(ServerThread):
    """The running shop. ``url`` is its base URL, ``received`` is set by the first request.

    ``count`` is the number of requests, ``paths`` their paths without queries, ``requests_by_path`` the number of each;
    ``requests`` holds the first few.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.paths: set[str] = set()
        self.requests_by_path: Counter[str] = Counter()
        self.requests: list[Request] = []
        self.received = threading.Event()
        self.url = ""

    def note(self, request: Request) -> None:
        """A request came in."""
        self.count += 1
        self.paths.add(request.path.partition("?")[0])
        self.requests_by_path[request.path.partition("?")[0]] += 1
        if len(self.requests) < MOST_KEPT:
            self.requests.append(request)
        self.received.set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Customer(self.note), "127.0.0.1", 0, backlog=1024)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield
        server.close()


class _Customer(asyncio.Protocol):
    """One connection."""

    def __init__(self, note: Callable[[Request], None]) -> None:
        self._note = note
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, rest = self._data.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if end and len(rest) >= int(length[1] if length else 0):
            self._data = b""
            method, path, _ = head.decode("latin-1").split(" ", 2)
            request = Request(method, path, head.decode("latin-1").lower(), rest)
            self._note(request)
            if path == "/never":
                return
            delay = SLOW_S if path == "/slow" else 0.0
            asyncio.get_running_loop().call_later(delay, self._send, answer(request))

    def _send(self, reply: Reply) -> None:
        body = json.dumps(reply.body).encode()
        head = (
            f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Other')}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n{reply.headers}\r\n"
        )
        self._transport.write(head.encode() + body)


def answer(request: Request) -> Reply:
    """What the shop says."""
    method, (path, _, _) = request.method, request.path.partition("?")
    if path.startswith("/status/"):
        return Reply(int(path.removeprefix("/status/")), {"ok": False})
    if (method, path) == ("POST", "/login"):
        return Reply(200, {"ok": True, "token": "t-123"}, "Set-Cookie: session=abc; Path=/\r\n")
    if (method, path) == ("POST", "/cart"):
        signed_in = "\nauthorization: bearer t-123" in request.head
        return Reply(201, {"order": 42}) if signed_in else Reply(401, {"ok": False})
    if path == "/items":
        return Reply(200, {"items": [{"id": number, "price": 9.5} for number in (1, 2, 3)], "next": None})
    return Reply(200, {"ok": True, "path": path})
