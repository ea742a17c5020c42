"""Connection-level frames: SETTINGS, WINDOW_UPDATE, PING, GOAWAY."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable

from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http.base_connection import BaseConnection
from perfsvc_protocols.http.h2.frames import ACK
from perfsvc_protocols.http.h2.frames import ENHANCE_YOUR_CALM
from perfsvc_protocols.http.h2.frames import FRAME_SIZE_ERROR
from perfsvc_protocols.http.h2.frames import GOAWAY
from perfsvc_protocols.http.h2.frames import MAX_STREAM_ID
from perfsvc_protocols.http.h2.frames import MAX_WINDOW
from perfsvc_protocols.http.h2.frames import NO_ERROR
from perfsvc_protocols.http.h2.frames import PING
from perfsvc_protocols.http.h2.frames import PREFACE
from perfsvc_protocols.http.h2.frames import PRIORITY
from perfsvc_protocols.http.h2.frames import PUSH_PROMISE
from perfsvc_protocols.http.h2.frames import SETTINGS
from perfsvc_protocols.http.h2.frames import SETTINGS_ACK
from perfsvc_protocols.http.h2.frames import UINT32
from perfsvc_protocols.http.h2.frames import WINDOW_UPDATE
from perfsvc_protocols.http.h2.frames import ProtocolError
from perfsvc_protocols.http.h2.frames import frame
from perfsvc_protocols.http.h2.frames import goaway
from perfsvc_protocols.http.h2.frames import window_update
from perfsvc_protocols.http.h2.sending import Sender

UPDATE_THRESHOLD = MAX_WINDOW // 2
MAX_CONTROL_FRAMES = 1000
"""Limit of control frames per request (flood protection)."""


class ConnectionControl(BaseConnection):
    """Base class of HTTP/2 connections: everything that concerns no stream. ``negotiated``: ALPN chose HTTP/2."""

    __slots__ = ("_control_frames", "_preface_received", "_received", "_sender", "_stream", "negotiated")

    def __init__(self, origin: Origin, now_ns: Callable[[], int]) -> None:
        super().__init__(origin, now_ns)
        self.negotiated = False
        self._control_frames = 0
        self._preface_received = False
        self._sender = Sender()
        self._stream = 0
        self._received = 0

    # Called by the event loop

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

    def retire(self, code: int = NO_ERROR) -> None:
        self._detach()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(goaway(code))
            self._transport.close()

    def _detach(self) -> None:
        self.call = self.write = None
        self._sender.end()

    # Frames from the server

    def _check_preface(self, kind: int, flags: int) -> None:
        if kind != SETTINGS or flags & ACK:
            raise ProtocolError("the first frame is not SETTINGS")
        self._preface_received = True

    def _control(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        """Handle a frame that is not part of a reply; unknown types are ignored. Raises ProtocolError."""
        if kind == WINDOW_UPDATE:
            if stream:
                self._is_current(stream)
            self._sender.update_window(stream, _number(payload, 4) & MAX_WINDOW)
            self._pump()
        elif kind == PRIORITY:
            if not stream:
                raise ProtocolError("PRIORITY without a stream")
            if len(payload) != 5:
                raise ProtocolError("a frame of a wrong size", FRAME_SIZE_ERROR)
        elif kind == PUSH_PROMISE:
            raise ProtocolError("PUSH_PROMISE although push is disabled")
        elif kind in (SETTINGS, PING, GOAWAY):
            if stream:
                raise ProtocolError("a connection-level frame on a stream")
            self._connection_frame(kind, flags, payload)

    def _connection_frame(self, kind: int, flags: int, payload: bytes) -> None:
        if kind == GOAWAY:
            self._goaway_received(_number(payload[:4], 4) & MAX_STREAM_ID)
        elif kind == PING:
            if len(payload) != 8:
                raise ProtocolError("PING of a wrong size", FRAME_SIZE_ERROR)
            if not flags & ACK:
                self._count_control_frame()
                self._write(frame(PING, ACK, 0, payload))
        elif flags & ACK:
            if payload:
                raise ProtocolError("SETTINGS ACK with a payload", FRAME_SIZE_ERROR)
        else:
            self._count_control_frame()
            self._sender.apply_settings(payload)
            self._write(SETTINGS_ACK)
            self._pump()

    def _count_control_frame(self) -> None:
        self._control_frames += 1
        if self._control_frames > MAX_CONTROL_FRAMES:
            raise ProtocolError("too many control frames", ENHANCE_YOUR_CALM)

    def _count_received(self, size: int) -> None:
        self._received += size
        if self._received > UPDATE_THRESHOLD:
            self._send_window_updates()

    def _send_window_updates(self) -> None:
        """Send WINDOW_UPDATE frames for what was received."""
        self._write(window_update(0, self._received))
        if self.call is not None:
            self._write(window_update(self._stream, self._received))
        self._received = 0

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    @abstractmethod
    def _pump(self) -> None:
        """Send as much of the body as the windows allow."""

    @abstractmethod
    def _is_current(self, stream: int) -> bool:
        """Whether a frame belongs to the request in flight. Raise ProtocolError for a stream never opened."""

    @abstractmethod
    def _goaway_received(self, last: int) -> None:
        """Handle GOAWAY: no more requests; streams beyond ``last`` were not processed."""


def _number(payload: bytes, size: int) -> int:
    if len(payload) != size:
        raise ProtocolError("a frame of a wrong size", FRAME_SIZE_ERROR)
    return int(UINT32.unpack(payload)[0])
