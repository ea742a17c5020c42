"""Request bodies in chunks, as their servers see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perfsvc.plugin import InvalidInput
from perfsvc.plugin import ReplyParts
from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.http import HttpProtocol
from tests.protocols.h2_peers import OddServer
from tests.protocols.h2_peers import friendly
from tests.protocols.http_user import http_user
from tests.protocols.servers import OK
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer
from tests.support.nginx import Nginx

pytestmark = pytest.mark.asyncio

CLIENTS: dict[str, dict[str, Any]] = {"ours": {}, "libcurl": {"http_version": "auto"}}


class Received:
    """A script that reads a chunked body: its head and its chunks."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[list[bytes]] = []

    async def __call__(self, peer: Peer) -> None:
        while True:
            self.heads.append(await peer._reader.readuntil(b"\r\n\r\n"))
            self.bodies.append([])
            while size := int(await peer._reader.readuntil(b"\r\n"), 16):
                self.bodies[-1].append((await peer._reader.readexactly(size + 2))[:-2])
            await peer._reader.readexactly(2)
            await peer.send(OK)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("text", ["hello world, hello chunks", "{{word}}, hello chunks", ""])
async def test_a_body_in_chunks(client: str, text: str):
    received = Received()
    async with ScriptedServer(received) as server, http_user(server.url, **CLIENTS[client]) as user:
        user.scope.variables["word"] = "hello world"
        request = {"method": "POST", "url": "/", "body": text, "chunked": True, "chunk_bytes": 10}
        for _ in range(2):
            outcome = await user.do(request)
            assert (outcome.failure, outcome.status) == (None, 200)
        assert server.connections == 1
    sent = text.replace("{{word}}", "hello world").encode()
    assert [b"".join(chunks) for chunks in received.bodies] == [sent, sent]
    assert all(b"content-length" not in head.lower() for head in received.heads)
    if client == "ours":
        assert received.bodies[0] == [sent[at : at + 10] for at in range(0, len(sent), 10)]


async def test_a_file_in_chunks(tmp_path: Path):
    file = tmp_path / "data.bin"
    file.write_bytes(bytes(range(256)) * 400)
    received = Received()
    async with ScriptedServer(received) as server:
        run = context(server.url)._replace(file=lambda name: file)
        protocol = HttpProtocol(HttpProtocol.Options.parse({}), run)
        request = {"method": "PUT", "url": "/", "body_file": "data.bin", "chunked": True}
        protocol.compile(HttpProtocol.Request.parse(request), 1, ReplyParts())
        async with User(protocol) as user:
            outcome = await user.do(request)
            assert (outcome.failure, outcome.status) == (None, 200)
    assert b"".join(received.bodies[0]) == file.read_bytes()


async def test_http_2_sends_frames():
    async with OddServer(friendly) as server, http_user(server.url, http_version="2") as user:
        outcome = await user.do({"method": "POST", "url": "/", "body": "hello", "chunked": True, "chunk_bytes": 2})
        assert outcome.failure is None
        assert bytes(server.peers[0].body) == b"hello"


@pytest.mark.parametrize("client", CLIENTS)
async def test_nginx_takes_chunks(client: str, nginx: Nginx):
    async with http_user(nginx.url, **CLIENTS[client]) as user:
        request = {"method": "POST", "url": "/received", "body": "x" * 100_000, "chunked": True}
        for _ in range(2):
            outcome = await user.do(request)
            assert (outcome.failure, outcome.status) == (None, 200)


async def test_a_body_in_chunks_cannot_be_signed():
    async with http_user("http://127.0.0.1:1") as user:
        request = {"method": "POST", "url": "/", "body": "a", "chunked": True, "sign": {"headers": {"X-S": "a"}}}
        with pytest.raises(InvalidInput) as raised:
            user.call(request)
        assert [problem.path for problem in raised.value.problems] == ["chunked"]
