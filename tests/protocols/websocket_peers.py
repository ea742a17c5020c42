"""WebSocket servers of another library than the client's: Tornado's, on a free port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler

from tests.protocols.servers import KEPT

RESET = struct.pack("ii", 1, 0)


class Peer(WebSocketHandler):
    """One connection. ``number`` counts from 1; the server keeps everything that happened."""

    def initialize(self, server: WebSocketServer) -> None:
        self.server = server

    def open(self, *args: str, **kwargs: str) -> None:
        self.server.peers.append(self)
        self.number = len(self.server.peers)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[-1] if subprotocols else None

    def on_message(self, message: str | bytes) -> None:
        if len(self.server.messages) < KEPT:
            self.server.messages.append(message)

    def on_close(self) -> None:
        self.server.closes.append((self.close_code, self.close_reason))
        self.server.changed.set()

    def raw(self, data: bytes) -> None:
        """Bytes past all framing."""
        self.ws_connection.stream.write(data)  # type: ignore[union-attr]

    def crash(self) -> None:
        """An end without a word."""
        stream = self.ws_connection.stream  # type: ignore[union-attr]
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        stream.close()


class Echo(Peer):
    """Sends back what comes."""

    def on_message(self, message: str | bytes) -> None:
        super().on_message(message)
        self.write_message(message, binary=isinstance(message, bytes))


class Commanded(Peer):
    """Does what a JSON message asks: ``{"push": 5}``, ``{"close": 4001}``, ``{"crash": 1}`` …"""

    def on_message(self, message: str | bytes) -> None:
        super().on_message(message)
        for verb, value in json.loads(message).items():
            getattr(self, f"do_{verb}")(value)

    def do_push(self, count: int) -> None:
        for number in range(count):
            self.write_message(json.dumps({"type": "tick", "number": number}))

    def do_say(self, text: str) -> None:
        self.write_message(text)

    def do_close(self, code: int) -> None:
        self.close(code, "told to")

    def do_crash(self, _: Any) -> None:
        self.crash()

    def do_raw(self, text: str) -> None:
        self.raw(bytes.fromhex(text))


class Pusher(Peer):
    """Greets with as many messages as the URL says."""

    def open(self, *args: str, **kwargs: str) -> None:
        super().open()
        for number in range(int(args[0])):
            self.write_message(f"push {number}")


class Refusing(RequestHandler):
    """No WebSocket here."""

    def get(self) -> None:
        self.set_status(403)


class WebSocketServer:
    """``/echo /commanded /push/N /refused``; ``first`` takes the place of the first connection to ``/first``."""

    def __init__(self, first: type[Peer] = Echo, tls: ssl.SSLContext | None = None) -> None:
        self.peers: list[Peer] = []
        self.messages: list[str | bytes] = []
        self.closes: list[tuple[int | None, str | None]] = []
        self.changed = asyncio.Event()
        self._first = first
        self._tls = tls

    @property
    def url(self) -> str:
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> WebSocketServer:
        me = {"server": self}
        first = self._first

        class First(Echo):
            def on_message(self, message: str | bytes) -> None:
                (first if self.number == 1 else Echo).on_message(self, message)

        routes: list[Any] = [
            ("/echo", Echo, me),
            ("/commanded", Commanded, me),
            (r"/push/(\d+)", Pusher, me),
            ("/first", First, me),
            ("/refused", Refusing),
        ]
        listening, self.port = bind_unused_port(address="127.0.0.1")
        self._server = HTTPServer(Application(routes, websocket_max_message_size=1 << 24), ssl_options=self._tls)
        self._server.add_socket(listening)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.stop()
        for peer in self.peers:
            if peer.ws_connection is not None:
                peer.ws_connection.stream.close()
        await self._server.close_all_connections()
        await asyncio.sleep(0)

    async def closed(self, count: int) -> None:
        """Until so many connections have ended."""
        async with asyncio.timeout(60):
            while len(self.closes) < count:
                self.changed.clear()
                await self.changed.wait()


class Silent(Peer):
    """Never reply."""


class Dying(Peer):
    """Breaks off in the middle of an answer."""

    def on_message(self, message: str | bytes) -> None:
        self.raw(b"\x81\x05hel")
        self.crash()


class Babbling(Peer):
    """Reply with what is no frame."""

    def on_message(self, message: str | bytes) -> None:
        self.raw(b"\xff\xff not a frame")
