"""What concerns a connection as a whole: settings, windows, signs of life, and its end."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable

from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http.base_connection import BaseConnection
from perfsvc_protocols.http.h2.frames import ACK
from perfsvc_protocols.http.h2.frames import GOAWAY
from perfsvc_protocols.http.h2.frames import GOAWAY_FRAME
from perfsvc_protocols.http.h2.frames import MAX_STREAM_ID
from perfsvc_protocols.http.h2.frames import MAX_WINDOW
from perfsvc_protocols.http.h2.frames import PING
from perfsvc_protocols.http.h2.frames import PREFACE
from perfsvc_protocols.http.h2.frames import PUSH_PROMISE
from perfsvc_protocols.http.h2.frames import SETTINGS
from perfsvc_protocols.http.h2.frames import SETTINGS_ACK
from perfsvc_protocols.http.h2.frames import UINT32
from perfsvc_protocols.http.h2.frames import WINDOW_UPDATE
from perfsvc_protocols.http.h2.frames import ProtocolError
from perfsvc_protocols.http.h2.frames import frame
from perfsvc_protocols.http.h2.frames import window_update
from perfsvc_protocols.http.h2.sending import Sender

UPDATE_THRESHOLD = MAX_WINDOW // 2
MAX_CONTROL_FRAMES = 1000
"""A server that asks for more of them within one request is up to no good."""


class ConnectionControl(BaseConnection):
    """A connection that knows nothing of requests. ``negotiated``: whether the server speaks HTTP/2 at all."""

    __slots__ = ("_control_frames", "_preface_received", "_received", "_sender", "_stream", "negotiated")

    def __init__(self, origin: Origin, now_ns: Callable[[], int]) -> None:
        super().__init__(origin, now_ns)
        self.negotiated = False
        self._control_frames = 0
        self._preface_received = False
        self._sender = Sender()
        self._stream = 0
        self._received = 0

    # What the event loop does with it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        self.negotiated = tls is None or tls.selected_alpn_protocol() == "h2"
        if self.negotiated:
            self._write(PREFACE)

    def pause_writing(self) -> None:
        self._sender.paused = True

    def resume_writing(self) -> None:
        self._sender.paused = False
        self._pump()

    # Its end

    def drop(self) -> None:
        self._detach()
        if self._transport is not None:
            self._transport.abort()

    def retire(self) -> None:
        self._detach()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(GOAWAY_FRAME)
            self._transport.close()

    def _detach(self) -> None:
        self.call = self.write = None
        self._sender.end()

    # What the server does with it

    def _check_preface(self, kind: int, flags: int) -> None:
        if kind != SETTINGS or flags & ACK:
            raise ProtocolError("the server does not begin with its settings")
        self._preface_received = True

    def _control(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        """A frame that is not about a reply. Raises ProtocolError; what is unknown is no violation."""
        if kind == WINDOW_UPDATE:
            self._sender.update_window(stream, _number(payload, 4) & MAX_WINDOW)
            self._pump()
        elif kind == PUSH_PROMISE:
            raise ProtocolError("a push, which nobody asked for")
        elif kind in (SETTINGS, PING, GOAWAY):
            if stream:
                raise ProtocolError("a stream, where the connection is meant")
            self._connection_frame(kind, flags, payload)

    def _connection_frame(self, kind: int, flags: int, payload: bytes) -> None:
        if kind == GOAWAY:
            self._goaway_received(_number(payload[:4], 4) & MAX_STREAM_ID)
        elif kind == PING:
            if len(payload) != 8:
                raise ProtocolError("a ping of another size")
            if not flags & ACK:
                self._count_control_frame()
                self._write(frame(PING, ACK, 0, payload))
        elif flags & ACK:
            if payload:
                raise ProtocolError("settings that are seen, and changed")
        else:
            self._count_control_frame()
            self._sender.apply_settings(payload)
            self._write(SETTINGS_ACK)
            self._pump()

    def _count_control_frame(self) -> None:
        self._control_frames += 1
        if self._control_frames > MAX_CONTROL_FRAMES:
            raise ProtocolError("no end of chores")

    def _count_received(self, size: int) -> None:
        self._received += size
        if self._received > UPDATE_THRESHOLD:
            self._send_window_updates()

    def _send_window_updates(self) -> None:
        """Says that as much may come again as has come."""
        self._write(window_update(0, self._received))
        if self.call is not None:
            self._write(window_update(self._stream, self._received))
        self._received = 0

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    @abstractmethod
    def _pump(self) -> None:
        """Sends as much of a body as may be sent now."""

    @abstractmethod
    def _goaway_received(self, last: int) -> None:
        """The server takes no more requests, and has not seen those behind ``last``."""


def _number(payload: bytes, size: int) -> int:
    if len(payload) != size:
        raise ProtocolError("a frame of another size")
    return int(UINT32.unpack(payload)[0])
