"""One behaviour for sloppy, legal and illegal replies (RFC 9112), for every client, however they arrive."""

from __future__ import annotations

from typing import Any
from typing import NamedTuple

import pytest

from perfsvc.plugin import ReplyParts
from perfsvc.plugin.testing.drive import EVERYTHING
from perfsvc.plugin.testing.drive import Outcome
from tests.protocols.http_user import http_user
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer
from tests.protocols.servers import always

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])

START = b"HTTP/1.1 200 OK\r\n"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"
TWO = b"Content-Length: 2\r\n\r\nok"


class Read(NamedTuple):
    """What a client makes of a reply."""

    status: int = 200
    body: bytes = b"ok"
    x_test: str | None = None


REFUSED = Read(0, b"", None)

CASES: dict[str, tuple[bytes, Read]] = {
    "plain": (START + TWO, Read()),
    "obs-fold": (START + b"X-Test: a\r\n b\r\n" + TWO, Read(x_test="a b")),
    "obs-fold tab": (START + b"X-Test: a\r\n\tb\r\n" + TWO, Read(x_test="a b")),
    "two equal length": (START + b"Content-Length: 2\r\n" + TWO, Read()),
    "length list equal": (START + b"Content-Length: 2, 2\r\n\r\nok", Read()),
    "two unequal length": (START + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", REFUSED),
    "bare lf": (b"HTTP/1.1 200 OK\nContent-Length: 2\nX-Test: a\n\nok", Read(x_test="a")),
    "bare lf last": (START + b"Content-Length: 2\r\nX-Test: a\n\nok", Read(x_test="a")),
    "space before colon": (START + b"X-Test : a\r\n" + TWO, Read(x_test="a")),
    "no space after colon": (START + b"X-Test:a\r\nContent-Length:2\r\n\r\nok", Read(x_test="a")),
    "spaces around value": (START + b"X-Test: \t a \t\r\nContent-Length:  2  \r\n\r\nok", Read(x_test="a")),
    "empty reason": (b"HTTP/1.1 200 \r\n" + TWO, Read()),
    "no reason": (b"HTTP/1.1 200\r\n" + TWO, Read()),
    "two spaces": (b"HTTP/1.1  200 OK\r\n" + TWO, REFUSED),
    "reason utf8": (b"HTTP/1.1 200 \xe5\xa5\xbd\r\n" + TWO, Read()),
    "lower http": (b"http/1.1 200 OK\r\n" + TWO, Read()),
    "HTTP/1.0 kept alive": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + TWO, Read()),
    "HTTP/1.2": (b"HTTP/1.2 200 OK\r\n" + TWO, REFUSED),
    "HTTP/2.0": (b"HTTP/2.0 200 OK\r\n" + TWO, Read()),
    "HTTP/1.1 2 digit": (b"HTTP/1.1 99 OK\r\n" + TWO, REFUSED),
    "status 600": (b"HTTP/1.1 600 OK\r\n" + TWO, Read(status=600)),
    "status 1000": (b"HTTP/1.1 1000 OK\r\n" + TWO, REFUSED),
    "no colon line": (START + b"nonsense\r\n" + TWO, REFUSED),
    "empty name": (START + b": a\r\n" + TWO, Read()),
    "name w space": (START + b"X Test: a\r\n" + TWO, Read()),
    "nul in value": (START + b"X-Test: a\x00b\r\n" + TWO, REFUSED),
    "control character in value": (START + b"X-Test: a\x01b\r\n" + TWO, Read(x_test="a\x01b")),
    "obs-text": (START + b"X-Test: caf\xe9\r\n" + TWO, Read(x_test="café")),
    "bare cr in value": (START + b"X-Test: a\rb\r\n" + TWO, REFUSED),
    "length plus": (START + b"Content-Length: +2\r\n\r\nok", REFUSED),
    "length minus": (START + b"Content-Length: -2\r\n\r\nok", REFUSED),
    "length hex": (START + b"Content-Length: 0x2\r\n\r\nok", REFUSED),
    "length empty": (START + b"Content-Length: \r\n\r\nok", REFUSED),
    "te+cl": (START + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n2\r\nok\r\n0\r\n\r\n", Read()),
    "coding chunked": (CHUNKED + b"2\r\nok\r\n0\r\n\r\n", Read()),
    "coding CHUNKED": (START + b"Transfer-Encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n", Read()),
    "coding gzip,chunked": (START + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", REFUSED),
    "coding chunked twice": (
        START + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Read(),
    ),
    "coding identity": (START + b"Transfer-Encoding: identity\r\n" + TWO, Read()),
    "chunk ext": (CHUNKED + b"2;a=b\r\nok\r\n0\r\n\r\n", Read()),
    "chunk ext quoted": (CHUNKED + b'2;a="b;\\""\r\nok\r\n0\r\n\r\n', Read()),
    "chunk space": (CHUNKED + b"2 \r\nok\r\n0\r\n\r\n", Read()),
    "chunk leading zeros": (CHUNKED + b"0002\r\nok\r\n000\r\n\r\n", Read()),
    "chunk upper": (CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n", Read(body=b"0123456789")),
    "chunk 0x": (CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n", REFUSED),
    "chunk neg": (CHUNKED + b"-2\r\nok\r\n0\r\n\r\n", REFUSED),
    "chunk too long data": (CHUNKED + b"2\r\nokx\r\n0\r\n\r\n", REFUSED),
    "chunk trailer": (CHUNKED + b"2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n", Read()),
    "connection list": (START + b"Connection: Upgrade, Keep-Alive\r\n" + TWO, Read()),
    "upgrade header on 200": (START + b"Upgrade: h2c\r\nConnection: Upgrade\r\n" + TWO, Read()),
    "connection close": (START + b"Connection: close\r\n" + TWO, Read()),
    "connection close list": (START + b"Connection: foo, Close\r\n" + TWO, Read()),
    "204 with length": (b"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n", Read(status=204, body=b"")),
    "304 with length": (b"HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\n", Read(status=304, body=b"")),
    "204 with coding": (b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", Read(status=204, body=b"")),
    "100s": (b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\n" + TWO, Read()),
    "103": (b"HTTP/1.1 103 E\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n" + TWO, Read()),
    "no headers close": (START + b"\r\nok", Read()),
    "HTTP/0.9": (b"hello", REFUSED),
    "ICY": (b"ICY 200 OK\r\n" + TWO, REFUSED),
    "tabs in status": (b"HTTP/1.1\t200\tOK\r\n" + TWO, Read()),
    "whitespace first header": (START + b" X-Test: a\r\n" + TWO, Read()),
    "empty header value": (START + b"X-Test:\r\n" + TWO, Read(x_test="")),
    "blank line end of head": (START + b"Content-Length: 2\r\n \r\n\r\nok", Read()),
    # Statements of the length that two readers may take differently
    "length list unequal": (START + b"Content-Length: 2, 3\r\n\r\nok", REFUSED),
    "length leading zeros": (START + b"Content-Length: 0002\r\n\r\nok", Read()),
    "length two numbers": (START + b"Content-Length: 2 2\r\n\r\nok", REFUSED),
    "length underscore": (START + b"Content-Length: 0_2\r\n\r\nok", REFUSED),
    "length superscript": (START + "Content-Length: \u00b2\r\n\r\nok".encode("latin-1"), REFUSED),
    "length with unit": (START + b"Content-Length: 2b\r\n\r\nok", REFUSED),
    "length list with a gap": (START + b"Content-Length: 2,\r\n\r\nok", REFUSED),
    "length folded": (START + b"Content-Length:\r\n 2\r\n\r\nok", Read()),
    "length folded to two": (START + b"Content-Length: 2\r\n 0\r\n\r\nok", REFUSED),
    "length in lower case": (START + b"content-length: 2\r\n\r\nok", Read()),
    "cl+te": (START + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Read()),
    "te no space": (START + b"Transfer-Encoding:chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Read()),
    "te tab": (START + b"Transfer-Encoding:\tchunked\t\r\n\r\n2\r\nok\r\n0\r\n\r\n", Read()),
    "te folded": (START + b"Transfer-Encoding:\r\n chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Read()),
    "te unknown": (START + b"Transfer-Encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", REFUSED),
    "te quoted": (START + b'Transfer-Encoding: "chunked"\r\n\r\n2\r\nok\r\n0\r\n\r\n', REFUSED),
    "te gzip": (START + b"Transfer-Encoding: gzip\r\n\r\nok", REFUSED),
    "te identity, chunked": (START + b"Transfer-Encoding: identity, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Read()),
    # Chunks and what follows them
    "chunk size empty": (CHUNKED + b"\r\nok\r\n0\r\n\r\n", REFUSED),
    "chunk size beyond 64 bits": (CHUNKED + b"fffffffffffffffff\r\nok\r\n0\r\n\r\n", REFUSED),
    "chunk size plus": (CHUNKED + b"+2\r\nok\r\n0\r\n\r\n", REFUSED),
    "chunk size space first": (CHUNKED + b" 2\r\nok\r\n0\r\n\r\n", REFUSED),
    "chunk ext of the last": (CHUNKED + b"2\r\nok\r\n0;last=yes\r\n\r\n", Read()),
    "chunk long ext": (CHUNKED + b"2;a=" + b"x" * 4000 + b"\r\nok\r\n0\r\n\r\n", Read()),
    "chunks of one byte": (CHUNKED + b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n", Read()),
    "chunk without an end": (CHUNKED + b"2\r\nok0\r\n\r\n", REFUSED),
    "chunk trailers": (CHUNKED + b"2\r\nok\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n", Read()),
    "chunk trailer is no header": (CHUNKED + b"2\r\nok\r\n0\r\nX-Test: late\r\n\r\n", Read()),
    "no chunks": (CHUNKED + b"0\r\n\r\n", Read(body=b"")),
    # Status lines and fields
    "status plus": (b"HTTP/1.1 +20 OK\r\n" + TWO, REFUSED),
    "version of two digits": (b"HTTP/01.1 200 OK\r\n" + TWO, REFUSED),
    "no space before reason": (b"HTTP/1.1 200OK\r\n" + TWO, Read()),
    "version without a point": (b"HTTP/11 200 OK\r\n" + TWO, REFUSED),
    "nul in name": (START + b"X\0Test: a\r\n" + TWO, REFUSED),
    "name of 8 bits": (START + b"X-T\xe9st: a\r\n" + TWO, Read()),
    "two values": (START + b"X-Test: a\r\nX-Test: b\r\n" + TWO, Read(x_test="a, b")),
    "lf, then cr": (START + b"X-Test: a\n\r\nok", Read(x_test="a")),
    # Interim replies, and replies without a body
    "102": (b"HTTP/1.1 102 P\r\n\r\n" + START + TWO, Read()),
    "199": (b"HTTP/1.1 199 M\r\nX-Test: early\r\n\r\n" + START + TWO, Read()),
    "100 with a length": (b"HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\n" + START + TWO, Read()),
    "204 with two lengths": (
        b"HTTP/1.1 204 No\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
        Read(status=204, body=b""),
    ),
    "304 with coding": (
        b"HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n",
        Read(status=304, body=b""),
    ),
    "205 with a body": (b"HTTP/1.1 205 R\r\n" + TWO, Read(status=205)),
    "HTTP/1.0 without keep-alive": (b"HTTP/1.0 200 OK\r\n" + TWO, Read()),
    "HTTP/1.0 until its end": (b"HTTP/1.0 200 OK\r\n\r\nok", Read()),
    "close twice": (START + b"Connection: close\r\nConnection: close\r\n" + TWO, Read()),
    "close and keep-alive": (START + b"Connection: keep-alive, close\r\n" + TWO, Read()),
}
HEADS: dict[str, bytes] = {
    "length": START + b"Content-Length: 2\r\n\r\n",
    "no length": START + b"\r\n",
    "chunked": CHUNKED,
    "te+cl": START + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
    "two equal lengths": START + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n",
    "folded": START + b"X-Test: a\r\n b\r\nContent-Length: 2\r\n\r\n",
    "bare lf": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n",
    "after 100": b"HTTP/1.1 100 C\r\n\r\n" + START + b"Content-Length: 2\r\n\r\n",
    "close": START + b"Connection: close\r\nContent-Length: 2\r\n\r\n",
}
SURPLUS: dict[str, tuple[str, bytes]] = {
    "HEAD": ("HEAD", START + TWO),
    "204": ("GET", b"HTTP/1.1 204 No\r\n\r\nok"),
    "304": ("GET", b"HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\nok"),
    "length": ("GET", START + TWO + b"more"),
    "another reply": ("GET", START + TWO + START + TWO),
    "last chunk": ("GET", CHUNKED + b"2\r\nok\r\n0\r\n\r\nmore"),
}
PLACES = ("ours", "libcurl")
CLIENTS: dict[str, dict[str, Any]] = {"ours": {}, "libcurl": {"http_version": "auto"}}
DIFFERENT: dict[str, tuple[bytes, Read, Read]] = {
    # llhttp takes empty lines before a status line, libcurl does not.
    "an empty line first": (b"\r\n" + START + TWO, Read(), REFUSED),
    # llhttp wants CRLF in a chunked body (RFC 9112, 7.1); libcurl takes a bare LF there too.
    "bare line feeds between chunks": (CHUNKED + b"2\nok\n0\n\n", REFUSED, Read()),
    # A coding overrules every length (RFC 9112, 6.3); libcurl refuses two that differ first.
    "te + two lengths": (
        START + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Read(),
        REFUSED,
    ),
    # Where the grammar is broken each of the two parsers is lenient in places of its own.
    "chunk empty ext": (CHUNKED + b"2;\r\nok\r\n0;\r\n\r\n", REFUSED, Read()),
    "chunk trailer with a length": (CHUNKED + b"2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n", REFUSED, Read()),
    "status of four digits": (b"HTTP/1.1 2000 OK\r\n" + TWO, REFUSED, Read()),
    "nul in reason": (b"HTTP/1.1 200 O\0K\r\n" + TWO, Read(), REFUSED),
    # libcurl does not know these fields, and reads to the end of the connection.
    "length space before colon": (START + b"Content-Length : 2\r\n\r\nok", Read(), Read()),
    "te space before colon": (
        START + b"Transfer-Encoding : chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Read(),
        Read(body=b"2\r\nok\r\n0\r\n\r\n"),
    ),
    "a length beyond 64 bits": (START + b"Content-Length: 99999999999999999999\r\n\r\nok", REFUSED, Read()),
}


def read(outcome: Outcome) -> Read:
    if outcome.failure is not None:
        assert outcome.failure == "Protocol Error"
        assert outcome.message
        return REFUSED
    return Read(outcome.status, outcome.body, outcome.headers["x-test"])


async def twice(reply: bytes, piece: int, reads: ReplyParts, options: dict[str, Any]) -> list[Outcome]:
    """The outcomes of two requests that are answered alike, in pieces."""

    async def script(peer: Peer) -> None:
        for _ in range(2):
            await peer.request()
            await peer.send(*(reply[at : at + piece] for at in range(0, len(reply), piece)))
            if UNTIL_CLOSE in reply or not framed(reply):
                return

    async with ScriptedServer(script) as server, http_user(server.url, **options) as user:
        call = user.call({"url": "/"}, reads)
        return [await user.do(call) for _ in range(2)]


UNTIL_CLOSE = b"99999999999999999999"


def framed(reply: bytes) -> bool:
    """Whether a reply ends without the end of its connection."""
    lowered = reply.lower()
    if b"identity" in lowered or b"th :" in lowered or b"ng :" in lowered:  # libcurl waits for it
        return False
    return b"content-length" in lowered or b"chunked" in lowered or b"hello" in lowered


@pytest.mark.parametrize("client", PLACES)
@pytest.mark.parametrize("name", CASES)
async def test_one_behaviour(name: str, client: str):
    reply, expected = CASES[name]
    for piece in (len(reply), 7):
        first, second = await twice(reply, piece, EVERYTHING, CLIENTS[client])
        assert (read(first), read(second)) == (expected, expected)
    for outcome in await twice(reply, len(reply), ReplyParts(), CLIENTS[client]):
        assert (outcome.status, outcome.failure is None) == (expected.status, expected is not REFUSED)


@pytest.mark.parametrize("client", PLACES)
@pytest.mark.parametrize("name", HEADS)
async def test_replies_to_head(name: str, client: str):
    for piece in (1000, 7):
        async with (
            ScriptedServer(always(HEADS[name], piece)) as server,
            http_user(server.url, **CLIENTS[client]) as user,
        ):
            for _ in range(3):
                outcome = await user.do(user.call({"url": "/", "method": "HEAD"}, EVERYTHING))
                assert (outcome.status, outcome.failure, outcome.body) == (200, None, b""), outcome.message


@pytest.mark.parametrize("client", PLACES)
@pytest.mark.parametrize("name", SURPLUS)
async def test_bytes_behind_a_reply_are_never_part_of_the_next(name: str, client: str):
    method, reply = SURPLUS[name]
    async with ScriptedServer(always(reply)) as server, http_user(server.url, **CLIENTS[client]) as user:
        outcomes = [await user.do(user.call({"url": "/", "method": method}, EVERYTHING)) for _ in range(3)]
        assert [outcome.failure for outcome in outcomes] == [None] * 3
        assert len({(outcome.status, outcome.body) for outcome in outcomes}) == 1
        if client == "ours":
            assert server.connections == 3


@pytest.mark.parametrize("name", DIFFERENT)
async def test_what_is_different_through_libcurl(name: str):
    reply, ours, libcurl = DIFFERENT[name]
    for client, expected in (("ours", ours), ("libcurl", libcurl)):
        first, _ = await twice(reply, len(reply), EVERYTHING, CLIENTS[client])
        assert read(first) == expected


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (b"\x15\x03\x01\x00\x02\x02\x46", "the reply begins with a TLS record: the target expects https here"),
        (
            bytes(3) + b"\x04" + bytes(5),
            "the reply begins with a frame of HTTP/2: the target does not speak HTTP/1.1 here",
        ),
        (b"220 mail.example\r\n", "Expected HTTP/, RTSP/ or ICE/: the reply begins with b'220 mail.example\\r\\n'"),
        (START + b"nonsense\r\n\r\n", "Invalid header token"),
    ],
)
async def test_what_came_instead_is_said(reply: bytes, message: str):
    first, _ = await twice(reply, len(reply), EVERYTHING, {})
    assert (first.failure, first.message) == ("Protocol Error", message)


# Limits


def head_of(size: int, fields: int = 20) -> bytes:
    """A head of so many bytes."""
    start = START + b"Content-Length: 2\r\n"
    each = (size - len(start) - 2) // fields
    lines = [b"X-%05d: %b\r\n" % (number, b"v" * (each - 11)) for number in range(fields)]
    lines[-1] = lines[-1][:-2] + b"v" * (size - len(start) - 2 - sum(map(len, lines))) + b"\r\n"
    return b"".join((start, *lines, b"\r\n"))


@pytest.mark.parametrize("client", PLACES)
@pytest.mark.parametrize("segments", [1, 10])
async def test_a_head_has_one_limit_however_it_comes(client: str, segments: int):
    for size, limit, fits in ((100_000, None, True), (100_000, 100_000, True), (100_001, 100_000, False)):
        reply = head_of(size) + b"ok"
        options = {**CLIENTS[client], **({} if limit is None else {"max_head_bytes": limit})}
        piece = len(reply) // segments + 1
        first, _ = await twice(reply, piece, EVERYTHING, options)
        assert (first.failure, first.body) == ((None, b"ok") if fits else ("Protocol Error", first.body))
        if not fits:
            assert first.message == "the head of the reply has more than 100000 bytes or 1000 fields"


@pytest.mark.parametrize("client", PLACES)
@pytest.mark.parametrize("segments", [1, 10])
async def test_the_fields_of_a_head_are_limited(client: str, segments: int):
    for fields, fits in ((900, True), (1100, False)):
        reply = head_of(40_000, fields) + b"ok"
        first, _ = await twice(reply, len(reply) // segments + 1, EVERYTHING, CLIENTS[client])
        assert first.failure == (None if fits else "Protocol Error")
