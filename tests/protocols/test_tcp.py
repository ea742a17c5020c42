"""The TCP plugin against scripted servers: payloads, framings, connections, TLS."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest

from perfsvc.plugin import TIMEOUT
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import NotSent
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.tcp import TcpProtocol
from tests.protocols.servers import Peer
from tests.protocols.servers import Script
from tests.protocols.servers import ScriptedServer
from tests.support.certificates import Authority

LINE = {"type": "delimiter", "text": "\n"}


def user(server: ScriptedServer, **options: Any) -> User:
    run = context(f"tcp://127.0.0.1:{server.port}")
    return User(TcpProtocol(TcpProtocol.Options.parse(options), run))


def saying(*parts: bytes, end: bool = False) -> Script:
    """Reply to anything with these parts, one after the other in time; then perhaps close."""

    async def script(peer: Peer) -> None:
        while await peer.some():
            await peer.send(*parts)
            if end:
                return

    return script


class Kept:
    """Return a script that keeps what comes, until the client is gone; ``reply`` makes the reply to each piece."""

    def __init__(self, reply: bytes = b"ok\n") -> None:
        self.data = b""
        self._reply = reply

    async def __call__(self, peer: Peer) -> None:
        while data := await peer.some():
            self.data += data
            if self._reply:
                await peer.send(self._reply)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("request_", "wire"),
    [
        ({"text": "héllo {{name}}\n"}, "héllo bob\n".encode()),
        ({"hex": "00 ff {{byte}}"}, b"\x00\xff\x0a"),
        ({"base64": "{{raw}}"}, b"\x00\x01\xff"),
        ({"hex": "00ff"}, b"\x00\xff"),
    ],
)
async def test_payloads(request_: dict[str, Any], wire: bytes):
    kept = Kept()
    async with ScriptedServer(kept) as server, user(server, framing=LINE) as client:
        client.scope.variables = {"name": "bob", "byte": "0a", "raw": "AAH/"}
        outcome = await client.do(request_)
        assert (outcome.failure, outcome.body, outcome.status) == (None, b"ok\n", 0)
        assert (outcome.bytes_sent, outcome.bytes_received) == (len(wire), 3)
        assert kept.data == wire


@pytest.mark.asyncio
async def test_a_payload_that_a_variable_spoils_is_not_sent():
    async with ScriptedServer(Kept()) as server, user(server, framing=LINE) as client:
        client.scope.variables = {"byte": "xy"}
        with pytest.raises(NotSent):
            client.start(client.call({"hex": "{{byte}}"}))
        assert client.count == 0


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("framing", "parts", "body"),
    [
        ({"type": "delimiter", "text": "\r\n"}, [b"one\r", b"\nrest"], b"one\r\n"),
        ({"type": "delimiter", "hex": "00 00"}, [b"a\x00b", b"\x00", b"\x00"], b"a\x00b\x00\x00"),
        ({"type": "length", "size": 1}, [b"\x03a", b"bcd"], b"\x03abc"),
        ({"type": "length", "size": 2, "byte_order": "little"}, [b"\x03", b"\x00abc"], b"\x03\x00abc"),
        ({"type": "length", "size": 8, "includes_header": True}, [bytes(7) + b"\x09", b"a"], bytes(7) + b"\x09a"),
        ({"type": "length", "offset": 2}, [b"hd\x00\x00\x00\x02", b"ok"], b"hd\x00\x00\x00\x02ok"),
        ({"type": "length"}, [bytes(4)], bytes(4)),
        ({"type": "fixed", "size": 4}, [b"ab", b"cdef"], b"abcd"),
        ({"type": "regex", "pattern": "END[0-9]"}, [b"x EN", b"D", b"7 y"], b"x END7"),
    ],
)
async def test_framings(framing: dict[str, Any], parts: list[bytes], body: bytes):
    async with ScriptedServer(saying(*parts)) as server, user(server) as client:
        outcome = await client.do({"text": "go", "framing": framing})
        assert (outcome.failure, outcome.body) == (None, body)
        assert outcome.waiting_ns <= outcome.ended_ns - outcome.started_ns


@pytest.mark.asyncio
async def test_until_the_other_side_closes():
    async with ScriptedServer(saying(b"one", b"two", end=True)) as server, user(server) as client:
        for _ in range(2):
            outcome = await client.do({"text": "go", "framing": {"type": "until_close"}})
            assert (outcome.failure, outcome.body) == (None, b"onetwo")
            assert outcome.connected is not None


@pytest.mark.asyncio
async def test_a_half_close_ends_the_input_of_the_server():
    async def until_end_of_input(peer: Peer) -> None:
        data = b""
        while piece := await peer.some():
            data += piece
        await peer.send(b"%d bytes" % len(data))

    async with ScriptedServer(until_end_of_input) as server, user(server) as client:
        for _ in range(2):
            request = {"text": "x" * 100_000, "half_close": True, "framing": {"type": "until_close"}}
            outcome = await client.do(request)
            assert (outcome.failure, outcome.body) == (None, b"100000 bytes")
        assert server.connections == 2


@pytest.mark.asyncio
async def test_a_half_close_over_tls_is_refused():
    async with ScriptedServer(saying(b"never")) as server, user(server) as client:
        request = {"url": "tls://127.0.0.1:1", "text": "x", "half_close": True, "one_way": True}
        with pytest.raises(InvalidInput) as refused:
            await client.do(request)
        assert [problem.path for problem in refused.value.problems] == ["half_close"]
        client.scope.variables = {"place": "tls://127.0.0.1:1"}
        with pytest.raises(NotSent, match="TLS has no half close"):
            await client.do({**request, "url": "{{place}}"})


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("framing", "wire"),
    [
        ({"type": "length", "size": 2}, b"\x00\x02ab"),
        ({"type": "length", "size": 4, "byte_order": "little", "includes_header": True}, b"\x06\x00\x00\x00ab"),
        ({"type": "length", "size": 1, "offset": 2}, b"\x00\x00\x02ab"),
    ],
)
async def test_a_length_is_put_before_the_payload(framing: dict[str, Any], wire: bytes):
    kept = Kept(reply=wire)
    async with ScriptedServer(kept) as server, user(server) as client:
        client.scope.variables = {"text": "ab"}
        for text in ("ab", "{{text}}"):
            outcome = await client.do({"text": text, "add_length": True, "framing": framing})
            assert (outcome.failure, outcome.body) == (None, wire)
        assert kept.data == wire * 2


@pytest.mark.asyncio
async def test_a_connection_is_kept_unless_told_otherwise():
    for keep, connections in ((True, 1), (False, 3)):
        async with (
            ScriptedServer(Kept()) as server,
            user(server, framing=LINE, keep_connection=keep) as client,
        ):
            for _ in range(3):
                assert (await client.do({"text": "a"})).failure is None
            assert server.connections == connections


@pytest.mark.asyncio
async def test_a_new_connection_for_each_iteration():
    async with (
        ScriptedServer(Kept()) as server,
        user(server, framing=LINE, new_connection_each_iteration=True) as client,
    ):
        for client.scope.iteration in (0, 0, 1, 1):
            await client.do({"text": "a"})
        assert server.connections == 2


@pytest.mark.asyncio
async def test_another_endpoint_is_another_connection():
    async with ScriptedServer(Kept()) as one, ScriptedServer(Kept()) as other, user(one, framing=LINE) as client:
        client.scope.variables = {"port": str(other.port)}
        for url in ("", "tcp://127.0.0.1:{{port}}", "tcp://127.0.0.1:{{port}}"):
            assert (await client.do({"url": url, "text": "a"})).failure is None
        assert (one.connections, other.connections) == (1, 1)


@pytest.mark.asyncio
async def test_a_server_that_speaks_first_is_listened_to():
    async def greeting(peer: Peer) -> None:
        await peer.send(b"220 hello\n250 more\n")
        await saying(b"bye\n")(peer)

    async with ScriptedServer(greeting) as server, user(server, framing=LINE) as client:
        assert [(await client.do({})).body for _ in range(2)] == [b"220 hello\n", b"250 more\n"]
        assert (await client.do({"text": "quit\n"})).body == b"bye\n"


@pytest.mark.asyncio
async def test_one_way_payloads_arrive_complete_however_big():
    kept = Kept(reply=b"")
    async with ScriptedServer(kept) as server, user(server) as client:
        big = "x" * 3_000_000
        for _ in range(3):
            outcome = await client.do({"text": big, "one_way": True})
            assert (outcome.failure, outcome.bytes_sent) == (None, len(big))
        await client.session.close()
        await server.gone(1)
        assert len(kept.data) == 3 * len(big)


@pytest.mark.asyncio
async def test_no_answer_is_a_time_out_and_the_connection_is_given_up():
    async with ScriptedServer(Kept(reply=b"")) as server, user(server, framing=LINE) as client:
        client.start(client.call({"text": "a"}))
        while not client.session.reply.sent:
            await asyncio.sleep(0)
        client.session.abort(TIMEOUT)
        assert (await client.ended()).failure == TIMEOUT
        await server.gone(1)


@pytest.mark.asyncio
async def test_a_message_beyond_the_limit_is_garbage():
    async with ScriptedServer(saying(b"x" * 100)) as server, user(server, max_message_bytes=50) as client:
        outcome = await client.do({"text": "a", "framing": LINE})
        assert outcome.failure == "Protocol Error"


@pytest.mark.asyncio
async def test_a_server_that_closes_without_an_answer():
    async with ScriptedServer(saying(b"half", end=True)) as server, user(server) as client:
        outcome = await client.do({"text": "a", "framing": LINE})
        assert outcome.failure == "Connection Error: closed early"


@pytest.mark.asyncio
async def test_binary_requests_are_shown_in_hexadecimal():
    async with ScriptedServer(Kept()) as server, user(server, framing=LINE) as client:
        outcome = await client.do({"hex": "00ff01fe"})
        assert outcome.excerpt.request == f"tcp://127.0.0.1:{server.port}\n\n00 ff 01 fe"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("host", "trusted", "verify", "failure"),
    [
        ("127.0.0.1", True, True, None),
        ("127.0.0.1", False, True, "TLS Error: unable to get local issuer certificate"),
        ("other.example", True, True, "TLS Error: hostname mismatch"),
        ("other.example", False, False, None),
    ],
)
async def test_tls(authority: Authority, host: str, trusted: bool, verify: bool, failure: str | None):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.issue(host))
    options = {"framing": LINE, "verify": verify, "ca": authority.ca_pem if trusted else None}
    async with ScriptedServer(Kept(), tls) as server, user(server, **options) as client:
        outcome = await client.do({"url": f"tls://127.0.0.1:{server.port}", "text": "a"})
        assert (outcome.failure, outcome.sent) == (failure, failure is None)
        assert failure or (outcome.connected and outcome.connected[2] > 0)
