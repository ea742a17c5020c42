"""Every way in which HTTP/1.1 can say what it has to say, from servers that say exactly that."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
from backports import zstd

from perfsvc.plugin import ReplyParts
from perfsvc.plugin.testing import EVERYTHING
from perfsvc.plugin.testing import Outcome
from tests.protocols.http_user import http_user
from tests.protocols.servers import OK
from tests.protocols.servers import Last
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer
from tests.protocols.servers import answering

pytestmark = pytest.mark.asyncio

NOTHING = ReplyParts()
HEAD = {"method": "HEAD"}


async def ask(
    reply: bytes, request: dict | None = None, reads: ReplyParts = EVERYTHING, **options
) -> tuple[Outcome, int]:
    """What a user makes of a reply, and how many connections that reply and a plain one after it took."""
    async with ScriptedServer(answering(reply, OK)) as server, http_user(server.url, **options) as user:
        outcome = await user.do(request or {}, reads)
        after = await user.do({}, EVERYTHING)
        assert (after.status, after.failure, after.body, after.bytes_received) == (200, None, b"ok", len(OK))
        return outcome, server.connections


async def test_a_length():
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Test: a\r\nx-test: b\r\n\r\nhello"
    outcome, connections = await ask(reply)
    assert (outcome.status, outcome.failure, outcome.body) == (200, None, b"hello")
    assert outcome.bytes_received == len(reply)
    assert outcome.headers["x-test"] == "a, b"
    assert outcome.headers["location"] is None
    assert connections == 1


async def test_chunks_with_extensions_and_a_trailer():
    body = b"5;x=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Late: 1\r\n\r\n"
    outcome, connections = await ask(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert (outcome.status, outcome.body, connections) == (200, b"hello world", 1)
    assert outcome.excerpt.body == b"hello world"


@pytest.mark.parametrize("reads", [NOTHING, EVERYTHING], ids=["unread", "read"])
@pytest.mark.parametrize("head", [b"HTTP/1.0 200 OK", b"HTTP/1.1 200 OK\r\nX-Test: 1", b"HTTP/1.1 200 OK"])
async def test_a_body_that_ends_with_the_connection(head: bytes, reads: ReplyParts):
    outcome, connections = await ask(Last(head + b"\r\n\r\nall of it"), reads=reads)
    assert (outcome.status, outcome.failure, connections) == (200, None, 2)
    assert outcome.body == (b"all of it" if reads.body else b"")
    assert outcome.excerpt.body == b"all of it"
    assert outcome.ended_ns >= outcome.started_ns + outcome.waiting_ns


@pytest.mark.parametrize(
    "head",
    [
        b"200 OK\r\nContent-Length: 0",
        b"204 No Content",
        b"304 Not Modified\r\nContent-Length: 500",
        b"205 Reset Content\r\nContent-Length: 0",
    ],
)
async def test_no_body(head: bytes):
    outcome, connections = await ask(b"HTTP/1.1 " + head + b"\r\n\r\n")
    assert (outcome.status, outcome.failure, outcome.body, connections) == (int(head[:3]), None, b"", 1)


@pytest.mark.parametrize("header", [b"Content-Length: 500", b"Transfer-Encoding: chunked", b"X-Test: 1"])
async def test_head_has_no_body_whatever_it_says(header: bytes):
    outcome, connections = await ask(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n\r\n", HEAD)
    assert (outcome.status, outcome.failure, outcome.body, connections) == (200, None, b"", 1)


async def test_head_again_and_again_over_one_connection():
    heads = [b"HTTP/1.1 %d X\r\nContent-Length: 9\r\n\r\n" % status for status in (200, 404, 200)]
    async with ScriptedServer(answering(*heads)) as server, http_user(server.url) as user:
        assert [(await user.do(HEAD)).status for _ in heads] == [200, 404, 200]
        assert server.connections == 1


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nConnection: foo, Close", b"HTTP/1.0 200 OK"])
async def test_head_of_a_server_that_will_close(head: bytes):
    outcome, connections = await ask(Last(head + b"\r\nContent-Length: 9\r\n\r\n"), HEAD)
    assert (outcome.status, connections) == (200, 2)


async def test_a_body_after_head_costs_the_connection():
    outcome, connections = await ask(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", HEAD)
    assert (outcome.status, outcome.failure, connections) == (200, None, 2)


@pytest.mark.parametrize("reads", [NOTHING, EVERYTHING], ids=["unread", "read"])
async def test_interim_replies_are_passed_over(reads: ReplyParts):
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Test: early\r\n\r\n"
    reply = interim + b"HTTP/1.1 201 Created\r\nX-Test: late\r\nContent-Length: 2\r\n\r\nhi"
    outcome, connections = await ask(reply, reads=reads)
    assert (outcome.status, outcome.headers["x-test"], connections) == (201, "late", 1)
    assert outcome.excerpt.response_head.startswith("HTTP/1.1 201")
    assert outcome.excerpt.body == b"hi"


async def test_interim_reply_to_head():
    outcome, connections = await ask(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", HEAD)
    assert (outcome.status, outcome.headers["content-length"], connections) == (200, "7", 1)


@pytest.mark.parametrize("more", [b"\r\nUpgrade: chat\r\nConnection: Upgrade", b""])
async def test_switching_protocols_is_an_answer_and_the_end_of_the_connection(more: bytes):
    outcome, connections = await ask(b"HTTP/1.1 101 Switching Protocols" + more + b"\r\n\r\n\x81\x05hello")
    assert (outcome.status, outcome.failure, connections) == (101, None, 2)


@pytest.mark.parametrize(
    "extra", [OK, b"HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad", b"HTTP/1.1 5", b"\x00garbage"]
)
@pytest.mark.parametrize("reads", [NOTHING, EVERYTHING], ids=["unread", "read"])
async def test_more_than_was_asked_for_costs_the_connection(extra: bytes, reads: ReplyParts):
    outcome, connections = await ask(OK + extra, reads=reads)
    assert (outcome.status, outcome.failure, connections) == (200, None, 2)
    assert outcome.body == (b"ok" if reads.body else b"")


async def test_bytes_that_nobody_asked_for_cost_the_connection():
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n" if peer.number == 1 else b"")
        await peer.gone()

    async with ScriptedServer(script) as server, http_user(server.url) as user:
        assert (await user.do({})).status == 200
        await server.gone(1)
        assert (await user.do({})).status == 200
        assert server.connections == 2


async def test_a_connection_that_the_server_means_to_close():
    outcome, connections = await ask(Last(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"))
    assert (outcome.status, connections) == (200, 2)


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00\x01\x02\x03",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n",
    ],
)
async def test_what_is_not_http(garbage: bytes):
    outcome, connections = await ask(garbage)
    assert (outcome.status, outcome.failure, outcome.sent, connections) == (0, "Protocol Error", True, 2)
    assert outcome.message
    assert outcome.bytes_received == len(garbage)


async def test_a_head_without_end():
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n", *[b"X-Filler: " + b"x" * 10_000 + b"\r\n"] * 30)
        await peer.gone()

    async with ScriptedServer(script) as server, http_user(server.url) as user:
        outcome = await user.do({})
        assert (outcome.failure, outcome.message) == (
            "Protocol Error",
            "the head of the reply has more than 262144 bytes or 1000 fields",
        )


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (b"", "Connection Error: closed early"),
        (b"HTTP/1.1 200", "Connection Error: closed early"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "Connection Error: closed early"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "Connection Error: closed early"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "Connection Error: closed early"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "Connection Error: closed early"),
    ],
)
async def test_an_end_in_the_middle(reply: bytes, failure: str):
    outcome, connections = await ask(Last(reply))
    assert (outcome.status, outcome.failure, outcome.sent, connections) == (0, failure, True, 2)
    assert outcome.bytes_received == len(reply)


async def test_a_reset_in_the_middle():
    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number == 1:
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"hel")
            peer.reset()
        else:
            await peer.send(OK)

    async with ScriptedServer(script) as server, http_user(server.url) as user:
        assert (await user.do({})).failure == "Connection Error: reset"
        assert (await user.do({})).status == 200


TEXT = "压缩的文本 " * 50
PACKED = {
    "gzip": gzip.compress(TEXT.encode()),
    "x-gzip": gzip.compress(TEXT.encode()),
    "deflate": zlib.compress(TEXT.encode()),
    "Deflate": zlib.compress(TEXT.encode(), wbits=-15),
    "br": brotli.compress(TEXT.encode()),
    "zstd": zstd.compress(TEXT.encode()),
    "gzip, br": brotli.compress(gzip.compress(TEXT.encode())),
    "identity": TEXT.encode(),
}


def coded(coding: str, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        coding.encode(),
        len(body),
        body,
    )


@pytest.mark.parametrize("coding", PACKED)
async def test_codings_are_undone_for_readers(coding: str):
    outcome, _ = await ask(coded(coding, PACKED[coding]))
    assert (outcome.status, outcome.text) == (200, TEXT)
    assert outcome.bytes_received == len(coded(coding, PACKED[coding]))
    assert outcome.excerpt.body == TEXT.encode()[:1024]


SEVERAL = {
    "gzip": gzip.compress(b"one ") + gzip.compress(b"two ") + gzip.compress(b"three") + bytes(20),
    "zstd": zstd.compress(b"one ") + zstd.compress(b"two ") + zstd.compress(b"three"),
}


@pytest.mark.parametrize("coding", SEVERAL)
async def test_a_body_of_several_members_is_read_whole(coding: str):
    outcome, _ = await ask(coded(coding, SEVERAL[coding]))
    assert (outcome.failure, outcome.body) == (None, b"one two three")


DAMAGED = [
    ("gzip", b"not gzip", "the compressed data is damaged"),
    ("gzip", PACKED["gzip"][:-20], "the compressed data ends early"),
    ("deflate", b"\xff\xff\xff", "the compressed data is damaged"),
    ("br", b"unknown", "the compressed data is damaged"),
    ("br", PACKED["br"][:-5], "the compressed data ends early"),
    ("zstd", b"not zstd at all", "the compressed data is damaged"),
    ("zstd", PACKED["zstd"][:-5], "the compressed data ends early"),
    ("compress", b"unknown", "the content coding 'compress' is unknown"),
]


@pytest.mark.parametrize(("coding", "body", "reason"), DAMAGED, ids=range(len(DAMAGED)))
async def test_a_body_that_cannot_be_decoded_is_the_steps_error(coding: str, body: bytes, reason: str):
    for _ in range(2):
        outcome, connections = await ask(coded(coding, body))
        assert outcome.failure == "Undecodable Body"
        assert outcome.message.startswith(f"HTTP 200: {reason}")
        assert connections == 1
    unread, _ = await ask(coded(coding, body), {}, NOTHING)
    assert (unread.status, unread.failure) == (200, None)
    refused, _ = await ask(coded(coding, body).replace(b"200 OK", b"500 No"))
    assert (refused.status, refused.failure, refused.body) == (500, None, body)
    empty, _ = await ask(coded("gzip", b""))
    assert (empty.status, empty.failure, empty.body) == (200, None, b"")


async def test_a_bomb_goes_off_only_so_far():
    outcome, _ = await ask(coded("gzip", gzip.compress(bytes(5_000_000))), max_body_bytes=10_000)
    assert outcome.body == bytes(10_000)


@pytest.mark.parametrize("framing", ["length", "chunks", "close"])
async def test_a_body_beyond_the_limit_is_counted_and_not_kept(framing: str):
    body = b"x" * 300_000
    reply = {
        "length": b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + body,
        "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n493e0\r\n" + body + b"\r\n0\r\n\r\n",
        "close": Last(b"HTTP/1.0 200 OK\r\n\r\n" + body),
    }[framing]
    outcome, _ = await ask(reply, max_body_bytes=299_999)
    assert (outcome.status, outcome.body, outcome.bytes_received) == (200, b"", len(reply))
    assert outcome.excerpt.body == body[: 1024 - (7 if framing == "chunks" else 0)]
    whole, _ = await ask(reply, max_body_bytes=300_000)
    assert whole.body == body


WORDS = '{"名": "性能"}'
TYPES = [
    ("text/plain; charset=gbk", WORDS.encode("gbk")),
    ('application/json; charset="GBK"', WORDS.encode("gbk")),
    ("text/plain; charset=UTF-16LE", WORDS.encode("utf-16-le")),
    ("text/plain; charset=utf-8", WORDS.encode("utf-16")),
    ("application/json", WORDS.encode("utf-8-sig")),
    ("application/json", WORDS.encode("utf-16-be")),
    ("application/problem+json", WORDS.encode("utf-32")),
    ("text/html", b'<meta charset="gb2312">' + WORDS.encode("gbk")),
    ("text/xml", b'<?xml version="1.0" encoding="GBK"?>' + WORDS.encode("gbk")),
    ("", WORDS.encode()),
]


@pytest.mark.parametrize(("content_type", "body"), TYPES, ids=range(len(TYPES)))
async def test_a_text_is_read_in_its_character_set(content_type: str, body: bytes):
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    outcome, _ = await ask(head.encode() + body)
    assert outcome.failure is None
    assert outcome.text.endswith(WORDS)
    assert outcome.body.endswith(WORDS.encode())
    assert outcome.excerpt.body.endswith(WORDS.encode())
    assert len(outcome.text) <= len(WORDS) + 40


async def test_bytes_that_are_no_text_stay_and_unknown_character_sets_are_reported():
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: 4\r\n\r\n\xff\xfe\x00\x01"
    outcome, _ = await ask(head % b"image/png")
    assert outcome.body == b"\xff\xfe\x00\x01"
    outcome, _ = await ask(head % b"text/plain; charset=klingon")
    assert (outcome.failure, outcome.message) == (
        "Undecodable Body",
        "HTTP 200: the character set 'klingon' is unknown",
    )
    outcome, _ = await ask(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\xffb")
    assert (outcome.failure, outcome.text) == (None, "a\ufffdb")


@pytest.mark.parametrize(
    ("raw", "value"), [("名".encode(), "名"), ("café".encode("latin-1"), "café"), (b" \t x \t", "x")]
)
async def test_header_values(raw: bytes, value: str):
    outcome, _ = await ask(b"HTTP/1.1 200 OK\r\nX-Test:" + raw + b"\r\nContent-Length: 0\r\n\r\n")
    assert outcome.headers["x-test"] == value


@pytest.mark.parametrize("reads", [NOTHING, EVERYTHING], ids=["unread", "read"])
async def test_replies_alike_and_not_alike(reads: ReplyParts):
    """The second of two replies with one head and size is not parsed; everything must be as if it were."""
    plain = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
    error = b"HTTP/1.1 500 OK\r\nContent-Length: 3\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    bodies = [
        (plain + b"abc", 200, b"abc"),
        (plain + b"def", 200, b"def"),
        (error + b"ghi", 500, b"ghi"),
        (error + b"jkl", 500, b"jkl"),
        (plain + b"mno", 200, b"mno"),
        (chunked + b"2\r\npq\r\n0\r\n\r\n", 200, b"pq"),
        (chunked + b"2\r\nrs\r\n0\r\n\r\n", 200, b"rs"),
        (plain + b"tuv", 200, b"tuv"),
    ]
    async with ScriptedServer(answering(*[reply for reply, _, _ in bodies])) as server, http_user(server.url) as user:
        call = user.call({}, reads)
        for reply, status, body in bodies:
            outcome = await user.do(call)
            assert (outcome.status, outcome.failure, outcome.bytes_received) == (status, None, len(reply))
            assert outcome.body == (body if reads.body else b"")
            assert outcome.excerpt.body == body
        assert server.connections == 1


async def test_an_excerpt_shows_what_was_sent_and_the_beginning_of_what_came():
    body = b"".join(b"line %d\n" % number for number in range(1000))
    head = b"HTTP/1.1 503 Busy\r\nX-Test: 1\r\nContent-Length: %d\r\n\r\n" % len(body)
    outcome, _ = await ask(head + body, {"method": "POST", "body": "x" * 5000}, NOTHING)
    assert outcome.excerpt.request.startswith("POST / HTTP/1.1\r\nHost: 127.0.0.1:")
    assert outcome.excerpt.request.endswith("\r\n\r\n" + "x" * 1024)
    assert outcome.excerpt.response_head.encode() == head
    assert outcome.excerpt.body == body[:1024]


async def test_an_excerpt_of_garbage_shows_it():
    outcome, _ = await ask(b"220 mail.example ESMTP\r\n")
    assert (outcome.excerpt.response_head, outcome.excerpt.body) == ("", b"220 mail.example ESMTP\r\n")
