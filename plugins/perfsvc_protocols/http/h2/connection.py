"""HTTP/2 connection, one request at a time, each as a stream."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import partial

from perfsvc.plugin.body import Undecodable
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http.call import HEAD_ONLY
from perfsvc_protocols.http.call import HttpCall
from perfsvc_protocols.http.event_stream import TooLong
from perfsvc_protocols.http.h2.connection_control import ConnectionControl
from perfsvc_protocols.http.h2.decoding import Head
from perfsvc_protocols.http.h2.decoding import Heads
from perfsvc_protocols.http.h2.encoding import block_of
from perfsvc_protocols.http.h2.encoding import frames_of
from perfsvc_protocols.http.h2.frames import CANCEL
from perfsvc_protocols.http.h2.frames import CONTINUATION
from perfsvc_protocols.http.h2.frames import DATA
from perfsvc_protocols.http.h2.frames import DEFAULT_FRAME_SIZE
from perfsvc_protocols.http.h2.frames import END_HEADERS
from perfsvc_protocols.http.h2.frames import END_STREAM
from perfsvc_protocols.http.h2.frames import FRAME
from perfsvc_protocols.http.h2.frames import FRAME_HEADER_SIZE
from perfsvc_protocols.http.h2.frames import FRAME_SIZE_ERROR
from perfsvc_protocols.http.h2.frames import HEADERS
from perfsvc_protocols.http.h2.frames import MAX_STREAM_ID
from perfsvc_protocols.http.h2.frames import PADDED
from perfsvc_protocols.http.h2.frames import REFUSED_STREAM
from perfsvc_protocols.http.h2.frames import RST_STREAM
from perfsvc_protocols.http.h2.frames import UINT32
from perfsvc_protocols.http.h2.frames import ProtocolError
from perfsvc_protocols.http.h2.frames import frame
from perfsvc_protocols.http.h2.frames import unpadded
from perfsvc_protocols.http.h2.header_block import HeaderBlock
from perfsvc_protocols.http.h2.sending import FileBody
from perfsvc_protocols.http.listener import StreamListener
from perfsvc_protocols.http.rendered_request import END_OF_HEAD
from perfsvc_protocols.http.reply import KEPT_BODY

END = len(END_OF_HEAD)

unpack = FRAME.unpack_from


class Oversized(Exception):
    """The body is larger than the run takes."""


class Connection(ConnectionControl):
    """A connection that speaks HTTP/2."""

    __slots__ = (
        "_body",
        "_end",
        "_fresh",
        "_head",
        "_header_block",
        "_heads",
        "_lasting",
        "_limit",
        "_listener",
        "_next",
        "_reply",
        "_rest",
        "_silent",
    )

    def __init__(self, origin: Origin, listener: StreamListener, heads: Heads, now_ns: Callable[[], int]) -> None:
        super().__init__(origin, now_ns)
        # For as long as it stands
        limit = listener.options.max_response_bytes
        self._header_block = HeaderBlock(heads.max_head_bytes)
        self._heads = heads
        self._lasting = listener.options.keep_alive
        self._limit = sys.maxsize if limit is None else limit
        self._next = 1
        self._listener = listener
        self._reply = listener.reply
        self._rest = b""
        self._silent = 0
        # For one request
        self._body = 0
        self._end: Callable[[], None] | None = None
        self._fresh = False
        self._head: Head | None = None

    # Called by the session

    def request(self, call: HttpCall, wire: bytes, file: FileBody | None) -> None:
        """Send a request, given in HTTP/1.1 form."""
        self._stream = stream = self._next
        self._next = stream + 2
        self.call = call
        self._body = self._control_frames = 0
        self._end = self._head = None
        self._fresh = not self._header_block.open and call.listening is None
        end = wire.index(END_OF_HEAD) + END
        if file is not None:
            wire = b"%bContent-Length: %d\r\n\r\n" % (wire[: end - 2], file.size)
            self._send(wire, stream, END_HEADERS if file.size else END_HEADERS | END_STREAM)
            self._send_later(stream, file.size, file.read, file.close)
        elif end == len(wire):
            self._send(wire, stream, END_HEADERS | END_STREAM)
        else:
            self._send_both(wire[:end], wire[end:], stream)

    def give_up(self) -> None:
        if self.write is None or self._is_dead():
            self.drop()
            return
        self.call = self._end = None
        self._sender.end()
        self._write(frame(RST_STREAM, 0, self._stream, UINT32.pack(CANCEL)))

    # Called by the event loop

    def data_received(self, data: bytes) -> None:
        if self.call is not None:
            reply = self._reply
            reply.ended_ns = self._now_ns()
            reply.bytes_received += len(data)
        if self._rest:
            data = self._rest + data
        elif self._fresh and self._is_cached_reply(data):
            return
        self._fresh = False
        try:
            self._rest = data[self._read(data) :]
        except ProtocolError as violation:
            self._fail_connection(violation)
        except Oversized:
            self._listener.reply_too_large(self)
        else:
            if self._end is not None:
                self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        call = self.call
        self._transport = None
        self._detach()
        if call is not None:
            self._listener.lost(self, exc)

    # The request

    def _send(self, head: bytes, stream: int, flags: int, more: bytes = b"") -> None:
        block = block_of(head, self.origin.secure)
        size = len(block)
        if size <= DEFAULT_FRAME_SIZE:
            data = b"%b%b%b" % (FRAME.pack(size << 8 | HEADERS, flags, stream), block, more)
        else:
            data = frames_of(block, stream, bool(flags & END_STREAM), DEFAULT_FRAME_SIZE) + more
        self._reply.bytes_sent += len(data)
        self._write(data)

    def _send_both(self, head: bytes, body: bytes, stream: int) -> None:
        if self._sender.at_once(len(body)):
            self._send(head, stream, END_HEADERS, frame(DATA, END_STREAM, stream, body))
            return
        self._send(head, stream, END_HEADERS)
        at = 0

        def read(size: int) -> bytes:
            nonlocal at
            at += size
            return body[at - size : at]

        self._send_later(stream, len(body), read, None)

    def _send_later(
        self, stream: int, size: int, read: Callable[[int], bytes], close: Callable[[], None] | None
    ) -> None:
        # Read later: a failure to read the file must not be reported from inside start.
        self._sender.begin(stream, size, read, close)
        if size:
            asyncio.get_running_loop().call_soon(self._pump)
        else:
            self._sender.end()

    def _pump(self) -> None:
        if not self._sender.busy:
            return
        try:
            for part in self._sender.ready():
                self._reply.bytes_sent += len(part)
                self._write(part)
        except OSError as error:
            self._listener.file_unreadable(self, error)

    # The reply in one piece

    def _is_cached_reply(self, data: bytes) -> bool:
        """Process data that is one complete reply with a cached head. Return False if it is not."""
        size, mine = len(data), self._stream
        if size < 2 * FRAME_HEADER_SIZE:
            return False
        word, flags, stream = unpack(data)
        at = (word >> 8) + FRAME_HEADER_SIZE
        if word & 255 != HEADERS or flags != END_HEADERS or stream != mine or size < at + FRAME_HEADER_SIZE:
            return False
        head = self._heads.cached.get(data[FRAME_HEADER_SIZE:at])
        word, flags, stream = unpack(data, at)
        at += FRAME_HEADER_SIZE
        length = size - at
        if head is None or word != length << 8 | DATA or flags != END_STREAM or stream != mine:
            return False
        if length > self._limit or not head.allows(length) or self.call is None or self.call.mode is HEAD_ONLY:
            return False
        reply = self._reply
        self._begin(head)
        self._head = head
        if reply.reads_body:
            reply.add_body(data[at:])
        reply.start = data[at : at + KEPT_BODY]
        self._count_received(length)
        self._complete()
        return True

    # The reply in pieces

    def _read(self, data: bytes) -> int:
        """Process all complete frames and return where they end. Raises ProtocolError, Oversized."""
        at, size = 0, len(data)
        while size - at >= FRAME_HEADER_SIZE:
            word, flags, stream = unpack(data, at)
            length, kind = word >> 8, word & 255
            if not self._preface_received and data.startswith(b"HTTP/"):
                line = data.partition(b"\r\n")[0][:100].decode("latin-1")
                raise ProtocolError(f"the reply begins with {line!r}: the target does not speak HTTP/2 here")
            if length > DEFAULT_FRAME_SIZE:
                raise ProtocolError("a frame that is too large", FRAME_SIZE_ERROR)
            if not self._preface_received:
                self._check_preface(kind, flags)
            start = at + FRAME_HEADER_SIZE
            if start + length > size:
                break
            at = start + length
            if self._header_block.open and kind != CONTINUATION:
                raise ProtocolError("a header block that does not go on")
            if kind == DATA:
                self._data(flags, stream & MAX_STREAM_ID, data, start, at)
            else:
                self._frame(kind, flags, stream & MAX_STREAM_ID, data[start:at])
        return at

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind in (HEADERS, CONTINUATION):
            block = self._header_block.add(kind, flags, stream, payload)
            if block is not None:
                self._block(self._header_block.flags, stream, block)
        elif kind == RST_STREAM:
            self._rst_stream(stream, payload)
        else:
            self._control(kind, flags, stream, payload)

    def _block(self, flags: int, stream: int, block: bytes) -> None:
        if not self._is_current(stream):
            return
        if self._head is not None:  # trailers are ignored
            if not flags & END_STREAM:
                raise ProtocolError("a second head")
            self._heads.check_trailers(block)
            self._ends(self._head)
            return
        head = self._heads.cached.get(block) or self._heads.decode(block)
        self._begin(head)
        if head.status < 200:
            if flags & END_STREAM:
                raise ProtocolError("an interim reply, and nothing else")
            self._count_control_frame()
            return
        self._head = head
        if flags & END_STREAM:
            self._ends(head)

    def _begin(self, head: Head) -> None:
        reply = self._reply
        if not reply.raw:
            reply.waiting_ns = reply.ended_ns - reply.started_ns
        reply.raw = head.raw
        reply.status = head.status

    def _data(self, flags: int, stream: int, data: bytes, start: int, end: int) -> None:
        self._count_received(end - start)
        if flags & PADDED:
            data = unpadded(PADDED, data[start:end])
            start, end = 0, len(data)
        if not self._is_current(stream):
            return
        head = self._head
        if head is None:
            raise ProtocolError("a body before its head")
        self._body += end - start
        if self._body > self._limit:
            raise Oversized
        if self._reply.reads_body or len(self._reply.start) < KEPT_BODY:
            self._reply.take(data[start:end])
        if self._reply.stream is not None and end > start:
            self._listen(data[start:end])
        if flags & END_STREAM and self._end is None:
            self._ends(head)

    def _listen(self, part: bytes) -> None:
        try:
            if self._reply.listened(part):
                self._end = self._complete
        except (TooLong, Undecodable) as error:
            cause = error
            self._end = lambda: self._listener.listening_failed(self, cause)

    def _ends(self, head: Head) -> None:
        length = 0 if self.call is not None and self.call.mode is HEAD_ONLY else head.length
        if length is not None and length != self._body:
            raise ProtocolError(f"a body of {self._body} bytes, where {length} were told")
        self._end = self._complete

    def _rst_stream(self, stream: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise ProtocolError("a frame of a wrong size", FRAME_SIZE_ERROR)
        if self._is_current(stream):
            code = UINT32.unpack(payload)[0]
            refused, reset = self._listener.stream_refused, self._listener.stream_reset
            self._end = partial(
                self._stopped, partial(refused, self) if code == REFUSED_STREAM else partial(reset, self, code)
            )

    def _goaway_received(self, last: int) -> None:
        self.write = None
        if self.call is None:
            self.retire()
        elif self._stream > last and self._end is None:
            self._end = partial(self._stopped, partial(self._listener.stream_refused, self))

    def _is_current(self, stream: int) -> bool:
        """Whether a frame belongs to the request in flight. Raises ProtocolError for a stream never opened."""
        if not stream & 1 or stream >= self._next:
            raise ProtocolError("a stream that is not there")
        return stream == self._stream and self.call is not None and self._end is None

    # How it ends

    def _complete(self) -> None:
        stream = self._reply.stream
        if self._sender.busy or (stream is not None and stream.done):  # the reply is complete before its stream is
            self._write(frame(RST_STREAM, 0, self._stream, UINT32.pack(CANCEL)))
        self._request_done()
        self.served = True
        if self._head is not None and self._head.plain:
            if self._reply.reads_body:
                self._reply.take_plain()
            self._listener.finish()
        else:
            self._listener.reply_complete(self)

    def _stopped(self, report: Callable[[], None]) -> None:
        """End the request in flight as its server has: refused or reset."""
        self._request_done()
        report()

    def _request_done(self) -> None:
        """End the request in flight; retire a connection that can take no other."""
        self.call = self._end = None
        self._sender.end()
        if not self._lasting or self.write is None or self._next > MAX_STREAM_ID:
            self.retire()

    def _fail_connection(self, violation: ProtocolError) -> None:
        end, in_flight, cause = self._end, self.call is not None, str(violation)
        self.retire(violation.code)
        if end is not None:
            end()
        elif in_flight:
            self._listener.protocol_error(self, cause)

    def _is_dead(self) -> bool:
        """Whether two requests in a row were abandoned without any byte from the server."""
        if self._reply.bytes_received:
            return False
        before, self._silent = self._silent, self._stream
        return before == self._stream - 2 and before > 0
