"""What came back through libcurl: its headers line by line, and its body without framing."""

from __future__ import annotations

from collections.abc import Sequence

from perfsvc_protocols.http import head
from perfsvc_protocols.http.reply import KEPT_BODY
from perfsvc_protocols.http.reply import HttpReply

NEXT_HEAD = head.END + b"HTTP/"


class CurlReply(HttpReply):
    """A reply; ``wanted`` is whether somebody reads its body."""

    __slots__ = ("_start", "wanted")

    def __init__(self, limit: int) -> None:
        self.wanted = False
        super().__init__(limit)

    def reset(self) -> None:
        super().reset()
        self._start = b""

    def forget(self) -> None:
        super().forget()
        self._start = b""

    def take(self, data: bytes) -> None:
        """The next bytes of the body."""
        if self.wanted:
            self.add_body(data)
        if len(self._start) < KEPT_BODY:
            self._start += data[: KEPT_BODY - len(self._start)]

    def arrived(self, lines: Sequence[bytes]) -> bytes:
        """Keeps the head of the final reply: behind those of interim ones, of a proxy, of a demand for credentials."""
        raw = b"".join(lines)
        before = raw.rfind(NEXT_HEAD)
        if before >= 0:
            raw = raw[before + len(head.END) :]
        self.raw = raw
        return raw

    def _body_start(self) -> bytes:
        return self._undone(self._start, KEPT_BODY)
