"""The upgrade, compression and strictness of the WebSocket plugin, against servers that write their bytes by hand."""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
import logging
import re
import ssl
import zlib
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols._net.address import parse
from perfsvc_protocols._net.cookies import CookieJar
from perfsvc_protocols.websocket import WebSocketProtocol
from perfsvc_protocols.websocket.compression import Deflate
from perfsvc_protocols.websocket.compression import Negotiated
from perfsvc_protocols.websocket.compression import negotiated
from tests.protocols.proxies import Proxy
from tests.protocols.proxies import Socks
from tests.support.certificates import Authority

pytestmark = pytest.mark.asyncio

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
UPGRADE = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
)
HELLO = b"\x81\x05hello"


def user(base_url: str, **options: Any) -> User:
    return User(WebSocketProtocol(WebSocketProtocol.Options.parse(options), context(base_url)))


def accept_of(request: bytes) -> str:
    found = re.search(rb"Sec-WebSocket-Key: (\S+)", request)
    assert found is not None
    return base64.b64encode(hashlib.sha1(found[1] + GUID, usedforsecurity=False).digest()).decode()


@asynccontextmanager
async def replying(head: str, rest: bytes = HELLO, pieces: int = 0) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server whose reply to each upgrade is ``head``, with the key's hash for ``%s``, and then ``rest``."""
    requests: list[bytes] = []
    served: list[asyncio.Task[None] | None] = []

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        data = head.replace("%s", accept_of(requests[-1])).encode("latin-1") + b"\r\n" + rest
        for at in range(0, len(data), pieces or len(data)):
            writer.write(data[at : at + (pieces or len(data))])
            await writer.drain()
            await asyncio.sleep(0)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", requests
        async with asyncio.timeout(60):
            await asyncio.gather(*(task for task in served if task is not None))


@pytest.mark.parametrize(
    "head",
    [
        UPGRADE,
        UPGRADE.replace("Connection: Upgrade", "Connection: Upgrade, Keep-Alive"),
        UPGRADE.replace("Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"),
        UPGRADE.replace("Upgrade: websocket", "upgrade: WebSocket"),
        UPGRADE.replace("101 Switching Protocols", "101 "),
        UPGRADE.replace("Accept: %s", "Accept:  %s  "),
        UPGRADE + "X-Folded: a\r\n b\r\n",
        UPGRADE + "X-Big: " + "x" * 30_000 + "\r\n",
        UPGRADE + "Transfer-Encoding: identity\r\nContent-Length: 0\r\n",
    ],
    ids=["plain", "token list", "two lines", "case", "no reason", "spaces", "folded", "big head", "framing headers"],
)
@pytest.mark.parametrize("pieces", [0, 7], ids=["whole", "pieces"])
async def test_upgrades_that_a_client_accepts(head: str, pieces: int):
    async with replying(head, pieces=pieces) as (url, _), user(url) as client:
        outcome = await client.do({"url": "/", "expect": {}})
        assert (outcome.failure, outcome.message, outcome.body) == (None, "", b"hello")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (
            UPGRADE.replace("Connection: Upgrade", "Connection: close"),
            "the reply to the upgrade lacks Connection: upgrade",
        ),
        (UPGRADE.replace("Upgrade: websocket", "Upgrade: h2c"), "the reply to the upgrade lacks Upgrade: websocket"),
        (UPGRADE.replace("%s", "bm90IHRoZSBrZXk="), "cannot upgrade, invalid sec-websocket-accept response"),
        (
            UPGRADE + "Sec-WebSocket-Protocol: soap\r\n",
            "the server chose the subprotocol 'soap', which was not offered",
        ),
        (
            UPGRADE + "Sec-WebSocket-Extensions: permessage-deflate\r\n",
            "the server chose the extension 'permessage-deflate', which was not offered",
        ),
        (UPGRADE + "X: " + "x" * 70_000 + "\r\n", "the head of the reply to the upgrade exceeds 65536 bytes"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "the reply to the upgrade is not HTTP: b'SSH-2.0-OpenSSH_9.2'"),
    ],
    ids=["connection", "upgrade", "key", "subprotocol", "extension", "too big", "another protocol"],
)
async def test_upgrades_that_a_client_refuses(head: str, message: str):
    rest = b"" if head.startswith("SSH") else HELLO
    async with replying(head, rest, pieces=4096) as (url, _), user(url) as client:
        outcome = await client.do({"url": "/", "expect": {}})
        assert (outcome.failure, outcome.message) == ("Protocol Error", message)


