"""Replies. One object per virtual user, reused for each request."""

from __future__ import annotations

from collections.abc import Mapping

from perfsvc.plugin import Excerpt
from perfsvc_protocols._net.message import MessageReply


class WebSocketReply(MessageReply):
    """``status`` is 101 where the request only opened the connection, the close code where it closed it, else 0.

    The body is the last message that was waited for, or else the last that came; the headers are those of the reply
    to the upgrade, for as long as the connection stands.
    """

    __slots__ = ("headers",)

    def __init__(self) -> None:
        super().__init__()
        self.headers: Mapping[str, str] = {}

    def header(self, name: str) -> str | None:
        """A header of the reply to the upgrade."""
        return self.headers.get(name)

    def excerpt(self) -> Excerpt:
        head = "".join(f"{name}: {value}\n" for name, value in self.headers.items())
        return super().excerpt()._replace(response_head=head)
