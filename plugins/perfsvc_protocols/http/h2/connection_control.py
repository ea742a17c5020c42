"""What concerns a connection as a whole: settings, windows, signs of life, and its end."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable

from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http.base_connection import Carrier
from perfsvc_protocols.http.h2.frames import ACK
from perfsvc_protocols.http.h2.frames import FAREWELL
from perfsvc_protocols.http.h2.frames import GOAWAY
from perfsvc_protocols.http.h2.frames import LARGEST_WINDOW
from perfsvc_protocols.http.h2.frames import LAST_STREAM
from perfsvc_protocols.http.h2.frames import NUMBER
from perfsvc_protocols.http.h2.frames import PING
from perfsvc_protocols.http.h2.frames import PREFACE
from perfsvc_protocols.http.h2.frames import PUSH_PROMISE
from perfsvc_protocols.http.h2.frames import SETTINGS
from perfsvc_protocols.http.h2.frames import SETTINGS_SEEN
from perfsvc_protocols.http.h2.frames import WINDOW_UPDATE
from perfsvc_protocols.http.h2.frames import Violation
from perfsvc_protocols.http.h2.frames import frame
from perfsvc_protocols.http.h2.frames import window_update
from perfsvc_protocols.http.h2.sending import Sender

HALF = LARGEST_WINDOW // 2
MOST_CHORES = 1000
"""A server that asks for more of them within one request is up to no good."""


class Link(Carrier):
    """A connection that knows nothing of requests. ``agreed``: whether the server speaks HTTP/2 at all."""

    __slots__ = ("_chores", "_greeted", "_sender", "_stream", "_taken", "agreed")

    def __init__(self, origin: Origin, now_ns: Callable[[], int]) -> None:
        super().__init__(origin, now_ns)
        self.agreed = False
        self._chores = 0
        self._greeted = False
        self._sender = Sender()
        self._stream = 0
        self._taken = 0

    # What the event loop does with it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        self.agreed = tls is None or tls.selected_alpn_protocol() == "h2"
        if self.agreed:
            self._tell(PREFACE)

    def pause_writing(self) -> None:
        self._sender.paused = True

    def resume_writing(self) -> None:
        self._sender.paused = False
        self._pump()

    # Its end

    def drop(self) -> None:
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    def retire(self) -> None:
        self._leave()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(FAREWELL)
            self._transport.close()

    def _leave(self) -> None:
        self.call = self.write = None
        self._sender.end()

    # What the server does with it

    def _greet(self, kind: int, flags: int) -> None:
        if kind != SETTINGS or flags & ACK:
            raise Violation("the server does not begin with its settings")
        self._greeted = True

    def _control(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        """A frame that is not about a reply. Raises Violation; what is unknown is no violation."""
        if kind == WINDOW_UPDATE:
            self._sender.widen(stream, _number(payload, 4) & LARGEST_WINDOW)
            self._pump()
        elif kind == PUSH_PROMISE:
            raise Violation("a push, which nobody asked for")
        elif kind in (SETTINGS, PING, GOAWAY):
            if stream:
                raise Violation("a stream, where the connection is meant")
            self._obey(kind, flags, payload)

    def _obey(self, kind: int, flags: int, payload: bytes) -> None:
        if kind == GOAWAY:
            self._going(_number(payload[:4], 4) & LAST_STREAM)
        elif kind == PING:
            if len(payload) != 8:
                raise Violation("a ping of another size")
            if not flags & ACK:
                self._chore()
                self._tell(frame(PING, ACK, 0, payload))
        elif flags & ACK:
            if payload:
                raise Violation("settings that are seen, and changed")
        else:
            self._chore()
            self._sender.adapt(payload)
            self._tell(SETTINGS_SEEN)
            self._pump()

    def _chore(self) -> None:
        self._chores += 1
        if self._chores > MOST_CHORES:
            raise Violation("no end of chores")

    def _replenish(self) -> None:
        """Says that as much may come again as has come."""
        self._tell(window_update(0, self._taken))
        if self.call is not None:
            self._tell(window_update(self._stream, self._taken))
        self._taken = 0

    def _tell(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    @abstractmethod
    def _pump(self) -> None:
        """Sends as much of a body as may be sent now."""

    @abstractmethod
    def _going(self, last: int) -> None:
        """The server takes no more requests, and has not seen those behind ``last``."""


def _number(payload: bytes, size: int) -> int:
    if len(payload) != size:
        raise Violation("a frame of another size")
    return int(NUMBER.unpack(payload)[0])