@pytest.mark.parametrize(
    "sent",
    [
        ("Content-Length: 9\r\n", b"no ticket"),
        ("Transfer-Encoding: chunked\r\n", b"3\r\nno \r\n6;x=y\r\nticket\r\n0\r\n\r\n"),
        ("Content-Length: 9000\r\n", b"no ticket"),
    ],
    ids=["length", "chunked", "less than announced"],
)
async def test_a_refusal_comes_with_status_headers_and_body(sent: tuple[str, bytes]):
    head = "HTTP/1.1 403 Forbidden\r\nX-Why: expired\r\n" + sent[0]
    async with replying(head, sent[1]) as (url, _), user(url) as client:
        outcome = await client.do({"url": "/", "expect": {}})
        assert (outcome.failure, outcome.status) == ("WebSocket Upgrade: HTTP 403", 403)
        assert outcome.message == "the server refused the upgrade: HTTP 403 Forbidden"
        assert (outcome.body, client.session.reply.header("x-why")) == (b"no ticket", "expired")
        excerpt = client.session.reply.excerpt()
        assert "X-Why: expired" in excerpt.response_head
        assert excerpt.body == b"no ticket"


async def test_a_server_that_hangs_up_during_the_upgrade():
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server, user(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}") as client:
        outcome = await client.do({"url": "/", "expect": {}})
        assert outcome.failure == "Connection Error: closed early"
        assert outcome.message == "the server closed the connection during the upgrade"


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (b"\x81\x02\xc3\x28", "a text message is not UTF-8"),
        (b"\xc1\x05hello", "a frame has reserved bits set"),
        (b"\x83\x00", "Received frame with invalid opcode=0x3"),
    ],
    ids=["utf-8", "reserved", "opcode"],
)
async def test_what_rfc_6455_forbids_ends_the_connection(frames: bytes, message: str):
    async with replying(UPGRADE, frames) as (url, _), user(url) as client:
        outcome = await client.do({"url": "/", "expect": {}})
        assert (outcome.failure, outcome.message) == ("Protocol Error", message)


@pytest.mark.parametrize(
    ("head", "frames", "body"),
    [
        (UPGRADE, b"\x81\x02\xc3\x28", b"\xc3\x28"),
        (UPGRADE, b"\xc1\x05hello", b"hello"),
        (UPGRADE + "Sec-WebSocket-Protocol: soap\r\n", HELLO, b"hello"),
    ],
    ids=["utf-8", "reserved", "subprotocol"],
)
async def test_strictness_is_an_option(head: str, frames: bytes, body: bytes):
    async with replying(head, frames) as (url, _), user(url, strict=False) as client:
        outcome = await client.do({"url": "/", "expect": {}})
        assert (outcome.failure, outcome.body) == (None, body)


async def test_the_reason_of_a_close_frame_is_in_the_message():
    async with replying(UPGRADE, b"\x88\x0c\x0f\xa1bye for now"[:14]) as (url, _), user(url) as client:
        outcome = await client.do({"url": "/", "expect": {}})
        assert outcome.failure == "WebSocket Closed: 4001"
        assert outcome.message == "the server closed the connection with code 4001: bye for no"


async def test_a_second_close_frame_is_no_noise(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]):
    noise: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, details: noise.append(details))
    close = b"\x88\x02\x03\xe8"
    with caplog.at_level(logging.WARNING):
        async with replying(UPGRADE, HELLO + close + close) as (url, _), user(url) as client:
            for _ in range(5):
                await client.do({"url": "/", "expect": {}})
        await asyncio.sleep(0)
        gc.collect()
    assert (noise, caplog.records, capfd.readouterr().err) == ([], [], "")


