"""A compiled step: the call that the engine hands to sessions."""

from __future__ import annotations

from enum import Enum

from perfsvc.plugin import Call
from perfsvc.plugin import Scope
from perfsvc_protocols.http.event_stream import Listening
from perfsvc_protocols.http.request_template import RequestTemplate
from perfsvc_protocols.http.request_template import TransportNeeds
from perfsvc_protocols.http.signing import SignedTemplate


class ReplyMode(Enum):
    """Events that the parser reports of a reply; each one left out saves a call per reply."""

    END_ONLY = "the end"
    BODY = "the body and the end"
    EVENTS = "the parts of the body as they come, and the end"
    HEAD_ONLY = "the end of the head, for a reply without a body (HEAD)"


END_ONLY, BODY, EVENTS, HEAD_ONLY = ReplyMode
"""The members by names of their own: to look one up in its class takes longer than a call."""


class HttpCall(Call):
    """A compiled step. ``message`` is the whole request where nothing in it varies, else ``make`` gives it.

    ``last_head``, ``last_size`` and ``last_status`` describe the last plain reply: one with the same head and size
    needs no parsing.
    """

    __slots__ = (
        "last_head",
        "last_size",
        "last_status",
        "listening",
        "make",
        "max_redirects",
        "message",
        "mode",
        "needs",
    )

    def __init__(
        self,
        template: RequestTemplate | SignedTemplate,
        timeout_ns: int,
        mode: ReplyMode,
        max_redirects: int,
        needs: TransportNeeds,
        listening: Listening | None = None,
    ) -> None:
        super().__init__(timeout_ns)
        self.listening = listening
        self.make = template.maker()
        self.message = template.render(Scope(0, 0)) if template.constant else None
        self.mode = mode
        self.max_redirects = max_redirects
        self.needs = needs
        self.last_head = b""
        self.last_size = -1
        self.last_status = 0

    def learn(self, head: bytes, size: int, status: int) -> None:
        """Remember a reply of known length that came in one piece and needs no follow-up."""
        self.last_head = head
        self.last_size = size
        self.last_status = status
