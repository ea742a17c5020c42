"""Replies that come bit by bit: server-sent events, lines of JSON, bodies without end."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
import time
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest

from perfsvc.plugin import InvalidInput
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc.plugin.testing.drive import EVERYTHING
from perfsvc.plugin.testing.drive import Outcome
from perfsvc_protocols.http import HttpProtocol
from tests.protocols.h2_peers import OddPeer
from tests.protocols.h2_peers import OddServer
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.asyncio

CLIENTS: dict[str, dict[str, Any]] = {"ours": {}, "libcurl": {"http_version": "auto"}}
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
NDJSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"


def listening_user(url: str, **options: Any) -> User:
    """A user of a run in which a step listens: sessions are made after all steps are compiled."""
    protocol = HttpProtocol(HttpProtocol.Options.parse(options), context(url))
    protocol.compile(HttpProtocol.Request.parse({"url": "/", "listen": {"events": 1}}), 1, EVERYTHING)
    return User(protocol, headers=())


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def streams(head: bytes, part: Callable[[int], bytes], pause_s: float = 0.02) -> Any:
    """A script: after a head a part each 20 ms, until the client goes."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(head)
        for number in range(10_000):
            await asyncio.sleep(pause_s)
            await peer.send(part(number))

    return script


def delta(number: int) -> bytes:
    """A part of a chat completion, as servers of language models send it; the tenth ends it."""
    if number == 10:
        return b"data: [DONE]\n\n"
    content = {"choices": [{"delta": {"content": f"word{number} " if number else ""}}]}
    return b": ping\n\ndata: %b\r\n\r\n" % json.dumps(content).encode()


async def heard(script: Any, listen: dict[str, Any], client: str = "ours", again: bool = True) -> Outcome:
    """The outcome of listening, twice with one user."""
    async with ScriptedServer(script) as server, listening_user(server.url, **CLIENTS[client]) as user:
        call = user.call({"url": "/", "listen": listen}, EVERYTHING)
        outcome = await user.do(call)
        assert outcome.failure is None, outcome.message
        if again:
            assert (await user.do(call)).counters == outcome.counters
            assert server.connections == len(server.requests) == 2
            await server.gone(1)
        return outcome


@pytest.mark.parametrize("client", CLIENTS)
async def test_events_until_enough_have_come(client: str):
    outcome = await heard(streams(SSE, lambda number: b"id: %d\ndata: x\ndata: y\n\n" % number), {"events": 5}, client)
    assert (outcome.status, outcome.counters) == (200, {"events": 5})
    assert outcome.gauges is not None
    assert set(outcome.gauges) == {"first_event_ms", "event_gap_ms", "longest_event_gap_ms"}
    took_ms = (outcome.ended_ns - outcome.started_ns) / 1e6
    assert 15 <= outcome.gauges["first_event_ms"] < took_ms
    assert 15 <= outcome.gauges["event_gap_ms"] <= outcome.gauges["longest_event_gap_ms"] < took_ms
    assert outcome.body.startswith(b"id: 0\ndata: x\n")


@pytest.mark.parametrize("client", CLIENTS)
async def test_tokens_until_an_event_matches(client: str):
    listen = {"until": r"^\[DONE\]$", "tokens": "$.choices[0].delta.content"}
    outcome = await heard(streams(SSE, delta), listen, client)
    assert outcome.counters == {"events": 11, "tokens": 9}
    assert outcome.gauges is not None
    assert outcome.gauges["first_event_ms"] < outcome.gauges["first_token_ms"]
    assert outcome.gauges["tokens_per_second"] > 0


@pytest.mark.parametrize("client", CLIENTS)
async def test_lines_of_json_for_a_time(client: str):
    def part(number: int) -> bytes:
        line = json.dumps({"eval_count": number + 1}).encode()
        return chunk(line[:5]) + chunk(line[5:] + b"\n")

    begun = time.monotonic()
    outcome = await heard(streams(NDJSON, part), {"seconds": 1, "tokens": "$.eval_count"}, client, again=False)
    assert time.monotonic() - begun >= 1
    assert outcome.status == 200
    assert outcome.counters is not None
    assert 2 <= outcome.counters["events"] <= 50
    assert outcome.counters["tokens"] == outcome.counters["events"]


async def test_pieces_of_a_body_without_end():
    head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 100000000\r\n\r\n"
    outcome = await heard(streams(head, lambda number: bytes(1000)), {"events": 3})
    assert outcome.counters == {"events": 3}
    assert outcome.body == bytes(3000)


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_stream_that_ends_by_itself(client: str):
    async def script(peer: Peer) -> None:
        for _ in range(2):
            await peer.request()
            await peer.send(NDJSON, chunk(b'{"a": 1}\r\n{"a"'), chunk(b': 2}\n\n{"a": 3}'), b"0\r\n\r\n")

    async with ScriptedServer(script) as server, listening_user(server.url, **CLIENTS[client]) as user:
        for _ in range(2):
            outcome = await user.do({"url": "/", "listen": {"events": 100}})
            assert (outcome.failure, outcome.counters) == (None, {"events": 3})
        assert server.connections == 1


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_reply_that_does_not_begin(client: str):
    async def mute(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    async with ScriptedServer(mute) as server, listening_user(server.url, **CLIENTS[client]) as user:
        outcome = await user.do({"url": "/", "listen": {"seconds": 0.2}})
        assert (outcome.failure, outcome.message) == ("Timeout", "no reply in time")
        assert outcome.counters == {"events": 0}


def encoder(coding: str) -> Callable[[bytes], bytes]:
    """A function that codes the next part of a body so that it can be read at once."""
    if coding == "br":
        brotli_stream = brotli.Compressor()
        return lambda part: brotli_stream.process(part) + brotli_stream.flush()
    if coding == "zstd":
        frames = zstd.ZstdCompressor()
        return lambda part: frames.compress(part, mode=zstd.ZstdCompressor.FLUSH_BLOCK)
    packer = zlib.compressobj(wbits={"gzip": 31, "deflate": 15, "bare": -15}[coding])
    return lambda part: packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)


