"""An HTTP/3 server of another library than the client's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

from aioquic.asyncio import QuicConnectionProtocol
from aioquic.asyncio import serve
from aioquic.h3.connection import H3_ALPN
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived
from aioquic.h3.events import HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import HandshakeCompleted
from aioquic.quic.events import ProtocolNegotiated
from aioquic.tls import SessionTicket

from tests.support.certificates import Authority


class Http3Server:
    """A server; ``requests`` are method, path and size of the body of each, in order."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, int]] = []
        self.connections = 0
        self.resumed: list[bool] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"


class Http3Peer(QuicConnectionProtocol):
    """The server's end of one connection: replies with what it received; ``/redirect`` leads to ``/there``."""

    def __init__(self, server: Http3Server, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._server = server
        self._http: H3Connection | None = None
        self._open: dict[int, tuple[str, str]] = {}
        self._sizes: dict[int, int] = {}

    def quic_event_received(self, event: Any) -> None:
        if isinstance(event, ProtocolNegotiated):
            self._server.connections += 1
            self._http = H3Connection(self._quic)
        elif isinstance(event, HandshakeCompleted):
            self._server.resumed.append(event.session_resumed)
        for received in [] if self._http is None else self._http.handle_event(event):
            self._receive(received)

    def _receive(self, event: Any) -> None:
        if isinstance(event, HeadersReceived):
            headers = dict(event.headers)
            self._open[event.stream_id] = headers[b":method"].decode(), headers[b":path"].decode()
            self._sizes[event.stream_id] = 0
        elif isinstance(event, DataReceived):
            self._sizes[event.stream_id] += len(event.data)
        if event.stream_ended:
            self._reply(event.stream_id, *self._open.pop(event.stream_id), self._sizes.pop(event.stream_id))

    def _reply(self, stream: int, method: str, path: str, size: int) -> None:
        self._server.requests.append((method, path, size))
        head = [(b":status", b"200"), (b"content-type", b"text/plain"), (b"set-cookie", b"a=b")]
        if path == "/redirect":
            head = [(b":status", b"302"), (b"location", b"/there")]
        assert self._http is not None
        self._http.send_headers(stream, head)
        self._http.send_data(stream, f"{method} {path} {size}".encode(), end_stream=True)
        self.transmit()


@asynccontextmanager
async def http3(
    authority: Authority, peer: Callable[..., Http3Peer] = Http3Peer, sessions: dict[bytes, Any] | None = None
) -> AsyncIterator[Http3Server]:
    """A running server for the host ``localhost``, on 127.0.0.1 over UDP.

    It gives out session tickets in any case, and takes back those that it keeps in ``sessions``.
    """
    server = Http3Server()
    configuration = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
    configuration.load_cert_chain(*authority.issue("localhost"))

    def keep(session: SessionTicket) -> None:
        if sessions is not None:
            sessions[session.ticket] = session

    listener = await serve(
        "127.0.0.1",
        0,
        configuration=configuration,
        create_protocol=lambda *a, **n: peer(server, *a, **n),
        session_ticket_fetcher={}.get if sessions is None else sessions.get,
        session_ticket_handler=keep,
    )
    server.port = listener._transport.get_extra_info("sockname")[1]
    try:
        yield server
    finally:
        listener.close()
