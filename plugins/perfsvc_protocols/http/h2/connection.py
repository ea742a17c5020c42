"""One connection, carrying one request after the other, each as a stream of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http.h2.decoding import Head
from perfsvc_protocols.http.h2.decoding import Heads
from perfsvc_protocols.http.h2.encoding import block_of
from perfsvc_protocols.http.h2.encoding import frames_of
from perfsvc_protocols.http.h2.frames import CANCEL
from perfsvc_protocols.http.h2.frames import CONTINUATION
from perfsvc_protocols.http.h2.frames import DATA
from perfsvc_protocols.http.h2.frames import END_HEADERS
from perfsvc_protocols.http.h2.frames import END_STREAM
from perfsvc_protocols.http.h2.frames import FRAME
from perfsvc_protocols.http.h2.frames import HEAD_SIZE
from perfsvc_protocols.http.h2.frames import HEADERS
from perfsvc_protocols.http.h2.frames import LAST_STREAM
from perfsvc_protocols.http.h2.frames import NUMBER
from perfsvc_protocols.http.h2.frames import PADDED
from perfsvc_protocols.http.h2.frames import REFUSED_STREAM
from perfsvc_protocols.http.h2.frames import RST_STREAM
from perfsvc_protocols.http.h2.frames import USUAL_FRAME
from perfsvc_protocols.http.h2.frames import Violation
from perfsvc_protocols.http.h2.frames import frame
from perfsvc_protocols.http.h2.frames import unpadded
from perfsvc_protocols.http.h2.connection_control import HALF
from perfsvc_protocols.http.h2.connection_control import Link
from perfsvc_protocols.http.listener import Owner
from perfsvc_protocols.http.h2.sending import FileBody
from perfsvc_protocols.http.head import MAX_HEAD
from perfsvc_protocols.http.rendered_request import END_OF_HEAD
from perfsvc_protocols.http.request_template import Flavour
from perfsvc_protocols.http.request_template import HttpCall
from perfsvc_protocols.http.reply import KEPT_BODY

MOST_PARTS = 64
"""A header block comes in so many frames at most."""
END = len(END_OF_HEAD)

unpack = FRAME.unpack_from


class Oversized(Exception):
    """The body is larger than the run takes."""


class Connection(Link):
    """A connection that speaks HTTP/2."""

    __slots__ = (
        "_body",
        "_end",
        "_fresh",
        "_head",
        "_heads",
        "_lasting",
        "_limit",
        "_next",
        "_owner",
        "_parts",
        "_parts_of",
        "_reply",
        "_rest",
        "_silent",
    )

    def __init__(self, origin: Origin, owner: Owner, heads: Heads, now_ns: Callable[[], int]) -> None:
        super().__init__(origin, now_ns)
        # For as long as it stands
        limit = owner.options.max_response_bytes
        self._heads = heads
        self._lasting = owner.options.keep_alive
        self._limit = sys.maxsize if limit is None else limit
        self._next = 1
        self._owner = owner
        self._parts: list[bytes] = []
        self._parts_of = (0, 0)
        self._reply = owner.reply
        self._rest = b""
        self._silent = 0
        # For one request
        self._body = 0
        self._end: Callable[[], None] | None = None
        self._fresh = False
        self._head: Head | None = None

    # What its owner does with it

    def request(self, call: HttpCall, wire: bytes, file: FileBody | None) -> None:
        """Sends a request, given as HTTP/1.1 would send it."""
        self._stream = stream = self._next
        self._next = stream + 2
        self.call = call
        self._body = self._chores = 0
        self._end = self._head = None
        self._fresh = not self._parts
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
        self._tell(frame(RST_STREAM, 0, self._stream, NUMBER.pack(CANCEL)))

    # What the event loop does with it

    def data_received(self, data: bytes) -> None:
        if self.call is not None:
            reply = self._reply
            reply.ended_ns = self._now_ns()
            reply.bytes_received += len(data)
        if self._rest:
            data = self._rest + data
        elif self._fresh and self._recognised(data):
            return
        self._fresh = False
        try:
            self._rest = data[self._read(data) :]
        except Violation as violation:
            self._violated(str(violation))
        except Oversized:
            self._owner.oversized(self)
        else:
            if self._end is not None:
                self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        call = self.call
        self._transport = None
        self._leave()
        if call is not None:
            self._owner.lost(self, exc)

    # The request

    def _send(self, head: bytes, stream: int, flags: int, more: bytes = b"") -> None:
        block = block_of(head, self.origin.secure)
        size = len(block)
        if size <= USUAL_FRAME:
            data = b"%b%b%b" % (FRAME.pack(size << 8 | HEADERS, flags, stream), block, more)
        else:
            data = frames_of(block, stream, bool(flags & END_STREAM), USUAL_FRAME) + more
        self._reply.bytes_sent += len(data)
        self._tell(data)

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
        # Nobody can be told now that a file cannot be read: the request has only begun.
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
                self._tell(part)
        except OSError as error:
            self._owner.unsendable(self, error)

    # The reply in one piece

    def _recognised(self, data: bytes) -> bool:
        """Whether the data is one reply, whole, with a head that was seen before; it is then dealt with."""
        size, mine = len(data), self._stream
        if size < 2 * HEAD_SIZE:
            return False
        word, flags, stream = unpack(data)
        at = (word >> 8) + HEAD_SIZE
        if word & 255 != HEADERS or flags != END_HEADERS or stream != mine or size < at + HEAD_SIZE:
            return False
        head = self._heads.known.get(data[HEAD_SIZE:at])
        word, flags, stream = unpack(data, at)
        at += HEAD_SIZE
        length = size - at
        if head is None or word != length << 8 | DATA or flags != END_STREAM or stream != mine:
            return False
        if not self._fits(head, length):
            return False
        reply = self._reply
        self._begin(head)
        self._head = head
        if reply.wanted:
            reply.add_body(data[at:])
        reply.start = data[at : at + KEPT_BODY]
        self._take(length)
        self._answer()
        return True

    def _fits(self, head: Head, length: int) -> bool:
        told = head.length
        proper = head.status >= 200 and (told is None or told == length)
        return proper and length <= self._limit and self.call is not None and self.call.flavour is not Flavour.HEAD

    # The reply in pieces

    def _read(self, data: bytes) -> int:
        """Deals with all frames that are there, and tells where they end. Raises Violation, Oversized."""
        at, size = 0, len(data)
        while size - at >= HEAD_SIZE:
            word, flags, stream = unpack(data, at)
            length, kind = word >> 8, word & 255
            if length > USUAL_FRAME:
                raise Violation("a frame that is too large")
            if not self._greeted:
                self._greet(kind, flags)
            start = at + HEAD_SIZE
            if start + length > size:
                break
            at = start + length
            if self._parts and kind != CONTINUATION:
                raise Violation("a header block that does not go on")
            if kind == DATA:
                self._data(flags, stream & LAST_STREAM, data, start, at)
            else:
                self._frame(kind, flags, stream & LAST_STREAM, data[start:at])
        return at

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == HEADERS:
            self._collect(flags, stream, unpadded(flags, payload))
        elif kind == CONTINUATION:
            if not self._parts or stream != self._parts_of[1]:
                raise Violation("the end of a header block without its beginning")
            self._collect(flags & END_HEADERS | self._parts_of[0], stream, payload)
        elif kind == RST_STREAM:
            self._reset(stream, payload)
        else:
            self._control(kind, flags, stream, payload)

    def _collect(self, flags: int, stream: int, part: bytes) -> None:
        self._parts.append(part)
        if flags & END_HEADERS:
            block = b"".join(self._parts)
            self._parts = []
            self._block(flags, stream, block)
            return
        self._parts_of = flags, stream
        if len(self._parts) > MOST_PARTS or sum(map(len, self._parts)) > MAX_HEAD:
            raise Violation("the head of the reply does not end")

    def _block(self, flags: int, stream: int, block: bytes) -> None:
        if not self._is_mine(stream):
            return
        if self._head is not None:  # what follows a body is of no interest
            if not flags & END_STREAM:
                raise Violation("a second head")
            self._ends(self._head)
            return
        head = self._heads.known.get(block) or self._heads.decode(block)
        self._begin(head)
        if head.status < 200:
            if flags & END_STREAM:
                raise Violation("an interim reply, and nothing else")
            self._chore()
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
        self._take(end - start)
        if flags & PADDED:
            data = unpadded(PADDED, data[start:end])
            start, end = 0, len(data)
        if not self._is_mine(stream):
            return
        head = self._head
        if head is None:
            raise Violation("a body before its head")
        self._body += end - start
        if self._body > self._limit:
            raise Oversized
        if self._reply.wanted or len(self._reply.start) < KEPT_BODY:
            self._reply.take(data[start:end])
        if flags & END_STREAM:
            self._ends(head)

    def _take(self, size: int) -> None:
        self._taken += size
        if self._taken > HALF:
            self._replenish()

    def _ends(self, head: Head) -> None:
        length = 0 if self.call is not None and self.call.flavour is Flavour.HEAD else head.length
        if length is not None and length != self._body:
            raise Violation(f"a body of {self._body} bytes, where {length} were told")
        self._end = self._answer

    def _reset(self, stream: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise Violation("a frame of another size")
        if self._is_mine(stream):
            code = NUMBER.unpack(payload)[0]
            self._end = self._refuse if code == REFUSED_STREAM else lambda: self._break(code)

    def _going(self, last: int) -> None:
        self.write = None
        if self.call is None:
            self.retire()
        elif self._stream > last and self._end is None:
            self._end = self._refuse

    def _is_mine(self, stream: int) -> bool:
        """Whether a frame is about the request in flight. Raises Violation where it is about none there ever was."""
        if not stream & 1 or stream >= self._next:
            raise Violation("a stream that is not there")
        return stream == self._stream and self.call is not None and self._end is None

    # How it ends

    def _answer(self) -> None:
        if self._sender.busy:  # answered before it was heard
            self._tell(frame(RST_STREAM, 0, self._stream, NUMBER.pack(CANCEL)))
        self._put_away()
        self.served = True
        if self._head is not None and self._head.plain:
            self._owner.finish()
        else:
            self._owner.answered(self)

    def _refuse(self) -> None:
        self._put_away()
        self._owner.refused(self)

    def _break(self, code: int) -> None:
        self._put_away()
        self._owner.reset_by(self, code)

    def _put_away(self) -> None:
        """Nothing is in flight any more; a connection that may carry nothing else ends."""
        self.call = self._end = None
        self._sender.end()
        if not self._lasting or self.write is None or self._next > LAST_STREAM:
            self.retire()

    def _violated(self, cause: str) -> None:
        end, asked = self._end, self.call is not None
        self.drop()
        if end is not None:
            end()
        elif asked:
            self._owner.garbled(self, cause)

    def _is_dead(self) -> bool:
        """Whether two requests in a row were given up without a sign of life from the server."""
        if self._reply.bytes_received:
            return False
        before, self._silent = self._silent, self._stream
        return before == self._stream - 2 and before > 0
