"""HTTP/3, for the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from typing import ClassVar

from perfsvc.plugin.testing import Behaviour
from tests.protocols.http2_rig import authority
from tests.protocols.http3_peers import Http3Peer
from tests.protocols.http3_peers import http3
from tests.protocols.http_rig import HttpRig

OK = [(b":status", b"200")]
H3_INTERNAL_ERROR = 0x102
DATA_BEFORE_HEADERS = b"\x00\x02ok"


class FirstTime(Http3Peer):
    """Replies to all requests alike, but for the first one on the first connection."""

    def __init__(self, behaviour: Behaviour, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._behaviour = behaviour

    def _reply(self, stream: int, method: str, path: str, size: int) -> None:
        assert self._http is not None
        behaviour = self._behaviour if self._server.connections == 1 else Behaviour.GOOD
        self._behaviour = Behaviour.GOOD
        if behaviour is Behaviour.GOOD:
            self._http.send_headers(stream, OK)
            self._http.send_data(stream, b"ok", end_stream=True)
        elif behaviour is Behaviour.DIES:
            self._http.send_headers(stream, OK)
            self.close(H3_INTERNAL_ERROR)
        elif behaviour is Behaviour.GARBAGE:
            self._quic.send_stream_data(stream, DATA_BEFORE_HEADERS)
        self.transmit()


class Http3Rig(HttpRig):
    options: ClassVar[dict[str, Any]] = {"http_version": "3", "verify": False}
    without: ClassVar[dict[str, str]] = {
        "a_peer_that_does_not_speak_tls": "TLS is a part of QUIC: a peer without it does not speak QUIC either",
    }
    many = 5_000
    """The server is Python through and through, and takes a millisecond over each request."""

    @asynccontextmanager
    async def peer(self, behaviour: Behaviour) -> AsyncIterator[str]:
        async with http3(authority(), partial(FirstTime, behaviour)) as server:
            yield self.url("127.0.0.1", server.port)

    def url(self, host: str, port: int) -> str:
        return f"https://{host}:{port}"
