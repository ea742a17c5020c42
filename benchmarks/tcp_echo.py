"""TCP echo of lines: perfsvc, and its plugin alone, beside a bare ``asyncio.Protocol`` on the same loop.

``python -m benchmarks.tcp_echo`` compares; with ``serve`` it is the target, with a name and a port the load.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial

from benchmarks import echo_target
from benchmarks.closed_loop import USERS
from benchmarks.closed_loop import Close
from benchmarks.closed_loop import Count
from benchmarks.closed_loop import contender
from benchmarks.closed_loop import measured
from benchmarks.closed_loop import plugin
from benchmarks.http_peers import perfsvc
from benchmarks.rounds import compare
from perfsvc.event_loop import run_on_loop
from perfsvc.plugin import ReplyParts
from perfsvc_protocols.tcp import TcpProtocol

MODULE = "benchmarks.tcp_echo"
LINE = "x" * 63 + "\n"
REQUEST = {"text": LINE, "framing": {"type": "delimiter", "text": "\n"}}


class Bare(asyncio.Protocol):
    """The least that a client can do: sends a line whenever one is whole."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._line = LINE.encode()
        self._rest = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # of a stream
        self._transport.write(self._line)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if not data.endswith(b"\n"):
            self._rest = data
            return
        self._rest = b""
        self._count.requests += 1
        if not self._count.stopped:
            self._transport.write(self._line)


async def bare(port: int, count: Count) -> Close:
    """Started bare users."""
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(lambda: Bare(count), "127.0.0.1", port) for _ in range(USERS)]

    async def close() -> None:
        for transport, _ in opened:
            transport.close()

    return close


async def load(name: str, port: int) -> str:
    """What one kind of load comes to."""
    if name == "bare":
        return await measured(partial(bare, port))
    steps = [(REQUEST, ReplyParts())]
    return await measured(partial(plugin, TcpProtocol, f"tcp://127.0.0.1:{port}", steps))


def main() -> None:
    """perfsvc, its plugin, and the bare client."""
    with (
        echo_target.running(MODULE) as port,
        echo_target.plan("tcp", f"tcp://127.0.0.1:{port}", REQUEST) as plan,
    ):
        contenders = [
            perfsvc(plan),
            contender("plugin alone", MODULE, "plugin", str(port)),
            contender("bare asyncio.Protocol", MODULE, "bare", str(port)),
        ]
        compare(f"TCP echo of 64 bytes, {USERS} connections", contenders, rounds=3)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            run_on_loop(echo_target.serve_lines())
        case [name, port]:
            print(run_on_loop(load(name, int(port))))
        case _:
            main()
