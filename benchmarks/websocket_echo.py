"""WebSocket echo: perfsvc, and its plugin alone, beside bare picows and Locust with websocket-client.

``python -m benchmarks.websocket_echo`` compares; with ``serve`` it is the target, with a name and a port the load.
"""

from __future__ import annotations

import sys
from functools import partial

from picows import WSFrame
from picows import WSListener
from picows import WSMsgType
from picows import WSTransport
from picows import WSUpgradeRequest
from picows import ws_connect
from picows import ws_create_server

from benchmarks import echo_target
from benchmarks.closed_loop import USERS
from benchmarks.closed_loop import Close
from benchmarks.closed_loop import Count
from benchmarks.closed_loop import contender
from benchmarks.closed_loop import measured
from benchmarks.closed_loop import plugin
from benchmarks.http_peers import locust
from benchmarks.http_peers import perfsvc
from benchmarks.rounds import compare
from perfsvc.event_loop import run_on_loop
from perfsvc.plugin import ReplyParts
from perfsvc_protocols.websocket import WebSocketProtocol

MODULE = "benchmarks.websocket_echo"
MESSAGE = "x" * 64
REQUEST = {"text": MESSAGE, "expect": {}}


class Echo(WSListener):
    """The target: sends back what comes."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        else:
            transport.send(frame.msg_type, frame.get_payload_as_bytes())


async def serve() -> None:
    """Print the port, and run until the process is ended."""

    def accept(request: WSUpgradeRequest) -> WSListener:
        return Echo()

    server = await ws_create_server(accept, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Bare(WSListener):
    """The least that a client can do: sends a message whenever one came."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._message = MESSAGE.encode()

    def on_ws_connected(self, transport: WSTransport) -> None:
        transport.send(WSMsgType.TEXT, self._message)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self._count.requests += 1
        if not self._count.stopped:
            transport.send(WSMsgType.TEXT, self._message)


async def bare(port: int, count: Count) -> Close:
    """Started bare users."""
    opened = [await ws_connect(lambda: Bare(count), f"ws://127.0.0.1:{port}/") for _ in range(USERS)]

    async def close() -> None:
        for transport, _ in opened:
            transport.disconnect()

    return close


async def load(name: str, port: int) -> str:
    """What one kind of load comes to."""
    if name == "bare":
        return await measured(partial(bare, port))
    return await measured(partial(plugin, WebSocketProtocol, f"ws://127.0.0.1:{port}", [(REQUEST, ReplyParts())]))


def main() -> None:
    """perfsvc, its plugin, bare picows, and Locust."""
    with (
        echo_target.running(MODULE) as port,
        echo_target.plan("websocket", f"ws://127.0.0.1:{port}", REQUEST) as plan,
    ):
        contenders = [
            perfsvc(plan),
            contender("plugin alone", MODULE, "plugin", str(port)),
            contender("bare picows", MODULE, "bare", str(port)),
            locust(f"ws://127.0.0.1:{port}", "WebSocketEcho"),
        ]
        compare(f"WebSocket echo of 64 bytes, {USERS} connections", contenders, rounds=3)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            run_on_loop(serve())
        case [name, port]:
            print(run_on_loop(load(name, int(port))))
        case _:
            main()
