"""Header blocks to reply heads."""

from __future__ import annotations

import re
from typing import NamedTuple

from hpack import Decoder
from hpack.exceptions import HPACKError
from hpack.exceptions import OversizedHeaderListError

from perfsvc.plugin.body import is_unknown
from perfsvc_protocols.http.h2.frames import COMPRESSION_ERROR
from perfsvc_protocols.http.h2.frames import ProtocolError
from perfsvc_protocols.http.rendered_request import REDIRECTS

KNOWN = 256
"""Number of heads kept: since each has a date, those of a few seconds."""
NAME = re.compile(rb"[a-z0-9!#$%&'*+.^_`|~-]+")
UNFIT = re.compile(rb"[\r\n\0]")
STATUS = re.compile(rb"[1-9][0-9]{2}")
LENGTH = re.compile(rb"[0-9]{1,18}")
NOT_OURS = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})
NO_BODY = frozenset({204, 304})
SWITCHING_PROTOCOLS = 101


class Head(NamedTuple):
    """The head of a reply. ``raw`` is its HTTP/1.1 form, ``length`` its Content-Length.

    ``plain``: it sets no cookie, is no redirect, and its body needs no decoding that may fail.
    """

    status: int
    raw: bytes
    length: int | None
    plain: bool

    def allows(self, body_size: int) -> bool:
        """Whether this is the head of a final reply that a body of this size completes."""
        return self.status >= 200 and (self.length is None or self.length == body_size)


class Heads:
    """Decodes the header blocks of a run. Without a dynamic table equal blocks are equal heads on any connection."""

    def __init__(self, max_head_bytes: int, max_fields: int) -> None:
        self.cached: dict[bytes, Head] = {}
        self.max_head_bytes = max_head_bytes
        self._max_fields = max_fields
        self._decoder = Decoder(max_head_bytes)
        self._decoder.header_table_size = self._decoder.max_allowed_table_size = 0

    def check_trailers(self, block: bytes) -> None:
        """Raise ProtocolError for trailers that are not valid."""
        for name, value in self._pairs(block):
            if name.startswith(b":"):
                raise ProtocolError(f"a pseudo-header field in trailers: {name[:100]!r}")
            _check(name, value)

    def decode(self, block: bytes) -> Head:
        """Decode a block. Raises ProtocolError."""
        pairs = self._pairs(block)
        head = _head(pairs)
        if len(self.cached) >= KNOWN:
            self.cached.clear()
        if len(block) <= 4 * KNOWN:
            self.cached[block] = head
        return head

    def _pairs(self, block: bytes) -> list[tuple[bytes, bytes]]:
        try:
            pairs = [(bytes(name), bytes(value)) for name, value in self._decoder.decode(block, raw=True)]
        except OversizedHeaderListError:
            raise ProtocolError(f"a head of more than {self.max_head_bytes} bytes") from None
        except (HPACKError, IndexError, ValueError) as error:
            raise ProtocolError(f"a header block that cannot be read: {error}", COMPRESSION_ERROR) from None
        if len(pairs) > self._max_fields:
            raise ProtocolError(f"a head of more than {self._max_fields} fields")
        return pairs


def _check(name: bytes, value: bytes) -> None:
    if not NAME.fullmatch(name) or name in NOT_OURS or UNFIT.search(value):
        raise ProtocolError(f"an invalid header field: {name[:100]!r}")


def _head(pairs: list[tuple[bytes, bytes]]) -> Head:
    if not pairs or pairs[0][0] != b":status" or not STATUS.fullmatch(pairs[0][1]):
        raise ProtocolError("a reply without a status")
    status = int(pairs[0][1])
    if status == SWITCHING_PROTOCOLS:
        raise ProtocolError("status 101, which HTTP/2 does not have")
    lengths = set()
    lines = [b"HTTP/2 %d" % status]
    for name, value in pairs[1:]:
        _check(name, value)
        if name == b"content-length":
            lengths.add(value)
        lines.append(b"%b: %b" % (name, value))
    plain = status not in REDIRECTS and all(_is_plain(name, value) for name, value in pairs)
    return Head(status, b"\r\n".join((*lines, b"", b"")), _length(status, lengths), plain)


def _is_plain(name: bytes, value: bytes) -> bool:
    if name == b"content-type":
        return not is_unknown(value.decode("latin-1"))
    return name not in (b"set-cookie", b"content-encoding")


def _length(status: int, lengths: set[bytes]) -> int | None:
    if status in NO_BODY or not lengths:
        return None
    if len(lengths) > 1 or not LENGTH.fullmatch(next(iter(lengths))):
        raise ProtocolError("an invalid Content-Length")
    return int(next(iter(lengths)))
