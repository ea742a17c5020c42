"""HTTP/2 over TLS, for the contract suite."""

from __future__ import annotations

import atexit
import functools
from collections.abc import AsyncIterator
from contextlib import ExitStack
from contextlib import asynccontextmanager
from typing import Any
from typing import ClassVar

from perfsvc.plugin.testing import Behaviour
from perfsvc.temp_folders import scratch_folder
from tests.protocols.http2_peers import END_HEADERS
from tests.protocols.http2_peers import HEADERS
from tests.protocols.http2_peers import STATUS_200
from tests.protocols.http2_peers import Http2Peer
from tests.protocols.http2_peers import Http2Server
from tests.protocols.http2_peers import answers
from tests.protocols.http2_peers import frame
from tests.protocols.http_rig import HttpRig
from tests.support.certificates import Authority


async def dies(peer: Http2Peer, stream: int) -> None:
    peer.writer.write(frame(HEADERS, END_HEADERS, stream, STATUS_200))
    await peer.writer.drain()
    peer.reset()


async def babbles(peer: Http2Peer, stream: int) -> None:
    peer.writer.write(b"220 mail.example ESMTP\r\n" * 100)
    await peer.writer.drain()


async def is_silent(peer: Http2Peer, stream: int) -> None:
    """A stream that is given up leaves its connection as it was: what a silent peer must forget is the request."""
    if peer.asked > 1:
        await answers(peer, stream)


FIRST = {
    Behaviour.GOOD: answers,
    Behaviour.SILENT: is_silent,
    Behaviour.DIES: dies,
    Behaviour.GARBAGE: babbles,
}


@functools.cache
def authority() -> Authority:
    standing = ExitStack()
    atexit.register(standing.close)
    return Authority(standing.enter_context(scratch_folder("http2")))


class Http2Rig(HttpRig):
    options: ClassVar[dict[str, Any]] = {"http_version": "2", "verify": False}

    @asynccontextmanager
    async def peer(self, behaviour: Behaviour) -> AsyncIterator[str]:
        async def answer(peer: Http2Peer, stream: int) -> None:
            await (FIRST[behaviour] if peer.number == 1 else answers)(peer, stream)

        async with Http2Server(authority(), answer) as server:
            yield server.url

    def url(self, host: str, port: int) -> str:
        return f"https://{host}:{port}"