async def test_upgrades_carry_cookies_and_set_some():
    head = UPGRADE + "Set-Cookie: seen=1; Path=/\r\n"
    async with replying(head) as (url, requests), user(url, new_connection_each_iteration=True) as client:
        client.scope.cookies = CookieJar()
        client.scope.cookies.take("sid=abc; Path=/", parse(f"http{url[2:]}/").origin, "/")
        for number in range(3):
            client.scope.iteration = number
            request = {"url": "/", "expect": {}, "headers": {"Cookie": "own=1"} if number == 2 else {}}
            assert (await client.do(request)).failure is None
        assert [re.findall(rb"\r\nCookie: ([^\r]*)", each) for each in requests] == [
            [b"sid=abc"],
            [b"sid=abc; seen=1"],
            [b"own=1"],
        ]


async def test_cookies_may_be_left_out():
    async with replying(UPGRADE + "Set-Cookie: seen=1\r\n") as (url, requests), user(url, cookies=False) as client:
        client.scope.cookies = CookieJar()
        client.scope.cookies.take("sid=abc", parse(f"http{url[2:]}/").origin, "/")
        assert (await client.do({"url": "/", "expect": {}})).failure is None
        assert b"Cookie" not in requests[0]
        assert len(client.scope.cookies) == 1


@asynccontextmanager
async def echoing(**options: Any) -> AsyncIterator[str]:
    async def echo(peer: ServerConnection) -> None:
        try:
            async for message in peer:
                await peer.send(message)
        except ConnectionClosed:
            pass

    async with serve(echo, "127.0.0.1", 0, max_size=1 << 24, **options) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


@pytest.mark.parametrize("secure", [False, True], ids=["ws", "wss"])
@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_tunnel_through_a_proxy(kind: str, secure: bool, authority: Authority):
    tls = None
    if secure:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*authority.issue("chat.test"))
    async with echoing(ssl=tls) as url, Socks() if kind == "socks5" else Proxy() as proxy:
        port = int(url.rpartition(":")[2])
        options = {
            "proxy": {"url": f"{kind}://127.0.0.1:{proxy.port}"},
            "resolve": {f"chat.test:{port}": "127.0.0.1"},
            "ca": authority.ca_pem,
        }
        async with user(f"{'wss' if secure else 'ws'}://chat.test:{port}", **options) as client:
            for _ in range(2):
                outcome = await client.do({"url": "/", "text": "hello", "expect": {}})
                assert (outcome.failure, outcome.text) == (None, "hello"), outcome.message
        assert len(proxy.asked) == 1
        assert f"127.0.0.1:{port}" in proxy.asked[0]


async def test_a_proxy_that_wants_credentials():
    async with echoing() as url, Proxy(credentials=b"Proxy-Authorization: Basic bWU6c2VjcmV0") as proxy:
        place = f"http://127.0.0.1:{proxy.port}"
        async with user(url, proxy={"url": place, "username": "me", "password": "secret"}) as client:
            assert (await client.do({"url": "/", "text": "hello", "expect": {}})).failure is None
        async with user(url, proxy={"url": place}) as client:
            outcome = await client.do({"url": "/", "text": "hello", "expect": {}})
            assert (outcome.failure, outcome.sent) == ("Proxy Error: 407", False)


TEXT = "the same words again and again " * 200


@pytest.mark.parametrize("size", [10, 300, len(TEXT)])
async def test_compressed_messages_are_smaller_on_the_wire_and_whole(size: int):
    async with echoing() as url, user(url, compression=True) as client:
        for turn in range(3):
            text = f"{turn} {TEXT[:size]}"
            outcome = await client.do({"url": "/", "text": text, "expect": {}})
            assert (outcome.failure, outcome.text) == (None, text)
        if size == len(TEXT):
            assert outcome.bytes_sent < 100
            assert outcome.bytes_received < 100


