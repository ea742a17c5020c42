"""gRPC calls that get no usable reply, and what they are counted under."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from perfsvc.plugin import ABORTED
from perfsvc.plugin import TIMEOUT
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc.plugin.testing.drive import Outcome
from perfsvc_protocols.grpc import GrpcProtocol
from perfsvc_protocols.grpc import failures
from tests.protocols.grpc_peers import HEADERS_OK
from tests.protocols.grpc_peers import PROTOS
from tests.protocols.grpc_peers import DemoServicer
from tests.protocols.grpc_peers import relay
from tests.protocols.grpc_peers import served
from tests.protocols.grpc_peers import until_called
from tests.protocols.servers import Peer
from tests.protocols.servers import Script
from tests.protocols.servers import ScriptedServer

pytestmark = pytest.mark.asyncio

SAY = {"method": "demo.Desk/Say", "message": {"text": "hello"}}
SLOW = {"method": "demo.Desk/Say", "message": {"text": "slow"}}
LIMITS_S = (0.2, 2, 20)
"""On a busy machine a call may take longer than the first of them to arrive."""
NOT_FOUND = bytes.fromhex("000001 01 05 00000001 8d")
RESET_STREAM = bytes.fromhex("000004 03 00 00000001 00000002")
GO_AWAY = bytes.fromhex("000008 07 00 00000000 00000000 00000002")
ENDS_WITHOUT_STATUS = bytes.fromhex("000005 00 01 00000001 00 00000000")


def user_at(port: int, **options: Any) -> User:
    run = context(f"grpc://127.0.0.1:{port}")
    return User(GrpcProtocol(GrpcProtocol.Options.parse({"protos": PROTOS} | options), run))


async def http1(peer: Peer) -> None:
    await peer.some()
    await peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


async def hangs_up(peer: Peer) -> None:
    peer.close()


def answering(data: bytes, *, hold: bool = True) -> Script:
    async def script(peer: Peer) -> None:
        await until_called(peer)
        await peer.send(data)
        if hold:
            await peer.gone()

    return script


@pytest.mark.parametrize(
    ("script", "error_class", "sent"),
    [
        (http1, "Protocol Error", False),
        (hangs_up, "Connection Error: ", False),
        (answering(b"", hold=False), "Connection Error: closed early", True),
        (answering(HEADERS_OK, hold=False), "Connection Error: closed early", True),
        (answering(b"\xff" * 300), "Protocol Error", True),
        (answering(HEADERS_OK + ENDS_WITHOUT_STATUS), "Protocol Error", True),
        (answering(RESET_STREAM), "Connection Error: reset", True),
        (answering(GO_AWAY, hold=False), "Connection Error: closed early", True),
    ],
)
async def test_a_peer_that_breaks_off(script: Script, error_class: str, sent: bool):
    async with ScriptedServer(script) as server, user_at(server.port) as user:
        outcome = await user.do(SAY)
        assert outcome.failure is not None
        assert outcome.failure.startswith(error_class), outcome.message
        assert (outcome.sent, outcome.status, outcome.bytes_sent > 0) == (sent, 0, sent)
        assert outcome.message


async def test_a_plain_http_status_is_the_grpc_status_it_stands_for():
    async with ScriptedServer(answering(NOT_FOUND)) as server, user_at(server.port) as user:
        outcome = await user.do(SAY)
        assert (outcome.status, outcome.failure) == (12, None)
        assert outcome.message == "Received http2 header with status: 404"


async def test_a_reply_that_is_no_such_message():
    async def other(request: bytes, context: Any) -> bytes:
        return b"\xff"

    handlers = {"C": grpc.unary_unary_rpc_method_handler(other)}
    extra = [grpc.method_handlers_generic_handler("more.B", handlers)]
    more = {
        "m.proto": 'syntax = "proto3"; package more; message A { string t = 1; } service B { rpc C(A) returns (A); }'
    }
    async with served(DemoServicer(), extra=extra) as port, user_at(port, protos=more) as user:
        outcome = await user.do({"method": "more.B/C"})
        assert (outcome.failure, outcome.sent, outcome.status) == ("Protocol Error", True, 0)


async def test_a_reply_that_is_too_large():
    async with served(DemoServicer()) as port, user_at(port, max_message_bytes=100) as user:
        outcome = await user.do({"method": "demo.Desk/Say", "message": {"text": "x" * 200}})
        assert (outcome.status, outcome.failure) == (8, None)


async def in_time(user: User, call: dict[str, Any], arrived: Callable[[], bool]) -> tuple[float, Outcome]:
    """The first of some time limits in which a call arrives at its peer, and how the call ended."""
    for limit_s in LIMITS_S:
        outcome = await user.do(user.call(call, timeout_s=limit_s))
        if arrived():
            break
    return limit_s, outcome


async def test_a_slow_call_times_out_and_is_cancelled_at_the_server():
    servicer = DemoServicer()
    async with served(servicer) as port, user_at(port) as user:
        await user.do(SAY)
        limit_s, outcome = await in_time(user, SLOW, servicer.held.is_set)
        assert (outcome.failure, outcome.sent, outcome.status) == (TIMEOUT, True, 0)
        assert 0.95e9 * limit_s < outcome.ended_ns - outcome.started_ns < 5e9 + 1e9 * limit_s
        async with asyncio.timeout(60):
            await servicer.cancelled.wait()
        after = await user.do(SAY)
        assert (after.failure, after.connected) == (None, None)


@pytest.mark.parametrize("method", ["Say", "Count"])
async def test_an_aborted_call_is_cancelled_at_the_server(method: str):
    servicer = DemoServicer()
    async with served(servicer) as port, user_at(port) as user:
        user.start(user.call({"method": f"demo.Desk/{method}", "message": {"text": "slow", "bigNumber": 1}}))
        async with asyncio.timeout(60):
            await servicer.held.wait()
            user.session.abort(ABORTED)
            assert (user.count, (await user.ended()).failure) == (1, ABORTED)
            await servicer.cancelled.wait()
        after = await user.do(SAY)
        assert (after.failure, after.connected) == (None, None)


async def test_a_peer_that_never_shakes_hands():
    async def mute(peer: Peer) -> None:
        await peer.gone()

    async with ScriptedServer(mute) as server, user_at(server.port) as user:
        for number in (1, 2):
            _, outcome = await in_time(user, SAY, lambda number=number: server.connections >= number)
            assert (outcome.failure, outcome.sent) == (TIMEOUT, False)
            assert outcome.message == f"no connection to 127.0.0.1:{server.port} in time"
            await server.gone(number)


async def test_a_server_that_comes_back():
    async with served(DemoServicer()) as port:
        broken = asyncio.Event()

        async def script(peer: Peer) -> None:
            carried = asyncio.ensure_future(relay(peer, port))
            if peer.number == 1:
                await broken.wait()
                carried.cancel()
                peer.reset()
            await asyncio.wait([carried])

        async with ScriptedServer(script) as server, user_at(server.port) as user:
            assert (await user.do(SAY)).connected is not None
            assert (await user.do(SAY)).connected is None
            broken.set()
            await server.gone(1)
            for _ in range(100):  # the connection's end reaches the library's own threads some time soon
                channel = user.session._routes.to(user.call(SAY).target).channel
                if channel is None:
                    break
                await asyncio.sleep(0.01)
            again = await user.do(SAY)
            assert again.failure is None
            assert again.connected is not None
            assert server.connections == 2


async def test_shared_channels():
    servicer = DemoServicer()
    async with served(servicer) as port:
        protocol = GrpcProtocol(
            GrpcProtocol.Options.parse({"protos": PROTOS, "shared_channels": 2}), context(f"grpc://127.0.0.1:{port}")
        )
        users = [User(protocol, vu) for vu in range(10)]
        outcomes = await asyncio.gather(*(user.do(SAY) for user in users))
        assert [outcome.failure for outcome in outcomes] == [None] * 10
        assert sum(outcome.connected is not None for outcome in outcomes) == 2
        assert len(servicer.peers) == 2
        users[0].session.reset()
        await users[0].session.close()
        users[2].start(users[2].call(SLOW))
        users[2].session.abort(ABORTED)
        assert (await users[4].do(SAY)).connected is None
        await protocol.close()


async def test_a_dial_that_all_wait_for_goes_on_while_one_waits():
    async with served(DemoServicer()) as port:
        go = asyncio.Event()
        run = context(f"grpc://127.0.0.1:{port}")

        async def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
            await go.wait()
            return await run.resolve(host, port)

        options = GrpcProtocol.Options.parse({"protos": PROTOS, "shared_channels": 1})
        protocol = GrpcProtocol(options, run._replace(resolve=resolve))
        first, second = User(protocol, 1), User(protocol, 2)
        for user in (first, second):
            user.start(user.call(SAY))
        await asyncio.sleep(0.01)
        first.session.abort(ABORTED)
        await asyncio.sleep(0)
        go.set()
        assert (await second.ended()).failure is None
        await protocol.close()


async def test_the_next_address_is_tried(unused_port: int):
    async with served(DemoServicer()) as port:

        async def resolve(host: str, _: int) -> list[tuple[Any, ...]]:
            return [(2, 1, 6, "", ("127.0.0.1", unused_port)), (2, 1, 6, "", ("127.0.0.1", port))]

        run = context("grpc://desk.example:1")._replace(resolve=resolve)
        async with User(GrpcProtocol(GrpcProtocol.Options.parse({"protos": PROTOS}), run)) as user:
            assert (await user.do(SAY)).failure is None


async def test_a_name_without_an_address():
    async def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
        return []

    run = context("grpc://desk.example:1")._replace(resolve=resolve)
    async with User(GrpcProtocol(GrpcProtocol.Options.parse({"protos": PROTOS}), run)) as user:
        assert (await user.do(SAY)).failure == "DNS Error"


@pytest.mark.parametrize(
    ("details", "error_class"),
    [
        ("failed to connect to all addresses; last error: UNKNOWN: ipv4:1.2.3.4:5: Connection refused", "refused"),
        ("failed to connect to all addresses; last error: ipv6:[::1]:5: Network is unreachable", "unreachable"),
        ("failed to connect to all addresses; last error: socket: Too many open files", "too many open files"),
        ("failed to connect to all addresses; last error: Cannot assign requested address", "no local port"),
        ("Socket closed", "closed early"),
        ("recvmsg:Connection reset by peer", "reset"),
        ("failed to connect to all addresses; last error: something new", "other"),
    ],
)
async def test_words_of_the_library(details: str, error_class: str):
    error = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), details)
    found = failures.of(error)
    assert found is not None
    assert found.error_class == f"Connection Error: {error_class}"
