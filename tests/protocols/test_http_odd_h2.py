"""HTTP/2 by our own client, with servers that use all of it, and with servers that break it."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path
from typing import Any

import pytest
from h2.events import SettingsAcknowledged
from h2.events import StreamEnded
from h2.events import StreamReset
from h2.settings import SettingCodes
from hpack import Encoder

from perfsvc.errors import InvalidInput
from perfsvc.plugin import TIMEOUT
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.http import HttpProtocol
from perfsvc_protocols.http.h2.frames import MAX_STREAM_ID
from perfsvc_protocols.http.user import STREAM_RESET
from tests.protocols.h2_peers import OddPeer
from tests.protocols.h2_peers import OddServer
from tests.protocols.h2_peers import friendly
from tests.protocols.http2_peers import frame
from tests.protocols.http_user import http_user
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer

pytestmark = pytest.mark.asyncio

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, END_HEADERS, PADDED, PRIORITIZED = 1, 4, 8, 32
MIB = 1024 * 1024


def block(*headers: tuple[str, str]) -> bytes:
    encoder = Encoder()
    encoder.header_table_size = 0
    return bytes(encoder.encode([*headers]))


FINE = block((":status", "200"), ("content-length", "2"))


def user_of(server: OddServer, **options: Any) -> User:
    return http_user(server.url, http_version="2", **options)


def sends(*frames: tuple[int, int, bytes]) -> Any:
    """A script: every request is answered with these frames, on its stream."""

    async def script(peer: OddPeer) -> None:
        await peer.begin()
        while True:
            stream = await peer.request()
            await peer.send(b"".join(frame(kind, flags, stream, payload) for kind, flags, payload in frames))

    return script


def then_kindly(odd: Any) -> Any:
    """The first connection gets the odd script, all others are answered."""

    async def script(peer: OddPeer) -> None:
        await (odd if peer.number == 1 else friendly)(peer)

    return script


# Everything that is allowed


async def test_what_is_sent():
    async with OddServer(friendly) as server, user_of(server, user_agent="me") as user:
        await user.do({})
        headers = {"X-Name": "value", "TE": "trailers", "Cookie": "a=b"}
        outcome = await user.do({"method": "PUT", "url": "/a?b=c", "headers": headers, "body": "hello"})
        assert (outcome.status, outcome.failure, outcome.body) == (200, None, b"ok")
    (peer,) = server.peers
    authority = server.url.removeprefix("http://")
    assert peer.headers[:4] == [(":method", "PUT"), (":scheme", "http"), (":authority", authority), (":path", "/a?b=c")]
    assert sorted(peer.headers[4:]) == [
        ("accept", "*/*"),
        ("content-length", "5"),
        ("cookie", "a=b"),
        ("te", "trailers"),
        ("user-agent", "me"),
        ("x-name", "value"),
    ]
    assert peer.body == b"hello"
    assert peer.count(SettingsAcknowledged) == 1


async def test_a_head_that_is_larger_than_a_frame():
    value = "v" * 10_000
    headers = {f"X-{number}": value for number in range(4)}
    async with OddServer(friendly) as server, user_of(server) as user:
        assert (await user.do({"headers": headers})).failure is None
        assert [value for name, value in server.peers[0].headers if name.startswith("x-")] == [value] * 4


@pytest.mark.parametrize(
    "frames",
    [
        [(HEADERS, END_HEADERS, FINE), (DATA, END_STREAM, b"ok")],
        [
            (HEADERS, 0, FINE[:1]),
            (CONTINUATION, 0, b""),
            (CONTINUATION, END_HEADERS, FINE[1:]),
            (DATA, END_STREAM, b"ok"),
        ],
        [(HEADERS, END_HEADERS | PADDED, b"\x03" + FINE + bytes(3)), (DATA, END_STREAM | PADDED, b"\x05ok" + bytes(5))],
        [
            (HEADERS, END_HEADERS | PRIORITIZED, bytes(5) + FINE),
            (DATA, 0, b"o"),
            (DATA, 0, b""),
            (DATA, END_STREAM, b"k"),
        ],
        [(HEADERS, END_HEADERS, FINE), (DATA, 0, b"ok"), (HEADERS, END_HEADERS | END_STREAM, block(("x-sum", "1")))],
        [
            (HEADERS, END_HEADERS, block((":status", "103"), ("link", "</a>"))),
            (HEADERS, END_HEADERS, FINE),
            (DATA, END_STREAM, b"ok"),
        ],
        [(0x77, 0xFF, b"what is this"), (2, 0, bytes(5)), (HEADERS, END_HEADERS, FINE), (DATA, END_STREAM, b"ok")],
        [(HEADERS, END_HEADERS, block((":status", "200"))), (DATA, END_STREAM, b"ok")],
    ],
    ids=["plain", "continuation", "padding", "priority", "trailers", "interim", "unknown", "no length"],
)
async def test_replies_of_all_shapes(frames: list[tuple[int, int, bytes]]):
    async with OddServer(sends(*frames)) as server, user_of(server) as user:
        for _ in range(3):
            outcome = await user.do({})
            assert (outcome.status, outcome.failure, outcome.body) == (200, None, b"ok"), outcome.message
        assert len(server.peers) == 1


async def test_replies_that_come_byte_by_byte():
    async def script(peer: OddPeer) -> None:
        await peer.begin()
        while True:
            stream = await peer.request()
            for byte in frame(HEADERS, END_HEADERS, stream, FINE) + frame(DATA, END_STREAM, stream, b"ok"):
                await peer.send(bytes((byte,)))
                await asyncio.sleep(0)

    async with OddServer(script) as server, user_of(server) as user:
        for _ in range(2):
            assert (await user.do({})).body == b"ok"


async def test_cookies_and_headers():
    head = block((":status", "200"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-test", "yes"))
    async with OddServer(sends((HEADERS, END_HEADERS | END_STREAM, head))) as server, user_of(server) as user:
        outcome = await user.do({})
        assert outcome.headers["x-test"] == "yes"
        assert outcome.excerpt.response_head.startswith("HTTP/2 200\r\nset-cookie: a=1\r\n")
        await user.do({})
        assert dict(server.peers[0].headers)["cookie"] == "a=1; b=2"


@pytest.mark.parametrize(
    "settings", [{}, {SettingCodes.INITIAL_WINDOW_SIZE: 1000, SettingCodes.MAX_FRAME_SIZE: 20_000}]
)
async def test_nine_megabytes_each_way(settings: dict[Any, int]):
    async def script(peer: OddPeer) -> None:
        await peer.begin()
        if settings:
            peer.h2.update_settings(settings)
            await peer.flush()
        while True:
            stream = await peer.request()
            await peer.answer(stream, bytes(peer.body))

    body = "0123456789abcdef" * (9 * MIB // 16)
    async with OddServer(script) as server, user_of(server) as user:
        outcome = await user.do({"method": "POST", "body": body})
        assert (outcome.failure, outcome.body == body.encode()) == (None, True), outcome.message
        assert outcome.bytes_sent > 9 * MIB
        assert outcome.bytes_received > 9 * MIB
        assert (await user.do({"method": "POST", "body": "small"})).body == b"small"


async def test_files(tmp_path: Path):
    path = tmp_path / "a"

    def find(name: str) -> Path:
        if name != "a":
            raise InvalidInput.at("file", "没有", f"there is no file {name}")
        return path

    async with OddServer(friendly) as server:
        options = HttpProtocol.Options(http_version="2")
        user = User(HttpProtocol(options, context(server.url)._replace(file=find)))
        async with user:
            call = user.call({"method": "POST", "body_file": "a"})
            for size in (0, 10, 3 * MIB):
                path.write_bytes(b"x" * size)
                assert (await user.do(call)).failure is None
                assert server.peers[0].body == path.read_bytes()
                assert dict(server.peers[0].headers)["content-length"] == str(size)
        assert len(server.peers) == 1


async def test_a_file_of_any_size_takes_no_memory(tmp_path: Path):
    size = 48 * MIB
    with (tmp_path / "large").open("wb") as file:
        file.truncate(size)

    async def script(peer: OddPeer) -> None:
        await peer.begin()
        await peer.answer(await peer.request(), b"%d" % len(peer.body))

    async with OddServer(script) as server:
        options = HttpProtocol.Options(http_version="2")
        protocol = HttpProtocol(options, context(server.url)._replace(file=lambda _: tmp_path / "large"))
        async with User(protocol) as user:
            outcome = await user.do({"method": "POST", "body_file": "large"})
            assert (outcome.failure, outcome.body) == (None, b"%d" % size)


async def test_an_answer_to_half_a_request():
    """What was not sent yet is not sent any more, and the connection goes on."""

    async def script(peer: OddPeer) -> None:
        await peer.begin()
        while not peer.headers:
            await peer.some()
        await peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block((":status", "413"))))
        await peer.answer(await peer.request())

    async with OddServer(script) as server, user_of(server) as user:
        assert (await user.do({"method": "POST", "body": "x" * MIB})).status == 413
        assert (await user.do({})).body == b"ok"
        assert server.peers[0].count(StreamReset) == 1


async def test_signs_of_life_are_answered():
    async def script(peer: OddPeer) -> None:
        await peer.begin()
        stream = await peer.request()
        peer.h2.ping(b"12345678")
        await peer.flush()
        while "PingAckReceived" not in {type(event).__name__ for event in peer.events}:
            await peer.some()
        await peer.answer(stream)
        await peer.gone()

    async with OddServer(script) as server, user_of(server) as user:
        assert (await user.do({})).body == b"ok"


async def test_streams_run_out():
    async with OddServer(friendly) as server, user_of(server) as user:
        await user.do({})
        (connection,) = user.session._connections.values()
        connection._next = MAX_STREAM_ID
        peer = server.peers[0]
        assert (await user.do({})).failure is None
        assert peer.h2.highest_inbound_stream_id == MAX_STREAM_ID
        assert (await user.do({})).failure is None
        assert len(server.peers) == 2


# Ends


async def test_a_server_that_says_goodbye():
    async def script(peer: OddPeer) -> None:
        await peer.begin()
        await peer.answer(await peer.request())
        stream = await peer.request()
        await peer.send(frame(GOAWAY, 0, 0, struct.pack(">II", stream, 0)))
        await peer.answer(stream)
        await peer.gone()

    async with OddServer(then_kindly(script)) as server, user_of(server) as user:
        for _ in range(4):
            assert (await user.do({"method": "POST"})).body == b"ok"
        assert len(server.peers) == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_goodbye_before_the_request_was_seen(method: str):
    async def script(peer: OddPeer) -> None:
        await peer.begin()
        await peer.answer(await peer.request())
        stream = await peer.request()
        await peer.send(frame(GOAWAY, 0, 0, struct.pack(">II", stream - 2, 0)))
        await peer.gone()

    async with OddServer(then_kindly(script)) as server, user_of(server) as user:
        await user.do({})
        outcome = await user.do({"method": method, "body": "hello"})
        assert (outcome.failure, outcome.counters) == (None, {"requests_repeated": 1})
        assert (await user.do({})).failure is None
        assert len(server.peers) == 2


THROUGH_LIBCURL = {"shared_connections": 1}


def unprocessed(above: bool) -> Any:
    """A script: a request is answered, the next one refused unprocessed, by GOAWAY or by REFUSED_STREAM."""

    async def script(peer: OddPeer) -> None:
        await peer.begin()
        await peer.answer(await peer.request())
        stream = await peer.request()
        goodbye = frame(GOAWAY, 0, 0, struct.pack(">II", stream - 2, 0))
        await peer.send(goodbye if above else frame(RST_STREAM, 0, stream, struct.pack(">I", 7)))
        await peer.gone()

    return then_kindly(script)


@pytest.mark.parametrize("body", ["", "hello", "x" * 5000], ids=len)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("above", [True, False], ids=["GOAWAY", "REFUSED_STREAM"])
async def test_libcurl_repeats_what_was_not_processed(above: bool, method: str, body: str):
    async with OddServer(unprocessed(above)) as server, user_of(server, **THROUGH_LIBCURL) as user:
        await user.do({})
        outcome = await user.do({"method": method, **({"body": body} if body else {})})
        assert (outcome.failure, outcome.counters) == (None, {"requests_repeated": 1}), outcome.message
        assert (await user.do({})).counters is None
        assert len(server.peers) == 2
        assert server.peers[1].count(StreamEnded) == 2
        assert len(body) * 2 < outcome.bytes_sent < len(body) * 2 + 250


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_libcurl_repeats_nothing_that_may_have_been_processed(method: str):
    async def script(peer: OddPeer) -> None:
        await peer.begin()
        await peer.answer(await peer.request())
        stream = await peer.request()
        await peer.send(frame(GOAWAY, 0, 0, struct.pack(">II", stream, 0)))

    async with OddServer(then_kindly(script)) as server, user_of(server, **THROUGH_LIBCURL) as user:
        await user.do({})
        outcome = await user.do({"method": method, "body": "hello"})
        assert (outcome.failure, outcome.counters) == ("Connection Error: closed early", None)
        assert "GOAWAY" in outcome.message
        assert len(server.peers) == 1


@pytest.mark.parametrize("body", ["", "hello"])
@pytest.mark.parametrize(("method", "failure"), [("GET", "Connection Error: reset"), ("POST", STREAM_RESET)])
async def test_libcurl_gives_up_on_a_server_that_refuses_everything(method: str, failure: str, body: str):
    async def script(peer: OddPeer) -> None:
        await peer.begin()
        while True:
            await peer.send(frame(RST_STREAM, 0, await peer.request(), struct.pack(">I", 7)))

    async with OddServer(script) as server, user_of(server, **THROUGH_LIBCURL) as user:
        outcome = await user.do({"method": method, **({"body": body} if body else {})})
        asked = sum(peer.count(StreamEnded) for peer in server.peers)
        assert (outcome.failure, asked, outcome.counters) == (failure, 6, {"requests_repeated": 5})


async def test_a_goodbye_while_nobody_asks():
    async def script(peer: OddPeer) -> None:
        await peer.begin()
        stream = await peer.request()
        await peer.answer(stream)
        await peer.send(frame(GOAWAY, 0, 0, struct.pack(">II", stream, 0)))
        await peer.gone()

    async with OddServer(then_kindly(script)) as server, user_of(server) as user:
        await user.do({})
        (connection,) = user.session._connections.values()
        while connection.write is not None:
            await asyncio.sleep(0.001)
        assert (await user.do({"method": "POST"})).failure is None
        assert len(server.peers) == 2


@pytest.mark.parametrize("code", [2, 8, 13])
async def test_a_stream_that_is_reset(code: int):
    odd = sends((RST_STREAM, 0, struct.pack(">I", code)))
    async with OddServer(odd) as server, user_of(server) as user:
        for _ in range(2):
            outcome = await user.do({})
            assert (outcome.status, outcome.failure) == (0, "Connection Error: stream reset")
        assert len(server.peers) == 1


async def test_a_stream_that_is_refused_is_tried_again():
    async def script(peer: OddPeer) -> None:
        await peer.begin()
        refusals = [True, False, True, True, True, False, True, True, True, True, False]
        while True:
            stream = await peer.request()
            if refusals.pop(0):
                await peer.send(frame(RST_STREAM, 0, stream, struct.pack(">I", 7)))
            else:
                await peer.answer(stream)

    async with OddServer(script) as server, user_of(server) as user:
        outcome = await user.do({})
        assert (outcome.body, outcome.counters) == (b"ok", {"requests_repeated": 1})
        outcome = await user.do({"method": "POST", "body": "hello"})
        assert (outcome.body, outcome.counters) == (b"ok", {"requests_repeated": 3})
        outcome = await user.do({"method": "POST"})
        assert (outcome.failure, outcome.counters) == ("Connection Error: stream reset", {"requests_repeated": 3})
        assert outcome.message == "the server refused the request 4 times without processing it"
        assert (await user.do({})).body == b"ok"
        assert len(server.peers) == 1


async def test_a_request_that_was_given_up_leaves_its_connection():
    async def script(peer: OddPeer) -> None:
        await peer.begin()
        first = await peer.request()
        second = await peer.request()
        late = frame(HEADERS, END_HEADERS, first, FINE) + frame(DATA, END_STREAM, first, b"no")
        await peer.send(late + frame(HEADERS, END_HEADERS, second, FINE) + frame(DATA, END_STREAM, second, b"ok"))
        await peer.gone()

    async with OddServer(script) as server, user_of(server) as user:
        user.start(user.call({}))
        while not (server.peers and server.peers[0].headers):
            await asyncio.sleep(0.001)
        user.session.abort(TIMEOUT)
        outcome = await user.do({})
        assert (outcome.failure, outcome.body) == (None, b"ok")
        assert len(server.peers) == 1


async def test_a_connection_that_stays_silent_is_left():
    async def script(peer: OddPeer) -> None:
        await peer.begin()
        await peer.answer(await peer.request())
        await peer.gone()

    async with OddServer(then_kindly(script)) as server, user_of(server) as user:
        await user.do({})
        for _ in range(2):
            user.start(user.call({}))
            await asyncio.sleep(0.05)
            user.session.abort(TIMEOUT)
        assert (await user.do({})).body == b"ok"
        assert len(server.peers) == 2


# Everything that is not allowed


@pytest.mark.parametrize(
    "frames",
    [
        [(HEADERS, END_HEADERS, b"\xff\xff\xff\xff")],
        [(HEADERS, END_HEADERS, b"\xbe")],
        [(HEADERS, END_HEADERS | END_STREAM, block(("x", "y")))],
        [(HEADERS, END_HEADERS | END_STREAM, block((":status", "abc")))],
        [(HEADERS, END_HEADERS | END_STREAM, block((":status", "101")))],
        [(HEADERS, END_HEADERS | END_STREAM, block((":status", "103")))],
        [(HEADERS, END_HEADERS | END_STREAM, block((":status", "200"), ("transfer-encoding", "chunked")))],
        [(HEADERS, END_HEADERS | END_STREAM, block((":status", "200"), ("x", "a\r\nset-cookie: b=c")))],
        [(HEADERS, END_HEADERS | END_STREAM, block((":status", "200"), (":status", "200")))],
        [(HEADERS, END_HEADERS | END_STREAM, block((":status", "200"), ("Upper", "x")))],
        [(HEADERS, END_HEADERS | END_STREAM, FINE)],
        [(HEADERS, END_HEADERS, FINE), (DATA, END_STREAM, b"o")],
        [(HEADERS, END_HEADERS, FINE), (DATA, END_STREAM, b"okay")],
        [(HEADERS, END_HEADERS, FINE), (HEADERS, END_HEADERS, FINE)],
        [(HEADERS, END_HEADERS, block((":status", "200"), ("content-length", "1"), ("content-length", "2")))],
        [(HEADERS, END_HEADERS, block((":status", "200"), ("x", "y" * 70_000))[:16_000])],
        [(HEADERS, 0, FINE), (DATA, END_STREAM, b"ok")],
        [(HEADERS, 0, FINE[:2]), *[(CONTINUATION, 0, b"")] * 100],
        [(HEADERS, 0, b""), *[(CONTINUATION, 0, bytes(16_384))] * 20],
        [(HEADERS, END_HEADERS, b"".join([b"\x00\x01a\x7f\x81\x01" + b"b" * 256] * 60)), (DATA, END_STREAM, b"")],
        [(HEADERS, END_HEADERS | PADDED, b"\xff" + FINE)],
        [(HEADERS, END_HEADERS | PADDED, b"")],
        [(DATA, END_STREAM, b"ok")],
        [(DATA, END_STREAM | PADDED, b"\x09ok")],
        [(CONTINUATION, END_HEADERS, FINE)],
        [(PUSH_PROMISE, END_HEADERS, bytes(4) + FINE)],
        [(DATA, 0, bytes(16_385))],
        [(RST_STREAM, 0, b"")],
        [(WINDOW_UPDATE, 0, bytes(4))],
        [(WINDOW_UPDATE, 0, b"1")],
        [(SETTINGS, 0, b"")],
        [(PING, 0, bytes(8))],
        [(GOAWAY, 0, bytes(8))],
        [(HEADERS, END_HEADERS, block((":status", "103")))] * 2000,
    ],
)
async def test_what_is_not_http_2(frames: list[tuple[int, int, bytes]]):
    async with OddServer(then_kindly(sends(*frames))) as server, user_of(server) as user:
        outcome = await user.do({})
        assert (outcome.status, outcome.failure) == (0, "Protocol Error"), outcome.message
        assert (await user.do({})).body == b"ok"
        assert len(server.peers) == 2


@pytest.mark.parametrize(
    "data",
    [
        frame(SETTINGS, 0, 0, b"12345"),
        frame(SETTINGS, 1, 0, bytes(6)),
        frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 2**31)),
        frame(SETTINGS, 0, 0, struct.pack(">HI", 5, 1)),
        frame(SETTINGS, 0, 0) * 2000,
        frame(PING, 0, 0, b"1"),
        frame(PING, 0, 0, bytes(8)) * 2000,
        frame(GOAWAY, 0, 0, b"1"),
        frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 2**31 - 1)),
        frame(HEADERS, END_HEADERS, 0, FINE),
        frame(HEADERS, END_HEADERS, 2, FINE),
        frame(DATA, 0, 99, b"x"),
    ],
)
async def test_what_is_wrong_with_a_connection(data: bytes):
    async def script(peer: OddPeer) -> None:
        await peer.begin()
        await peer.request()
        await peer.send(data)
        await peer.gone()

    async with OddServer(then_kindly(script)) as server, user_of(server) as user:
        assert (await user.do({})).failure == "Protocol Error"
        assert (await user.do({})).body == b"ok"
        assert len(server.peers) == 2


async def test_a_server_that_does_not_say_hello():
    async def script(peer: OddPeer) -> None:
        await peer.request()
        await peer.send(frame(PING, 0, 0, bytes(8)))
        await peer.gone()

    async with OddServer(then_kindly(script)) as server, user_of(server) as user:
        assert (await user.do({})).failure == "Protocol Error"


@pytest.mark.parametrize(
    "reply", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"HTTP/1.1 505 No\r\nServer: old\r\n\r\n" * 2000]
)
async def test_a_server_that_speaks_an_older_version_says_so(reply: bytes):
    async def script(peer: Peer) -> None:
        await peer.some()
        await peer.send(reply)
        await peer.gone()

    async with ScriptedServer(script) as server, http_user(server.url, http_version="2") as user:
        outcome = await user.do({})
        assert outcome.failure == "Protocol Error"
        line = reply.partition(b"\r\n")[0].decode()
        assert outcome.message == f"the reply begins with '{line}': the target does not speak HTTP/2 here"


async def test_a_body_that_is_too_large():
    body = [(DATA, 0, bytes(10_000))] * 3
    head = (HEADERS, END_HEADERS, block((":status", "200")))
    async with OddServer(sends(head, *body)) as server, user_of(server, max_response_bytes=20_000) as user:
        assert (await user.do({})).failure == "Response Too Large"
