"""The WebSocket plugin against the ``websockets`` library: what each side counts is what the other did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Sequence
from contextlib import asynccontextmanager
from contextlib import suppress

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.websocket import WebSocketProtocol

pytestmark = pytest.mark.asyncio

PUSHES = 25


class Server:
    """``/echo``, ``/feed`` (pushes), ``/leaves`` (closes with 4001 when spoken to); notes how connections ended."""

    def __init__(self) -> None:
        self.received = 0
        self.ends: list[tuple[int | None, str | None]] = []
        self.agreed: list[str | None] = []

    async def __call__(self, peer: ServerConnection) -> None:
        self.agreed.append(peer.subprotocol)
        with suppress(ConnectionClosed):
            await getattr(self, (peer.request.path if peer.request else "/echo").strip("/"))(peer)
        await peer.wait_closed()
        self.ends.append((peer.close_code, peer.close_reason))

    async def echo(self, peer: ServerConnection) -> None:
        async for message in peer:
            self.received += 1
            await peer.send(message)

    async def feed(self, peer: ServerConnection) -> None:
        for number in range(PUSHES):
            # In pieces: the fragments of a message, some text and some bytes.
            part = f"tick {number}"
            await peer.send([part[:4], part[4:]] if number % 2 else part.encode())
        await peer.wait_closed()

    async def leaves(self, peer: ServerConnection) -> None:
        await peer.recv()
        await peer.close(4001, "enough")


@asynccontextmanager
async def running() -> AsyncIterator[tuple[Server, str]]:
    server = Server()

    def last(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return offered[-1] if offered else None

    async with serve(server, "127.0.0.1", 0, select_subprotocol=last, max_size=None) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        yield server, f"ws://127.0.0.1:{port}"


def user(url: str) -> User:
    return User(WebSocketProtocol(WebSocketProtocol.Options.parse({}), context(url)))


async def test_text_and_bytes_come_back():
    async with running() as (server, url), user(url) as client:
        opening = await client.do({"url": "/echo", "subprotocols": ["v1", "v2"]})
        assert (opening.status, client.session.reply.header("sec-websocket-protocol")) == (101, "v2")
        assert server.agreed == ["v2"]
        for request, body in (({"text": "héllo"}, "héllo".encode()), ({"base64": "AAH/"}, b"\x00\x01\xff")):
            outcome = await client.do({**request, "expect": {}})
            assert (outcome.failure, outcome.body) == (None, body)
        big = await client.do({"text": "x" * 3_000_000, "expect": {}})
        assert (big.failure, len(big.body)) == (None, 3_000_000)
        assert server.received == 3


async def test_a_ping_is_answered_and_timed():
    async with running() as (_, url), user(url) as client:
        await client.do({"url": "/echo"})
        outcome = await client.do({"ping": True})
        assert (outcome.failure, outcome.counters) == (None, {"pings": 1})
        assert outcome.gauges is not None
        assert 0 < outcome.gauges["ping_ms"] <= (outcome.ended_ns - outcome.started_ns) / 1e6


async def test_pushes_are_counted_while_held_open():
    async with running() as (_, url), user(url) as client:
        outcome = await client.do({"url": "/feed", "hold": 0.3})
        assert outcome.failure is None
        assert outcome.counters == {"messages_received": PUSHES, "pushes": PUSHES}
        assert outcome.body == b"tick %d" % (PUSHES - 1)


async def test_close_codes_of_either_side():
    async with running() as (server, url), user(url) as client:
        await client.do({"url": "/echo"})
        outcome = await client.do({"close": {"code": 4002, "reason": "done"}})
        assert (outcome.status, outcome.counters) == (4002, {"close_4002": 1})
        outcome = await client.do({"url": "/leaves", "text": "hello", "expect": {}})
        assert (outcome.failure, outcome.counters) == (
            "WebSocket Closed: 4001",
            {"messages_sent": 1, "close_4001": 1},
        )
        async with asyncio.timeout(60):
            while len(server.ends) < 2:
                await asyncio.sleep(0.001)
        assert server.ends == [(4002, "done"), (4001, "")], "the answer to a close repeats its code"