def compressed(coding: str) -> Any:
    """A script that streams events with a content coding, twice on two connections."""

    async def script(peer: Peer) -> None:
        encode = encoder(coding)
        await streams(
            SSE[:-2] + b"Content-Encoding: %b\r\n\r\n" % NAMES.get(coding, coding).encode(),
            lambda number: encode(b"data: %d\n\n" % number),
        )(peer)

    return script


NAMES = {"bare": "deflate"}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("coding", ["gzip", "deflate", "bare", "br", "zstd"])
async def test_a_compressed_stream(coding: str, client: str):
    outcome = await heard(compressed(coding), {"events": 5}, client)
    assert outcome.counters == {"events": 5}
    assert outcome.body.startswith(b"data: 0\n\ndata: 1\n\n")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("coding", "part", "message"),
    [
        ("gzip", b"data: x\n\n", "the compressed data is damaged: "),
        ("br", b"\xff" * 10, "the compressed data is damaged: "),
        ("zstd", b"data: x\n\n", "the compressed data is damaged: "),
        ("rot13", b"data: x\n\n", "the content coding 'rot13' is unknown"),
        ("gzip", gzip.compress(bytes(1_000_000)), "one part of the compressed body becomes more than 50000 bytes"),
        ("br", brotli.compress(bytes(1_000_000)), "one part of the compressed body becomes more than 50000 bytes"),
        ("zstd", zstd.compress(bytes(1_000_000)), "one part of the compressed body becomes more than 50000 bytes"),
    ],
)
async def test_a_compressed_stream_that_cannot_be_read(coding: str, part: bytes, message: str, client: str):
    head = SSE[:-2] + b"Content-Encoding: %b\r\n\r\n" % coding.encode()
    async with (
        ScriptedServer(streams(head, lambda number: part)) as server,
        listening_user(server.url, max_body_bytes=50_000, **CLIENTS[client]) as user,
    ):
        outcome = await user.do({"url": "/", "listen": {"events": 1}})
        assert outcome.failure == "Undecodable Body"
        assert outcome.message.startswith(message)


async def test_an_event_without_end_is_refused():
    async with (
        ScriptedServer(streams(SSE, lambda number: bytes(10_000))) as server,
        listening_user(server.url, max_body_bytes=50_000) as user,
    ):
        outcome = await user.do({"url": "/", "listen": {"events": 1}})
        assert (outcome.failure, outcome.message) == ("Response Too Large", "one event of more than 50000 bytes")


@pytest.mark.parametrize("listen", [{"events": 4}, {"seconds": 0.3}, {"until": "three"}])
async def test_over_http_2_only_the_stream_ends(listen: dict[str, Any]):
    async def script(peer: OddPeer) -> None:
        await peer.begin()
        while True:
            stream = await peer.request()
            peer.h2.send_headers(stream, [(":status", "200"), ("content-type", "text/event-stream")])
            for word in ("zero", "one", "two", "three"):
                peer.h2.send_data(stream, f"data: {word}\n\n".encode())
                await peer.flush()
                await asyncio.sleep(0.02)

    async with OddServer(script) as server, listening_user(server.url, http_version="2") as user:
        for _ in range(3):
            outcome = await user.do({"url": "/", "listen": listen})
            assert (outcome.failure, outcome.status, outcome.counters) == (None, 200, {"events": 4})
        assert len(server.peers) == 1


async def test_events_are_counted_while_they_come():
    async with ScriptedServer(streams(SSE, delta)) as server, listening_user(server.url) as user:
        assert user.protocol.counts_in_flight
        user.start(user.call({"url": "/", "listen": {"until": "DONE"}}))
        counted = 0.0
        while counted < 3:
            await asyncio.sleep(0.01)
            counted += (user.session.partial_counters() or {"events": 0})["events"]
        outcome = await user.ended()
        assert outcome.counters == {"events": 11 - counted}
        assert user.session.partial_counters() is None


async def test_a_user_that_leaves_while_it_listens_leaves_nothing():
    async with ScriptedServer(streams(SSE, delta)) as server:
        user: User = listening_user(server.url)
        user.start(user.call({"url": "/", "listen": {"seconds": 60}}))
        await server.asked(1)
        await asyncio.sleep(0.1)
        await user.leave()
        await user.protocol.close()
        outcome = await user.ended()
        assert (outcome.failure, user.session.reply.listening_timer) == ("Aborted", None)
        await server.gone(1)


@pytest.mark.parametrize(
    ("listen", "path"),
    [
        ({"events": 0}, "listen.events"),
        ({"until": "("}, "listen.until"),
        ({"tokens": "$["}, "listen.tokens"),
        ({"format": "xml"}, "listen.format"),
    ],
)
async def test_what_cannot_be_listened_for_is_reported(listen: dict[str, Any], path: str):
    async with listening_user("http://127.0.0.1:1") as user:
        with pytest.raises(InvalidInput) as raised:
            user.call({"url": "/", "listen": listen})
        assert [problem.path for problem in raised.value.problems] == [path]
