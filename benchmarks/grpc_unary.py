"""Unary gRPC calls: the plugin beside a bare grpc.aio loop that sends the same bytes, serialised beforehand.

``python -m benchmarks.grpc_unary`` compares; with a port it is the load, with ``serve`` the target.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from collections.abc import Callable
from functools import partial

import grpc
import grpc.aio
import uvloop

from benchmarks import echo_target
from benchmarks.closed_loop import USERS
from benchmarks.closed_loop import Close
from benchmarks.closed_loop import Count
from benchmarks.closed_loop import contender
from benchmarks.closed_loop import measured
from benchmarks.closed_loop import plugin
from benchmarks.rounds import compare
from perfsvc.plugin import ReplyParts
from perfsvc_protocols.grpc import GrpcProtocol

MODULE = "benchmarks.grpc_unary"
LIMIT_S = 5.0
PATH = "/bench.Echo/Say"
PROTO = (
    'syntax = "proto3"; package bench; message Note { string text = 1; } service Echo { rpc Say(Note) returns (Note); }'
)
TEXT = "x" * 100
WIRE = bytes([0x0A, len(TEXT)]) + TEXT.encode()


async def serve() -> None:
    """An echo that parses nothing; prints its port and runs until it is ended."""

    async def say(request: bytes, context: object) -> bytes:
        return request

    server = grpc.aio.server()
    methods = {"Say": grpc.unary_unary_rpc_method_handler(say)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Echo", methods),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await server.wait_for_termination()


async def bare(port: int, count: Count, channels: int) -> Close:
    """Users as plain loops over so many channels."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    opened = [grpc.aio.insecure_channel(f"ipv4:127.0.0.1:{port}", options) for _ in range(channels)]

    async def user(number: int) -> None:
        say = opened[number % channels].unary_unary(PATH)
        while not count.stopped:
            await say(WIRE, timeout=LIMIT_S)
            count.requests += 1

    users = [asyncio.create_task(user(number)) for number in range(USERS)]

    async def close() -> None:
        await asyncio.gather(*users)
        for channel in opened:
            await channel.close()

    return close


async def ours(port: int, count: Count, reads: ReplyParts, **options: object) -> Close:
    """Started users of the plugin."""
    steps = [({"method": PATH, "message": {"text": TEXT}}, reads)]
    return await plugin(
        GrpcProtocol, f"grpc://127.0.0.1:{port}", steps, count, protos={"bench.proto": PROTO}, **options
    )


LOADS: dict[str, Callable[[int, Count], Awaitable[Close]]] = {
    "plugin, own channels": lambda port, count: ours(port, count, ReplyParts()),
    "plugin, 4 channels": lambda port, count: ours(port, count, ReplyParts(), shared_channels=4),
    "plugin, 4, reply read": lambda port, count: ours(port, count, ReplyParts(body=True), shared_channels=4),
    "bare, 50 channels": lambda port, count: bare(port, count, USERS),
    "bare, 4 channels": lambda port, count: bare(port, count, 4),
}


def main() -> None:
    """The plugin beside the bare loop, with a channel for each user and with a few shared ones."""
    with echo_target.running(MODULE) as port:
        for names in (
            ("plugin, own channels", "bare, 50 channels"),
            ("plugin, 4 channels", "plugin, 4, reply read", "bare, 4 channels"),
        ):
            contenders = [contender(name, MODULE, str(port), name, per_processor_second=True) for name in names]
            compare(f"gRPC unary, {USERS} users, per second of processor time", contenders, rounds=3)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            uvloop.run(serve())
        case [port, name]:
            print(uvloop.run(measured(partial(LOADS[name], int(port)))))
        case _:
            main()
