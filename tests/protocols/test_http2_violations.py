"""Error cases of RFC 9113 and RFC 7541, with the error code that our client reports to the server."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated
from hpack import Encoder

from tests.protocols.h2_peers import OddPeer
from tests.protocols.h2_peers import OddServer
from tests.protocols.h2_peers import friendly
from tests.protocols.http2_peers import frame
from tests.protocols.http_user import http_user

pytestmark = pytest.mark.asyncio

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 5, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
ASKED = -1
"""Stands for the stream of the request."""
PROTOCOL, FLOW = ErrorCodes.PROTOCOL_ERROR, ErrorCodes.FLOW_CONTROL_ERROR
SIZE, COMPRESSION = ErrorCodes.FRAME_SIZE_ERROR, ErrorCodes.COMPRESSION_ERROR
Frames = list[tuple[int, int, int, bytes]]


def block(*headers: tuple[str, str]) -> bytes:
    encoder = Encoder()
    encoder.header_table_size = 0
    return bytes(encoder.encode([*headers]))


OK = block((":status", "200"))
HEAD = (HEADERS, END_HEADERS, ASKED, OK)

VIOLATIONS: dict[str, tuple[Frames, ErrorCodes]] = {
    "4.2 a frame larger than SETTINGS_MAX_FRAME_SIZE": ([HEAD, (DATA, 0, ASKED, bytes(16_385))], SIZE),
    "4.3 a header block that cannot be decoded": (
        [(HEADERS, END_HEADERS, ASKED, b"\xff\xff\xff\xff\xff")],
        COMPRESSION,
    ),
    "5.1 DATA on an idle stream": ([(DATA, 0, 99, b"x")], PROTOCOL),
    "5.1 RST_STREAM on an idle stream": ([(RST_STREAM, 0, 99, bytes(4))], PROTOCOL),
    "5.1 WINDOW_UPDATE on an idle stream": ([(WINDOW_UPDATE, 0, 99, b"\0\0\0\1")], PROTOCOL),
    "5.1.1 HEADERS on a stream of the server": ([(HEADERS, END_HEADERS, 2, OK)], PROTOCOL),
    "6.1 DATA without a stream": ([(DATA, 0, 0, b"x")], PROTOCOL),
    "6.1 padding as long as the frame": ([HEAD, (DATA, PADDED, ASKED, b"\x02a")], PROTOCOL),
    "6.2 HEADERS without a stream": ([(HEADERS, END_HEADERS, 0, OK)], PROTOCOL),
    "6.2 padding longer than the block": ([(HEADERS, END_HEADERS | PADDED, ASKED, b"\xff" + OK)], PROTOCOL),
    "6.3 PRIORITY without a stream": ([(PRIORITY, 0, 0, bytes(5))], PROTOCOL),
    "6.3 PRIORITY of a wrong size": ([(PRIORITY, 0, ASKED, bytes(4))], SIZE),
    "6.4 RST_STREAM without a stream": ([(RST_STREAM, 0, 0, bytes(4))], PROTOCOL),
    "6.4 RST_STREAM of a wrong size": ([(RST_STREAM, 0, ASKED, bytes(3))], SIZE),
    "6.5 SETTINGS on a stream": ([(SETTINGS, 0, ASKED, b"")], PROTOCOL),
    "6.5 SETTINGS of a wrong size": ([(SETTINGS, 0, 0, bytes(5))], SIZE),
    "6.5 acknowledged SETTINGS with a payload": ([(SETTINGS, ACK, 0, bytes(6))], SIZE),
    "6.5.2 a server that enables push": ([(SETTINGS, 0, 0, struct.pack(">HI", 2, 1))], PROTOCOL),
    "6.5.2 an initial window too wide": ([(SETTINGS, 0, 0, struct.pack(">HI", 4, 2**31))], FLOW),
    "6.5.2 a frame size too small": ([(SETTINGS, 0, 0, struct.pack(">HI", 5, 16_383))], PROTOCOL),
    "6.5.2 a frame size too large": ([(SETTINGS, 0, 0, struct.pack(">HI", 5, 2**24))], PROTOCOL),
    "6.6 PUSH_PROMISE": ([(PUSH_PROMISE, END_HEADERS, ASKED, b"\0\0\0\2" + OK)], PROTOCOL),
    "6.7 PING on a stream": ([(PING, 0, ASKED, bytes(8))], PROTOCOL),
    "6.7 PING of a wrong size": ([(PING, 0, 0, bytes(7))], SIZE),
    "6.8 GOAWAY on a stream": ([(GOAWAY, 0, ASKED, bytes(8))], PROTOCOL),
    "6.9 WINDOW_UPDATE by 0": ([(WINDOW_UPDATE, 0, 0, bytes(4))], PROTOCOL),
    "6.9 WINDOW_UPDATE of a wrong size": ([(WINDOW_UPDATE, 0, 0, bytes(3))], SIZE),
    "6.9.1 a window beyond the maximum": ([(WINDOW_UPDATE, 0, 0, struct.pack(">I", 2**31 - 1))], FLOW),
    "6.10 CONTINUATION of nothing": ([(CONTINUATION, END_HEADERS, ASKED, OK)], PROTOCOL),
    "6.10 CONTINUATION of another stream": (
        [(HEADERS, 0, ASKED, OK[:1]), (CONTINUATION, END_HEADERS, 99, OK[1:])],
        PROTOCOL,
    ),
    "6.10 another frame within a header block": ([(HEADERS, 0, ASKED, OK), (DATA, 0, ASKED, b"x")], PROTOCOL),
    "8.1 a body before its head": ([(DATA, 0, ASKED, b"x")], PROTOCOL),
    "8.1 trailers that do not end the stream": ([HEAD, (HEADERS, END_HEADERS, ASKED, block(("x-sum", "1")))], PROTOCOL),
    "8.1 an interim reply that ends the stream": (
        [(HEADERS, END_HEADERS | END_STREAM, ASKED, block((":status", "103")))],
        PROTOCOL,
    ),
    "8.1.1 a body shorter than told": (
        [(HEADERS, END_HEADERS, ASKED, block((":status", "200"), ("content-length", "3"))), (DATA, 1, ASKED, b"ok")],
        PROTOCOL,
    ),
    "8.2.1 a name in upper case": (
        [(HEADERS, END_HEADERS, ASKED, OK + b"\x00\x06X-Test\x01a")],
        PROTOCOL,
    ),
    "8.2.2 a connection-specific field": (
        [(HEADERS, END_HEADERS, ASKED, block((":status", "200"), ("connection", "close")))],
        PROTOCOL,
    ),
    "8.3 an unknown pseudo-header field": (
        [(HEADERS, END_HEADERS, ASKED, block((":status", "200"), (":path", "/")))],
        PROTOCOL,
    ),
    "8.3 a pseudo-header field after others": (
        [(HEADERS, END_HEADERS, ASKED, block(("x-test", "1"), (":status", "200")))],
        PROTOCOL,
    ),
    "8.3 a pseudo-header field in trailers": (
        [HEAD, (HEADERS, END_HEADERS | END_STREAM, ASKED, block((":status", "200")))],
        PROTOCOL,
    ),
    "8.3.2 no status": ([(HEADERS, END_HEADERS, ASKED, block(("x-test", "1")))], PROTOCOL),
    "7541 2.3.3 an index that is 0": ([(HEADERS, END_HEADERS, ASKED, b"\x80")], COMPRESSION),
    "7541 2.3.3 an index beyond the tables": ([(HEADERS, END_HEADERS, ASKED, b"\xbe")], COMPRESSION),
    "7541 4.2 a table larger than allowed": ([(HEADERS, END_HEADERS, ASKED, b"\x3f\xe1\x1f" + OK)], COMPRESSION),
    "7541 5.2 padding of a text with zeros": ([(HEADERS, END_HEADERS, ASKED, OK + b"\x00\x81\x18\x01a")], COMPRESSION),
    "7541 6.1 a literal that ends early": ([(HEADERS, END_HEADERS, ASKED, OK + b"\x00\x7fab")], COMPRESSION),
}

ALLOWED: dict[str, Frames] = {
    "4.1 a frame of an unknown type": [(0xFA, 0xFF, 0, b"whatever"), (0xFA, 0, ASKED, b"")],
    "4.1 the reserved bit": [(WINDOW_UPDATE, 0, 0, b"\x80\0\0\1")],
    "5.1 frames for a stream that is closed": [(WINDOW_UPDATE, 0, 1, b"\0\0\0\1"), (RST_STREAM, 0, 1, bytes(4))],
    "6.3 PRIORITY": [(PRIORITY, 0, ASKED, bytes(5)), (PRIORITY, 0, 99, bytes(5))],
    "6.5 an unknown setting": [(SETTINGS, 0, 0, struct.pack(">HI", 0xFFFF, 7))],
    "6.7 PING": [(PING, 0, 0, b"12345678"), (PING, ACK, 0, b"87654321")],
    "6.8 a GOAWAY that still lets the stream end": [(GOAWAY, 0, 0, struct.pack(">II", 2**31 - 1, 0) + b"soon")],
}


def played(frames: Frames) -> Any:
    """A script: one good reply, then the frames in answer to the second request, then a good reply to it."""

    async def script(peer: OddPeer) -> None:
        await peer.begin()
        await peer.answer(await peer.request())
        stream = await peer.request()
        for kind, flags, at, payload in frames:
            await peer.send(frame(kind, flags, stream if at == ASKED else at, payload))
        if frames in ALLOWED.values():
            await peer.answer(stream)
        await peer.gone()

    async def first_only(peer: OddPeer) -> None:
        await (script if peer.number == 1 else friendly)(peer)

    return first_only


@pytest.mark.parametrize("name", VIOLATIONS)
async def test_a_violation_is_reported_to_both_sides(name: str):
    frames, code = VIOLATIONS[name]
    async with OddServer(played(frames)) as server, http_user(server.url, http_version="2") as user:
        assert (await user.do({})).failure is None
        outcome = await user.do({})
        assert (outcome.failure, outcome.status) == ("Protocol Error", 0)
        assert outcome.message
        assert (await user.do({})).failure is None
        assert len(server.peers) == 2
        async with server.ended(1):
            told = [event.error_code for event in server.peers[0].events if isinstance(event, ConnectionTerminated)]
        assert told == [code]


@pytest.mark.parametrize("name", ALLOWED)
async def test_what_is_allowed_changes_nothing(name: str):
    async with OddServer(played(ALLOWED[name])) as server, http_user(server.url, http_version="2") as user:
        for _ in range(2):
            outcome = await user.do({})
            assert (outcome.failure, outcome.body) == (None, b"ok"), outcome.message
        assert len(server.peers) == 1
