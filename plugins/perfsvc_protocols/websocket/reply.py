"""What came of a request. One object per virtual user, used over and over."""

from __future__ import annotations

from collections.abc import Mapping

from perfsvc.plugin import Excerpt
from perfsvc.plugin import Reply

KEPT = 1024
"""How much of a message is kept for people to look at."""


class WebSocketReply(Reply):
    """``status`` is 101 where the request only opened the connection, the close code where it closed it, else 0.

    The body is the last message that was waited for, or else the last that came.
    """

    __slots__ = ("headers", "payload", "sent_payload", "url")

    def __init__(self) -> None:
        self.headers: Mapping[str, str]
        self.payload: bytes
        self.sent_payload: bytes
        self.url = ""
        super().__init__()

    def reset(self) -> None:
        # On the way of every request: plain stores, no call to the base class.
        self.failure = self.connected = self.counters = self.gauges = None
        self.status = self.started_ns = self.ended_ns = self.waiting_ns = self.bytes_sent = self.bytes_received = 0
        self.message = ""
        self.payload = self.sent_payload = b""
        self.headers = {}
        self.sent = False

    def header(self, name: str) -> str | None:
        """A header of the reply to the upgrade."""
        return self.headers.get(name)

    def body(self) -> bytes:
        return self.payload

    def excerpt(self) -> Excerpt:
        request = f"{self.url}\n\n{self.sent_payload[:KEPT].decode('utf-8', 'replace')}"
        head = "".join(f"{name}: {value}\n" for name, value in self.headers.items())
        return Excerpt(request, head, self.payload[:KEPT])
