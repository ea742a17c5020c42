"""UDP servers on a free port of 127.0.0.1, honest and faulty; they count what they do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.protocols.servers import KEPT

Fault = Callable[["UdpServer", bytes, Any], None]


class UdpServer(asyncio.DatagramProtocol):
    """Hands every datagram to ``fault``; ``did`` counts what was done, ``clients`` are the addresses seen."""

    def __init__(self, fault: Fault) -> None:
        self.clients: list[Any] = []
        self.did: Counter[str] = Counter()
        self.got: list[bytes] = []
        self.held: list[tuple[bytes, Any]] = []
        self._fault = fault
        self._transport: asyncio.DatagramTransport

    @property
    def url(self) -> str:
        return f"udp://127.0.0.1:{self.port}"

    async def __aenter__(self) -> UdpServer:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()
        await asyncio.sleep(0)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.did["received"] += 1
        if len(self.got) < KEPT:
            self.got.append(data)
        if addr not in self.clients:
            self.clients.append(addr)
        self._fault(self, data, addr)

    def answer(self, data: bytes, addr: Any) -> None:
        self.did["answered"] += 1
        self._transport.sendto(data, addr)


def echo(server: UdpServer, data: bytes, addr: Any) -> None:
    server.answer(data, addr)


def silent(server: UdpServer, data: bytes, addr: Any) -> None:
    pass


def drops(every: int) -> Fault:
    def fault(server: UdpServer, data: bytes, addr: Any) -> None:
        if server.did["received"] % every == 0:
            server.did["dropped"] += 1
        else:
            server.answer(data, addr)

    return fault


def doubles(every: int) -> Fault:
    def fault(server: UdpServer, data: bytes, addr: Any) -> None:
        server.answer(data, addr)
        if server.did["received"] % every == 0:
            server.did["doubled"] += 1
            server.answer(data, addr)

    return fault


def swaps(every: int) -> Fault:
    """Holds one back until the next was answered."""

    def fault(server: UdpServer, data: bytes, addr: Any) -> None:
        if server.did["received"] % every == 0:
            server.held.append((data, addr))
            return
        server.answer(data, addr)
        while server.held:
            server.did["swapped"] += 1
            server.answer(*server.held.pop())

    return fault


def delays(seconds: float) -> Fault:
    def fault(server: UdpServer, data: bytes, addr: Any) -> None:
        asyncio.get_running_loop().call_later(seconds, server.answer, data, addr)

    return fault
