"""A reply that outlives its session's next request, for those who look at it in another thread."""

from __future__ import annotations

from collections.abc import Iterable

from perfsvc.model.scene import RequestStep
from perfsvc.plugin.protocol import Excerpt
from perfsvc.plugin.protocol import Reply

SET_COOKIE = "set-cookie"


class KeptReply(Reply):
    """A copy with the headers of the given names only; no ``excerpt``."""

    __slots__ = ("_body", "_headers")

    def __init__(self, reply: Reply, body: bytes, names: Iterable[str]) -> None:
        super().__init__()
        for field in Reply.__slots__:
            setattr(self, field, getattr(reply, field))
        self._body = body
        self._headers = {name.lower(): (reply.header(name), reply.header_values(name)) for name in names}

    def header(self, name: str) -> str | None:
        return self._headers[name.lower()][0]

    def header_values(self, name: str) -> list[str]:
        return self._headers[name.lower()][1]

    def body(self) -> bytes:
        return self._body

    def excerpt(self) -> Excerpt:
        return Excerpt("", "", self._body)


def headers_read(step: RequestStep) -> set[str]:
    """The headers that the checks and extractors of a step look at."""
    found = {SET_COOKIE}
    for each in (*step.checks, *step.extract):
        if each.reads.headers:
            found |= {name for field in ("name", "header") if (name := getattr(each, field, None))}
    return found
