"""Targets of the protocols beside HTTP, in a thread of their own: each keeps a log of what it was sent."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from tests.protocols.grpc_peers import Desk
from tests.protocols.grpc_peers import served
from tests.protocols.udp_peers import UdpServer

LIMIT_S = 20.0


class CountingPeers:
    """``urls`` are the targets by protocol, ``got`` counts the requests that each has seen."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}
        self.got: Counter[str] = Counter()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="peers", daemon=True)

    def __enter__(self) -> CountingPeers:
        self._thread.start()
        assert self._ready.wait(LIMIT_S), "the peers did not open"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(LIMIT_S)

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        got = self.got

        class CountedDesk(Desk):
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
            port = await stack.enter_async_context(served(CountedDesk(), "v1"))
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
            self._ready.set()
            await self._closing.wait()