async def test_binary_messages_and_pings_beside_compression():
    async with echoing() as url, user(url, compression=True) as client:
        data = base64.b64encode(bytes(range(256)) * 20).decode()
        outcome = await client.do({"url": "/", "base64": data, "expect": {}})
        assert outcome.body == bytes(range(256)) * 20
        assert (await client.do({"ping": True})).failure is None


async def test_a_server_without_compression_gets_plain_messages():
    async with echoing(compression=None) as url, user(url, compression=True) as client:
        outcome = await client.do({"url": "/", "text": TEXT, "expect": {}})
        assert (outcome.failure, outcome.text) == (None, TEXT)
        assert outcome.bytes_sent > len(TEXT)


def deflated(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\x00\x00\xff\xff")


EXTENSION = "Sec-WebSocket-Extensions: permessage-deflate\r\n"


async def test_a_compressed_message_in_fragments():
    packed = deflated(TEXT.encode())
    frames = bytes([0x41, 10]) + packed[:10] + bytes([0x80, len(packed) - 10]) + packed[10:]
    async with replying(UPGRADE + EXTENSION, frames) as (url, _), user(url, compression=True) as client:
        outcome = await client.do({"url": "/", "expect": {}})
        assert (outcome.failure, outcome.text) == (None, TEXT)


async def test_a_bomb_is_bounded():
    packed = deflated(b"\x00" * 10_000_000)
    frame = bytes([0xC2, 126]) + len(packed).to_bytes(2) + packed
    options = {"compression": True, "max_message_bytes": 100_000}
    async with replying(UPGRADE + EXTENSION, frame) as (url, _), user(url, **options) as client:
        outcome = await client.do({"url": "/", "expect": {}})
        assert outcome.failure == "Protocol Error"
        assert outcome.message == "a message exceeds 100000 bytes after decompression"


async def test_rubbish_that_claims_to_be_compressed():
    async with replying(UPGRADE + EXTENSION, b"\xc1\x05hello") as (url, _), user(url, compression=True) as client:
        outcome = await client.do({"url": "/", "expect": {}})
        assert outcome.failure == "Protocol Error"
        assert outcome.message.startswith("a compressed message cannot be decompressed: ")


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        ("", None),
        ("permessage-deflate", Negotiated()),
        ("permessage-deflate; client_no_context_takeover", Negotiated(client_takeover=False)),
        ('permessage-deflate; client_max_window_bits="10"', Negotiated(client_bits=10)),
        ("permessage-deflate; server_max_window_bits=9; server_no_context_takeover", Negotiated(server_takeover=False)),
    ],
)
async def test_parameters_of_the_compression(extensions: str, expected: Negotiated | None):
    assert negotiated(extensions) == expected


@pytest.mark.parametrize(
    "extensions",
    [
        "x-webkit-deflate-frame",
        "permessage-deflate; nonsense",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_max_window_bits=9; client_max_window_bits=9",
    ],
)
async def test_parameters_that_were_not_offered(extensions: str):
    head = UPGRADE + f"Sec-WebSocket-Extensions: {extensions}\r\n"
    async with replying(head) as (url, _), user(url, compression=True) as client:
        outcome = await client.do({"url": "/", "expect": {}})
        assert outcome.message == f"the server chose the extension {extensions!r}, which was not offered"


@pytest.mark.parametrize("takeover", [True, False])
async def test_both_sides_of_the_compression_agree(takeover: bool):
    parameters = Negotiated(client_takeover=takeover, server_takeover=takeover)
    ours: Callable[[bytes], bytes] = Deflate(parameters).compress
    theirs = Deflate(parameters)
    for _ in range(3):
        assert theirs.decompress(ours(TEXT.encode()), 1 << 20) == TEXT.encode()


async def test_a_window_of_8_bits_is_not_compressed_with():
    assert not Deflate(Negotiated(client_bits=8)).compresses
