"""The HTTP upgrade: picows sends the request; the reply is read and judged here, as RFC 6455 4.1 has it."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from tornado.httputil import HTTPHeaders
from tornado.httputil import HTTPInputError
from tornado.httputil import parse_response_start_line

from perfsvc.plugin import Failed
from perfsvc.plugin import failures
from perfsvc_protocols._net.chunked import body_of_chunks
from perfsvc_protocols.websocket.compression import Negotiated
from perfsvc_protocols.websocket.compression import negotiated

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence

MAX_HEAD = 64 * 1024
MAX_REFUSAL = 64 * 1024
"""Bytes kept of the body of a refusal."""
REFUSAL_S = 1.0
"""Time for the body of a refusal to arrive: a server may announce more than it sends."""
SWITCHING_PROTOCOLS = 101
END = b"\r\n\r\n"
FOLD = re.compile(rb"\r\n[ \t]+")
"""A header continued on the next line (obs-fold of RFC 9112): a user agent reads a space."""
LAST_CHUNK = b"0\r\n\r\n"


class Head(NamedTuple):
    """Head of the reply to an upgrade; ``size`` is its bytes."""

    status: int
    reason: str
    headers: HTTPHeaders
    size: int


class Refused(Failed):
    """The server replied to the upgrade with something else than 101."""

    def __init__(self, head: Head, body: bytes) -> None:
        super().__init__(
            f"WebSocket Upgrade: HTTP {head.status}",
            f"the server refused the upgrade: HTTP {head.status} {head.reason}".rstrip(),
        )
        self.head = head
        self.body = body


class Upgrade(asyncio.Protocol):
    """Reads the reply to an upgrade. After a 101 the connection belongs to ``frames``, the protocol of picows.

    The future ``upgraded`` has the result; its exception is Failed. ``on_agreed`` is called before the first frame.
    """

    def __init__(self, frames: Any, offered: Offer, on_agreed: Callable[[Agreed], None]) -> None:
        self.upgraded: asyncio.Future[Agreed] = asyncio.get_running_loop().create_future()
        self._frames = frames
        self._head: Head | None = None
        self._offered = offered
        self._on_agreed = on_agreed
        self._received = b""
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._frames.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self.upgraded.done():
            return
        self._received += data
        try:
            self._read()
        except Failed as error:
            self._fail(error)

    def connection_lost(self, error: Exception | None) -> None:
        if self._head is not None:
            self._refuse()
        elif error is not None:
            self._fail(Failed(failures.broken(error), str(error)))
        else:
            self._fail(Failed(failures.CLOSED_EARLY, "the server closed the connection during the upgrade"))
        self._frames.connection_lost(error)

    def abort(self) -> None:
        """Close the connection without a result."""
        self.upgraded.cancel()
        self._stop_waiting()
        self._transport.abort()

    def _read(self) -> None:
        if self._head is None:
            end = self._received.find(END)
            _check(self._received if end < 0 else self._received[:end])
            if end < 0:
                return
            self._head = head_of(self._received[:end])
            self._received = self._received[end + len(END) :]
        if self._head.status == SWITCHING_PROTOCOLS:
            self._hand_over(self._head, agreed_on(self._head, self._offered))
        elif _complete(self._head.headers, self._received):
            self._refuse()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(REFUSAL_S, self._refuse)

    def _hand_over(self, head: Head, agreed: Agreed) -> None:
        """Give the connection to picows, which checks the key and reads the frames that came along."""
        frames, transport = self._frames, self._transport
        transport.set_protocol(frames)
        self._on_agreed(agreed)
        self.upgraded.set_result(agreed)
        data = canonical(head) + self._received
        self._received = b""
        while data and not transport.is_closing():
            room = frames.get_buffer(-1)
            piece = data[: len(room)]
            room[: len(piece)] = piece
            data = data[len(piece) :]
            frames.buffer_updated(len(piece))

    def _refuse(self) -> None:
        if self._head is not None:
            self._fail(Refused(self._head, unchunked(self._head.headers, self._received[:MAX_REFUSAL])))

    def _fail(self, error: Failed) -> None:
        self._stop_waiting()
        if not self.upgraded.done():
            self.upgraded.set_exception(error)
        self._transport.abort()

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class Offer(NamedTuple):
    """The client's side of the negotiation. ``strict`` refuses what the client did not offer."""

    subprotocols: Sequence[str] = ()
    compression: bool = False
    strict: bool = True


class Agreed(NamedTuple):
    """The reply to an upgrade that succeeded, and the compression agreed on."""

    head: Head
    compression: Negotiated | None


def head_of(data: bytes) -> Head:
    """Parse a head. Raises Failed."""
    start, _, rest = data.partition(b"\r\n")
    try:
        line = parse_response_start_line(start.decode("latin-1"))
        headers = HTTPHeaders.parse(FOLD.sub(b" ", rest).decode("latin-1"))
    except HTTPInputError as error:
        raise Failed(failures.PROTOCOL, f"the reply to the upgrade is not HTTP/1.1: {data[:80]!r} ({error})") from None
    return Head(line.code, line.reason, headers, len(data) + len(END))


def agreed_on(head: Head, offered: Offer) -> Agreed:
    """Return what a 101 agrees to. Raises Failed for one that a client has to refuse."""
    headers = head.headers
    for name, token in (("Upgrade", "websocket"), ("Connection", "upgrade")):
        if token not in _tokens(headers, name):
            raise Failed(failures.PROTOCOL, f"the reply to the upgrade lacks {name}: {token}")
    chosen = headers.get("Sec-WebSocket-Protocol")
    if offered.strict and chosen is not None and chosen not in offered.subprotocols:
        raise Failed(failures.PROTOCOL, f"the server chose the subprotocol {chosen!r}, which was not offered")
    extensions = headers.get("Sec-WebSocket-Extensions", "")
    if extensions and not offered.compression:
        raise Failed(failures.PROTOCOL, f"the server chose the extension {extensions!r}, which was not offered")
    return Agreed(head, negotiated(extensions))


def canonical(head: Head) -> bytes:
    """The same 101 in the only form that picows takes."""
    accept = head.headers.get("Sec-WebSocket-Accept", "")
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ).encode("latin-1")


def unchunked(headers: HTTPHeaders, body: bytes) -> bytes:
    """The body without chunk framing, as far as it has come."""
    return body_of_chunks(body) if _chunked(headers) else body


def _complete(headers: HTTPHeaders, body: bytes) -> bool:
    if len(body) >= MAX_REFUSAL:
        return True
    if _chunked(headers):
        return body == LAST_CHUNK or body.endswith(b"\r\n" + LAST_CHUNK)
    length = headers.get("Content-Length", "")
    return length.isdecimal() and len(body) >= int(length[:12])


def _chunked(headers: HTTPHeaders) -> bool:
    return "chunked" in _tokens(headers, "Transfer-Encoding")


def _tokens(headers: HTTPHeaders, name: str) -> set[str]:
    return {token.strip().lower() for token in headers.get(name, "").split(",")}


def _check(head: bytes) -> None:
    """Raise Failed for a head that is too big, or not HTTP."""
    if not head.startswith(b"HTTP/"[: len(head)]):
        raise Failed(failures.PROTOCOL, f"the reply to the upgrade is not HTTP: {head[:80]!r}")
    if len(head) > MAX_HEAD:
        raise Failed(failures.PROTOCOL, f"the head of the reply to the upgrade exceeds {MAX_HEAD} bytes")
