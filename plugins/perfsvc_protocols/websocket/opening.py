"""Opening a connection: dialling, TLS and the upgrade."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator

from picows import WSError
from picows.picows import WSAutoPingStrategy
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # missing in its stubs

from perfsvc.plugin import Failed
from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin import failures
from perfsvc.plugin.net.dial import Dialer
from perfsvc.plugin.net.dial import Phases
from perfsvc_protocols._net.address import Address
from perfsvc_protocols._net.cookies import take_cookies
from perfsvc_protocols._net.cookies import with_cookies
from perfsvc_protocols.websocket.connection import Connection
from perfsvc_protocols.websocket.connection import Limits
from perfsvc_protocols.websocket.connection import ParserLog
from perfsvc_protocols.websocket.reply import WebSocketReply
from perfsvc_protocols.websocket.upgrade import Agreed
from perfsvc_protocols.websocket.upgrade import Head
from perfsvc_protocols.websocket.upgrade import Offer
from perfsvc_protocols.websocket.upgrade import Upgrade

UPGRADE = (
    b"GET  HTTP/1.1\r\nHost: \r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
"""The upgrade that picows sends, without target, host and our headers."""
READ_BUFFER = 4096
"""To begin with: thousands of sockets that mostly listen must not cost 16 KiB each."""


class Opening:
    """A connection that is being opened, and what is known of it whether that succeeds or not.

    ``ready_ns`` is the moment the upgrade was sent, 0 before. ``phases`` are ns for DNS, connecting and TLS.
    ``jar`` is the user whose cookies go along and are set, or None.
    """

    def __init__(
        self, now_ns: Callable[[], int], address: Address, headers: list[tuple[str, str]], jar: Scope | None
    ) -> None:
        self.begun_ns = now_ns()
        self.ready_ns = 0
        self.phases: Phases = (0, 0, 0)
        self.agreed: Agreed | None = None
        self._address = address
        self._now_ns = now_ns
        self._headers = headers if jar is None else with_cookies(headers, jar, address)
        self._jar = jar

    @property
    def upgrade_bytes(self) -> int:
        """The size of the upgrade."""
        origin, target = self._address
        return len(UPGRADE) + len(origin.authority) + len(target) + headers_size(self._headers)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """The headers of the upgrade. picows reads them when the connection, with TLS, stands."""
        self.ready_ns = self._now_ns()
        return iter(self._headers)

    def record(self, reply: Reply) -> None:
        """Count the upgrade as what the request has sent, if it was sent."""
        reply.started_ns = self.ready_ns or self.begun_ns
        reply.sent = self.ready_ns > 0
        reply.bytes_sent = self.upgrade_bytes if reply.sent else 0

    def replied(self, reply: WebSocketReply, head: Head) -> None:
        """Record the reply to the upgrade, and take its cookies."""
        reply.connected = self.phases
        reply.head = head
        reply.bytes_received = head.size
        reply.waiting_ns = self._now_ns() - self.ready_ns
        if self._jar is not None:
            take_cookies(head.headers.get_list("Set-Cookie"), self._jar, self._address)

    async def open(self, dialer: Dialer, scope: Scope, limits: Limits, offer: Offer) -> Connection:
        """Open it. Raises Failed; cancelled, it leaves nothing open."""
        connection = Connection(limits)
        frames = self._frames(connection)
        upgrade = Upgrade(frames, offer, connection.agreed)
        self.phases = await dialer.open(self._address.origin, upgrade, scope)
        try:
            self.agreed = await upgrade.upgraded
            await frames.wait_until_handshake_complete()
        except WSError as error:
            raise Failed(failures.PROTOCOL, str(error)) from None
        except BaseException:
            upgrade.abort()
            raise
        return connection

    def _frames(self, connection: Connection) -> WSProtocol:
        """picows's protocol: client side, no time limit, no pings of its own, pongs sent by the connection."""
        origin, target = self._address
        return WSProtocol(
            origin.authority,
            target,
            True,
            lambda: connection,
            ParserLog(connection.violated),
            True,
            None,
            False,
            10,
            10,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            False,
            connection.max_bytes,
            self,
            READ_BUFFER,
        )


def headers_size(headers: Iterable[tuple[str, str]]) -> int:
    """Return the size of headers, line ends included."""
    return sum(len(name) + len(value) + 4 for name, value in headers)
