"""Replies. One object per virtual user, reused for each request."""

from __future__ import annotations

from perfsvc.plugin import Excerpt
from perfsvc_protocols._net.message import MessageReply
from perfsvc_protocols.websocket.upgrade import Head


class WebSocketReply(MessageReply):
    """``status`` is 101 where the request only opened the connection, that of a refused upgrade, or the close code.

    It is 0 for other requests.

    The body is the last message that was waited for, or else the last that came; the headers are those of the reply
    to the upgrade, for as long as the connection stands.
    """

    __slots__ = ("head",)

    def __init__(self) -> None:
        super().__init__()
        self.head: Head | None = None

    def header(self, name: str) -> str | None:
        """A header of the reply to the upgrade."""
        return None if self.head is None else self.head.headers.get(name)

    def excerpt(self) -> Excerpt:
        head = self.head
        if head is None:
            return super().excerpt()
        lines = (f"{name}: {value}\n" for name, value in head.headers.get_all())
        return super().excerpt()._replace(response_head=f"HTTP/1.1 {head.status} {head.reason}\n{''.join(lines)}")
