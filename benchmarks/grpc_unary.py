"""Unary gRPC calls: the plugin beside a bare grpc.aio loop that sends the same bytes, serialised beforehand.

``python -m benchmarks.grpc_unary`` compares; with a port it is the load, with ``serve`` the target.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import grpc
import grpc.aio
import uvloop

from benchmarks.rounds import SECONDS
from benchmarks.rounds import TARGET_CORE
from benchmarks.rounds import Contender
from benchmarks.rounds import compare
from perfsvc.plugin import Reads
from perfsvc.plugin import Reply
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc_protocols.grpc import GrpcProtocol

USERS = 50
WARM_UP_S = 0.5
LIMIT_S = 5.0
PATH = "/bench.Echo/Say"
PROTO = (
    'syntax = "proto3"; package bench; message Note { string text = 1; } service Echo { rpc Say(Note) returns (Note); }'
)
TEXT = "x" * 100
WIRE = bytes([0x0A, len(TEXT)]) + TEXT.encode()


class Count:
    """What all users did."""

    def __init__(self) -> None:
        self.calls = 0
        self.failures = 0
        self.stopped = False


async def serve() -> None:
    """An echo that looks at nothing; tells its port and runs until it is ended."""

    async def say(request: bytes, context: object) -> bytes:
        return request

    server = grpc.aio.server()
    methods = {"Say": grpc.unary_unary_rpc_method_handler(say)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Echo", methods),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await server.wait_for_termination()


async def plugin(port: int, count: Count, options: dict[str, object], reads: Reads) -> Callable[[], Awaitable[None]]:
    """Started users of the plugin; gives what closes them."""
    resolve = partial(asyncio.get_running_loop().getaddrinfo, type=socket.SOCK_STREAM)
    context = RunContext(f"grpc://127.0.0.1:{port}", {}, Template, time.perf_counter_ns, resolve)
    protocol = GrpcProtocol(GrpcProtocol.Options.parse({"protos": {"bench.proto": PROTO}} | options), context)
    request = GrpcProtocol.Request.parse({"method": PATH, "message": {"text": TEXT}})
    call = protocol.compile(request, int(LIMIT_S * 1e9), reads)
    sessions = []
    for number in range(USERS):

        def done(reply: Reply, number: int = number) -> None:
            count.calls += 1
            count.failures += reply.failure is not None or reply.status != 0
            if not count.stopped:
                sessions[number].start(call)

        sessions.append(protocol.session(Scope(number, seed=1), done))
        sessions[-1].start(call)

    async def close() -> None:
        for session in sessions:
            await session.close()
        await protocol.close()

    return close


async def bare(port: int, count: Count, channels: int) -> Callable[[], Awaitable[None]]:
    """Users as plain loops over so many channels."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    opened = [grpc.aio.insecure_channel(f"ipv4:127.0.0.1:{port}", options) for _ in range(channels)]

    async def user(number: int) -> None:
        say = opened[number % channels].unary_unary(PATH)
        while not count.stopped:
            await say(WIRE, timeout=LIMIT_S)
            count.calls += 1

    users = [asyncio.create_task(user(number)) for number in range(USERS)]

    async def close() -> None:
        await asyncio.gather(*users)
        for channel in opened:
            await channel.close()

    return close


LOADS: dict[str, Callable[[int, Count], Awaitable[Callable[[], Awaitable[None]]]]] = {
    "plugin, own channels": lambda port, count: plugin(port, count, {}, Reads()),
    "plugin, 4 channels": lambda port, count: plugin(port, count, {"shared_channels": 4}, Reads()),
    "plugin, 4, reply read": lambda port, count: plugin(port, count, {"shared_channels": 4}, Reads(body=True)),
    "bare, 50 channels": lambda port, count: bare(port, count, USERS),
    "bare, 4 channels": lambda port, count: bare(port, count, 4),
}


async def load(port: int, name: str) -> dict[str, float]:
    """Calls per second, and microseconds of processor time for each."""
    count = Count()
    close = await LOADS[name](port, count)
    await asyncio.sleep(WARM_UP_S)
    before, cpu, begun = count.calls, time.process_time(), time.perf_counter()
    await asyncio.sleep(SECONDS)
    calls, elapsed = count.calls - before, time.perf_counter() - begun
    cpu = time.process_time() - cpu
    count.stopped = True
    await asyncio.sleep(0.1)
    await close()
    return {"rate": calls / elapsed, "microseconds": cpu / calls * 1e6, "failures": count.failures}


def contender(port: int, name: str) -> Contender:
    """This module as a process of its own."""
    return Contender(name, [sys.executable, "-m", "benchmarks.grpc_unary", str(port), name], figure)


def figure(output: str) -> float:
    """Calls per second of processor time: the target is slower than the load, so the clock tells of the target."""
    found = json.loads(output)
    print(f"    {found['rate']:>10,.0f} calls/s  {found['microseconds']:.1f} us each  {found['failures']:.0f} failed")
    return 1e6 / float(found["microseconds"])


@contextmanager
def target() -> Iterator[int]:
    """The echo on a core of its own; gives its port."""
    command = ["taskset", "-c", str(TARGET_CORE), sys.executable, "-m", "benchmarks.grpc_unary", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield int(server.stdout.readline())  # type: ignore[union-attr]
        finally:
            server.terminate()


def main() -> None:
    """The plugin beside the bare loop, with a channel for each user and with a few shared ones."""
    with target() as port:
        for names in (
            ("plugin, own channels", "bare, 50 channels"),
            ("plugin, 4 channels", "plugin, 4, reply read", "bare, 4 channels"),
        ):
            contenders = [contender(port, name) for name in names]
            compare(f"gRPC unary, {USERS} users, per second of processor time", contenders, rounds=3)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            uvloop.run(serve())
        case [port, name]:
            print(json.dumps(uvloop.run(load(int(port), name))))
        case _:
            main()
