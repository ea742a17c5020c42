"""One behaviour for sloppy, legal and illegal replies (RFC 9112), whichever way they come and whoever reads them."""

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
}
PLACES = ("ours", "libcurl")
CLIENTS: dict[str, dict[str, Any]] = {"ours": {}, "libcurl": {"http_version": "auto"}}
DIFFERENT: dict[str, tuple[bytes, Read, Read]] = {
    # llhttp takes empty lines before a status line, libcurl does not.
    "an empty line first": (b"\r\n" + START + TWO, Read(), REFUSED),
    # llhttp wants CRLF in a chunked body (RFC 9112, 7.1); libcurl takes a bare LF there too.
    "bare line feeds between chunks": (CHUNKED + b"2\nok\n0\n\n", REFUSED, Read()),
    # libcurl reads to the end of the connection.
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
    if b"identity" in lowered:  # libcurl waits for it
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
