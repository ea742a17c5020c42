"""Targets of the protocols beside HTTP: each counts the requests that it was sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from contextlib import asynccontextmanager
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from tests.protocols.grpc_peers import DemoServicer
from tests.protocols.grpc_peers import served
from tests.protocols.udp_peers import UdpServer
from tests.support.server_thread import ServerThread


class CountingPeers(ServerThread):
    """``urls`` are the targets by protocol, ``got`` counts the requests that each has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: dict[str, str] = {}
        self.got: Counter[str] = Counter()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        got = self.got

        class CountedServicer(DemoServicer):
            async def say(self, request: Any, context: Any) -> Any:
                got["grpc"] += 1
                return await super().say(request, context)

        class CountedEcho(WebSocketHandler):
            def on_message(self, message: str | bytes) -> None:
                got["websocket"] += 1
                self.write_message(message)

        async def lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                got["tcp"] += 1
                writer.write(line)
            writer.close()

        def datagram(server: UdpServer, data: bytes, addr: Any) -> None:
            got["udp"] += 1
            server.answer(data, addr)

        async with AsyncExitStack() as stack:
            port = await stack.enter_async_context(served(CountedServicer(), "v1"))
            tcp = await stack.enter_async_context(await asyncio.start_server(lines, "127.0.0.1", 0))
            udp = await stack.enter_async_context(UdpServer(datagram))
            listening, websocket_port = bind_unused_port(address="127.0.0.1")
            web = HTTPServer(Application([("/echo", CountedEcho)]))
            web.add_socket(listening)
            stack.callback(web.stop)
            self.urls = {
                "grpc": f"grpc://127.0.0.1:{port}",
                "websocket": f"ws://127.0.0.1:{websocket_port}/echo",
                "tcp": f"tcp://127.0.0.1:{tcp.sockets[0].getsockname()[1]}",
                "udp": udp.url,
            }
            yield
