"""Reply from libcurl: header lines, and the body without framing."""

from __future__ import annotations

from collections.abc import Sequence

from perfsvc_protocols.http import head
from perfsvc_protocols.http.reply import UnframedReply

NEXT_HEAD = head.END + b"HTTP/"


class CurlReply(UnframedReply):
    """A reply."""

    __slots__ = ()

    def arrived(self, lines: Sequence[bytes]) -> bytes:
        """Keeps the head of the final reply: behind those of interim ones, of a proxy, of a demand for credentials."""
        raw = b"".join(lines)
        before = raw.rfind(NEXT_HEAD)
        if before >= 0:
            raw = raw[before + len(head.END) :]
        self.raw = raw
        return raw
