"""HTTP replies. One object per virtual user, reused for each request."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from perfsvc.plugin import Excerpt
from perfsvc.plugin import Redirect
from perfsvc.plugin import Reply
from perfsvc.plugin.body import Undecodable
from perfsvc.plugin.body import in_utf8
from perfsvc.plugin.body import uncoded
from perfsvc_protocols._net.chunked import body_of_chunks
from perfsvc_protocols.http import head
from perfsvc_protocols.http.event_stream import EventStream

KEPT_BODY = 1024
"""Bytes of a body kept for error samples."""
SMALL = 2048
"""Up to this size received bytes are kept without a search for the end of the head."""


class Limits(NamedTuple):
    """Limits of a reply: bytes and fields of its head, bytes of its body that are kept."""

    head: int
    fields: int
    body: int


class Hop(NamedTuple):
    """A redirect that was followed: request and head as they were on the wire."""

    status: int
    location: str
    wire: bytes
    raw: bytes
    ended_ns: int


class HttpReply(Reply):
    """An HTTP reply. ``raw`` is its head and the beginning of its body as they came off the wire."""

    __slots__ = (
        "_decoded",
        "body_size",
        "hops",
        "limits",
        "listening_timer",
        "parts",
        "raw",
        "raw_full",
        "stream",
        "wire",
    )

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.listening_timer: asyncio.TimerHandle | None = None
        self.stream: EventStream | None = None
        self.parts: list[bytes] | None
        self._decoded: bytes | None
        self.hops: list[Hop] | None
        super().__init__()

    def reset(self) -> None:
        # On the way of every request: one plain store for each, no call to the base class.
        self.failure = self.connected = self.parts = self._decoded = self.counters = self.hops = None
        self.status = self.started_ns = self.ended_ns = self.waiting_ns = self.bytes_sent = self.bytes_received = 0
        self.body_size = 0
        self.message = ""
        self.raw = self.wire = b""
        self.sent = self.raw_full = False

    def forget(self) -> None:
        """Discard what was received."""
        self.raw = self.wire = b""
        self.raw_full = False
        self.parts = self._decoded = None
        self.body_size = 0

    def keep(self, data: bytes) -> bool:
        """Keep received bytes as far as needed. Return False if the head exceeds its limits."""
        if self.raw_full:
            return True
        raw = self.raw + data
        if len(raw) > SMALL:
            end = head.end_of(raw)
            size = len(raw) if end < 0 else end
            if size > self.limits.head or (size > SMALL and raw.count(b"\n", 0, size) > self.limits.fields):
                self.raw = raw[:size]
                return False
            if end >= 0:
                self.raw_full = len(raw) >= end + KEPT_BODY
                raw = raw[: end + KEPT_BODY]
        self.raw = raw
        return True

    @property
    def too_large(self) -> str:
        """Message for a head that exceeds its limits."""
        return f"the head of the reply has more than {self.limits.head} bytes or {self.limits.fields} fields"

    def listened(self, part: bytes) -> bool:
        """Take a part of a body that is listened to. Return whether that was enough. Raise TooLong, Undecodable."""
        stream = self.stream
        if stream is None:
            return True
        if not stream.begun:
            stream.begin(self.header("content-type"), self.header("content-encoding"))
        return stream.feed(part)

    def add_body(self, part: bytes) -> None:
        """Add a part of the body; beyond the limit a body is only counted."""
        self.body_size += len(part)
        if self.body_size > self.limits.body:
            self.parts = None
        elif self.parts is None:
            self.parts = [part]
        else:
            self.parts.append(part)

    def add_plain_body(self, body: bytes) -> None:
        """Add the whole of a body that has no content coding."""
        self.add_body(body)
        self.take_plain()

    def take_plain(self) -> None:
        """Spare readers the search for a content coding and a charset where the whole body needs neither."""
        body = b"".join(self.parts or ())
        if body.isascii() and 0 not in body:
            self._decoded = body

    def header(self, name: str) -> str | None:
        return head.value(head.of(self.raw), name)

    def header_values(self, name: str) -> list[str]:
        return head.values(head.of(self.raw), name)

    def body(self) -> bytes:
        """The body without its content coding, a text in UTF-8; one that cannot be decoded stays as it is."""
        try:
            return self.read()
        except Undecodable:
            self._decoded = b"".join(self.parts or ())
            return self._decoded

    def read(self) -> bytes:
        """As ``body``. Raise Undecodable."""
        if self._decoded is None:
            body = self._undone(b"".join(self.parts or ()), self.limits.body, partial=self.stream is not None)
            plain = body.isascii() and 0 not in body
            self._decoded = body if plain else in_utf8(body, self.header("content-type"))
        return self._decoded

    def note_hop(self, location: str, ended_ns: int) -> None:
        """Note that this reply is followed to another address."""
        hop = Hop(self.status, location, self.wire, self.raw, ended_ns)
        if self.hops is None:
            self.hops = [hop]
        else:
            self.hops.append(hop)

    def redirects(self) -> list[Redirect]:
        redirects, started_ns = [], self.started_ns
        for hop in self.hops or ():
            head_text = head.of(hop.raw).decode("utf-8", "replace")
            request = _shown_request(hop.wire)
            redirects.append(Redirect(hop.status, hop.location, request, head_text, started_ns, hop.ended_ns))
            started_ns = hop.ended_ns
        return redirects

    def excerpt(self) -> Excerpt:
        request = _shown_request(self.wire)
        if not self.raw.startswith(b"HTTP/"):
            return Excerpt(request, "", self.raw[:KEPT_BODY])
        return Excerpt(request, head.of(self.raw).decode("utf-8", "replace"), self._body_start())

    def _body_start(self) -> bytes:
        """Return the first bytes of the body from what is kept; bodies that no check reads are not collected."""
        end = head.end_of(self.raw)
        if end < 0:
            return b""
        start = self.raw[end:]
        if "chunked" in head.tokens(head.of(self.raw), "transfer-encoding"):
            start = body_of_chunks(start)
        return self._shown(start)

    def _shown(self, start: bytes) -> bytes:
        """Return the beginning of a body for people."""
        try:
            return in_utf8(self._undone(start, KEPT_BODY, partial=True), self.header("content-type"))
        except Undecodable:
            return start

    def _undone(self, body: bytes, limit: int, *, partial: bool) -> bytes:
        codings = self.header("content-encoding") if body else None
        return uncoded(body, codings, limit, partial=partial) if codings else body


class UnframedReply(HttpReply):
    """A reply whose body arrives unframed, apart from its head. ``reads_body``: checks or extractors read it."""

    __slots__ = ("reads_body", "start")

    def __init__(self, limits: Limits) -> None:
        self.reads_body = False
        self.start: bytes
        super().__init__(limits)

    def reset(self) -> None:
        super().reset()
        self.start = b""

    def forget(self) -> None:
        super().forget()
        self.start = b""

    def take(self, data: bytes) -> None:
        """The next bytes of the body."""
        if self.reads_body:
            self.add_body(data)
        if len(self.start) < KEPT_BODY:
            self.start += data[: KEPT_BODY - len(self.start)]

    def _body_start(self) -> bytes:
        return self._shown(self.start)


def _shown_request(wire: bytes) -> str:
    """Return the head of a request with the beginning of its body."""
    if not wire:
        return ""
    wire_head, _, wire_body = wire.partition(head.END)
    return (wire_head + head.END + wire_body[:KEPT_BODY]).decode("utf-8", "replace")
