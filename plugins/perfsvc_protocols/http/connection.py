"""HTTP/1.1 connection, one request at a time."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import httptools

from perfsvc.plugin.body import Undecodable
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http import head
from perfsvc_protocols.http import lenient
from perfsvc_protocols.http.base_connection import BaseConnection
from perfsvc_protocols.http.call import BODY
from perfsvc_protocols.http.call import END_ONLY
from perfsvc_protocols.http.call import EVENTS
from perfsvc_protocols.http.call import HEAD_ONLY
from perfsvc_protocols.http.call import HttpCall
from perfsvc_protocols.http.call import ReplyMode
from perfsvc_protocols.http.event_stream import TooLong
from perfsvc_protocols.http.listener import ReplyListener
from perfsvc_protocols.http.reply import SMALL

CHUNKED = "chunked"
SWITCHING_PROTOCOLS = 101


class Connection(BaseConnection):
    """A connection that speaks HTTP/1.1. ``size`` is that of the last reply, if it came in one piece."""

    __slots__ = (
        "_complete",
        "_keep_alive",
        "_listener",
        "_listening_error",
        "_mode",
        "_parser",
        "_refusal",
        "_reply",
        "_surplus",
        "size",
    )

    def __init__(self, origin: Origin, listener: ReplyListener, now_ns: Callable[[], int]) -> None:
        super().__init__(origin, now_ns)
        # For as long as it stands
        self._mode: ReplyMode | None = None
        self._listener = listener
        self._parser: httptools.HttpResponseParser | None = None
        self._reply = listener.reply
        # For one request
        self.size = 0
        self._complete = self._keep_alive = self._surplus = False
        self._refusal: str | None = None
        self._listening_error: Exception | None = None

    # Called by the session

    def expect(self, call: HttpCall) -> None:
        """Prepare for the reply to a request that is about to be written."""
        self.call = call
        self._complete = False
        mode = call.mode
        # One callback too many is cheaper than a new parser for every other request.
        if self._mode is not mode and not (self._mode is BODY and mode is END_ONLY):
            self._adapt(mode)

    def retire(self) -> None:
        """Take no more requests. The server closes, so that TIME_WAIT is on its side and not ours."""
        self.call = self.write = self._parser = None
        self.size = 0

    # Called by the event loop

    def data_received(self, data: bytes) -> None:
        call = self.call
        if call is None:  # unsolicited data
            self.drop()
            return
        reply = self._reply
        now = reply.ended_ns = self._now_ns()
        reply.bytes_received += len(data)
        if reply.raw:
            self.size = 0
        else:
            reply.waiting_ns = now - reply.started_ns
            self.size = len(data)
            if len(data) == call.last_size and data.startswith(call.last_head):
                self._take_repeated_reply(call, data)
                return
        before = reply.raw
        if reply.keep(data):
            self._feed(data, before)
        else:
            self._listener.protocol_error(self, reply.too_large)

    def eof_received(self) -> None:
        if self.call is None:
            self.write = None

    def connection_lost(self, exc: Exception | None) -> None:
        call, parser = self.call, self._parser
        self._transport = None
        self.retire()
        if call is None or parser is None:
            return
        if self._refusal is not None:
            self._listener.protocol_error(self, self._refusal)
            return
        raw = self._reply.raw
        if exc is None and head.end_of(raw) > 0 and head.until_close(head.of(raw)):
            self._reply.status = parser.get_status_code()
            self._reply.ended_ns = self._now_ns()
            self._listener.reply_complete(self)
        else:
            self._listener.lost(self, exc)

    # The reply

    def _take_repeated_reply(self, call: HttpCall, data: bytes) -> None:
        reply = self._reply
        if len(data) <= SMALL:
            reply.raw = data
        else:
            reply.keep(data)
        reply.status = call.last_status
        if call.mode is BODY:
            reply.add_plain_body(data[len(call.last_head) :])
        self.call = None
        self.served = True
        self._listener.finish()

    def _feed(self, data: bytes, before: bytes) -> None:
        """Parse received bytes; ``before`` are those of the same reply that came earlier."""
        try:
            if self._refusal is None:
                self._parser.feed_data(data)  # type: ignore[union-attr]  # there is one wherever there is a call
            else:
                self._read_leniently(before + data, self._refusal)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._surplus = True
            if not self._complete:
                self._read_leniently(before + data, str(error))
        if self._listening_error is not None:
            self._listener.listening_failed(self, self._listening_error)
        elif self._complete:
            self._conclude()
        elif self._refusal is None and self.call is not None and head.end_of(before) < 0:
            self._check_coding(before + data)

    def _check_coding(self, received: bytes) -> None:
        """Look at the framing of a reply whose head has just come and whose body goes on."""
        reply_head = head.of(received)
        if not reply_head.endswith(head.END):
            return
        coding = head.uncommon_coding(reply_head, reply_head.lower())
        if coding == CHUNKED:
            self._read_leniently(received, "")
            if self._complete:
                self._conclude()
        elif coding is not None:
            self._listener.protocol_error(self, head.NOT_ASKED_FOR.format(coding))

    def _read_leniently(self, received: bytes, refusal: str) -> None:
        """Parse a reply whose head a strict parser refuses, as far as that can be; wait for the end of the head."""
        start, end = lenient.final_head(received)
        self._refusal = refusal
        if end < 0 and lenient.is_begun(received):
            return
        rewritten = None if end < 0 else lenient.rewritten(received[start:end])
        if rewritten is None or not lenient.is_changed(received[start:end], rewritten):
            self._listener.protocol_error(self, lenient.explained(refusal, received))
            return
        self._refusal = None
        self._surplus = False
        self._mode, mode = None, self._mode
        self._adapt(mode or BODY)
        self._parser.set_dangerous_leniencies(lenient_headers=True)  # type: ignore[union-attr]  # made just now
        self._reply.forget()
        self._reply.keep(rewritten + received[end:])
        self._mode, mode = None, self._mode  # the next reply gets a strict parser
        self._reparse(rewritten + received[end:])

    def _reparse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)  # type: ignore[union-attr]  # as above
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._surplus = True
            if not self._complete:
                self._listener.protocol_error(self, str(error))

    def _conclude(self) -> None:
        if self._mode is HEAD_ONLY:
            self._conclude_head()
        self.call = None
        self.served = True
        if self._surplus or self._reply.status == SWITCHING_PROTOCOLS:
            self.drop()
        elif not self._keep_alive:
            self.retire()
        self._listener.reply_complete(self)

    def _conclude_head(self) -> None:
        """Discard the parser: after a reply to HEAD it still expects a body."""
        raw = self._reply.raw
        self.size = 0
        self._mode = None
        self._keep_alive = head.persistent(head.of(raw))
        self._surplus = self._surplus or len(raw) > head.end_of(raw)

    # Callbacks of the parser

    def _adapt(self, mode: ReplyMode) -> None:
        ends = "on_headers_complete" if mode is HEAD_ONLY else "on_message_complete"
        callbacks: dict[str, Callable[..., None]] = {"on_message_begin": self._begins, ends: self._ends}
        if mode is BODY:
            callbacks["on_body"] = self._body
        elif mode is EVENTS:
            callbacks["on_body"] = self._listen
        self._parser = httptools.HttpResponseParser(SimpleNamespace(**callbacks))
        self._parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)
        self._mode = mode

    def _begins(self) -> None:
        self._surplus = self._complete

    def _body(self, part: bytes) -> None:
        is_read = self.call is not None and self.call.mode is BODY
        if is_read and not self._complete:
            self._reply.add_body(part)

    def _listen(self, part: bytes) -> None:
        call, reply = self.call, self._reply
        if call is None or call.listening is None or self._complete or self._listening_error is not None:
            return
        if call.listening.keeps:
            reply.add_body(part)
        try:
            if reply.listened(part):
                reply.status = self._parser.get_status_code()  # type: ignore[union-attr]  # it is calling
                self._complete = self._surplus = True
        except (TooLong, Undecodable) as error:
            self._listening_error = error

    def _ends(self) -> None:
        # Only here and now does the parser know: a moment later it stands before the next reply.
        status = self._parser.get_status_code()  # type: ignore[union-attr]  # it is calling
        if self._complete or (status < 200 and status != SWITCHING_PROTOCOLS):
            return
        self._reply.status = status
        self._keep_alive = self._parser.should_keep_alive()  # type: ignore[union-attr]
        self._complete = True


class LimitedConnection(Connection):
    """A connection that takes bodies up to a size; in a class of its own, so that others do not even look."""

    __slots__ = ("_taken",)

    def expect(self, call: HttpCall) -> None:
        self._taken = 0
        super().expect(call)

    def data_received(self, data: bytes) -> None:
        limit = self._listener.options.max_response_bytes
        if self.call is not None and limit is not None:
            self._taken += len(data)
            if self._taken > limit and self._taken - self._head_size(data) > limit:
                self._listener.reply_too_large(self)
                return
        super().data_received(data)

    def _head_size(self, data: bytes) -> int:
        raw = self._reply.raw
        return max(head.end_of(raw), head.end_of(raw + data), 0)
