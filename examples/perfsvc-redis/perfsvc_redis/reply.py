"""A reply of Redis for the engine: a body in JSON, made only when it is read."""

from __future__ import annotations

import json
from typing import Any

import hiredis

from perfsvc.plugin import Excerpt
from perfsvc.plugin import Reply

KEPT = 1024
"""Characters of a request that are kept for people to look at."""


class RedisReply(Reply):
    """One object per virtual user, used over and over. ``value`` is one reply, or a list of them for a pipeline."""

    __slots__ = ("peer", "request", "value")

    def __init__(self) -> None:
        self.request = b""
        self.peer = ""
        self.value: Any = None
        super().__init__()

    def reset(self) -> None:
        super().reset()
        self.request, self.value = b"", None

    def header(self, name: str) -> str | None:
        """There are none."""
        return None

    def body(self) -> bytes:
        """JSON: texts, whole numbers, null, lists."""
        return json.dumps(self.value, default=_plain, ensure_ascii=False).encode("utf-8", "replace")

    def excerpt(self) -> Excerpt:
        return Excerpt(f"{self.peer}\n\n{_shown(self.request)}", "", self.body())


def _plain(value: object) -> Any:
    """What JSON has no word for."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return {"error": str(value)} if isinstance(value, hiredis.ReplyError) else str(value)


def _shown(data: bytes) -> str:
    """Commands for people, one line each; passwords are not for people."""
    reader = hiredis.Reader(encoding="utf-8", errors="replace", notEnoughData=None)
    reader.feed(data)
    lines = []
    while words := reader.gets():
        lines.append(" ".join(words if words[0].upper() != "AUTH" else ("AUTH", "***")))
    return "\n".join(lines)[:KEPT]
