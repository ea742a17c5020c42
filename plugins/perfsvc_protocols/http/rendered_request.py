"""A request as bytes, and the request that follows a redirect."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

from perfsvc.plugin import Failed
from perfsvc_protocols._net import address
from perfsvc_protocols._net.address import Origin

END_OF_HEAD = b"\r\n\r\n"
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
TO_GET = frozenset({301, 302, 303})

OF_THE_BODY = frozenset(
    {b"content-type", b"content-length", b"content-encoding", b"content-language", b"transfer-encoding"}
)
OF_THE_ORIGIN = frozenset({b"host", b"authorization", b"cookie", b"proxy-authorization"})


class RenderedRequest:
    """A rendered request. ``wire`` is all of it except a body from a file.

    ``elsewhere``: a redirect has left the origin that its credentials are for.
    """

    __slots__ = ("elsewhere", "file", "method", "origin", "own_cookies", "wire")

    def __init__(self, origin: Origin, method: str, wire: bytes, own_cookies: bool, file: Path | None = None) -> None:
        self.origin = origin
        self.method = method
        self.wire = wire
        self.own_cookies = own_cookies
        self.file = file
        self.elsewhere = False

    @property
    def target(self) -> str:
        """Path and query as sent."""
        return self.wire.split(b" ", 2)[1].decode()

    @property
    def idempotent(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return self.method in IDEMPOTENT

    def with_cookies(self, cookies: bytes) -> bytes:
        """Return the wire bytes with a Cookie header, unless the step has its own."""
        if self.own_cookies or not cookies:
            return self.wire
        end = self.wire.index(END_OF_HEAD) + 2
        return b"%bCookie: %b\r\n%b" % (self.wire[:end], cookies, self.wire[end:])

    def redirected(self, status: int, location: str) -> RenderedRequest:
        """Return the request that follows a redirect. Raises Failed for an invalid address."""
        try:
            origin, target = address.parse(urljoin(f"{self.origin}{self.target}", location))
        except ValueError as error:
            raise Failed("Invalid Redirect", str(error)) from None
        becomes_get = status in TO_GET and self.method != "HEAD"
        dropped: frozenset[bytes] = OF_THE_BODY if becomes_get else frozenset()
        if origin != self.origin:
            dropped |= OF_THE_ORIGIN
        method = "GET" if becomes_get else self.method
        head, _, body = self.wire.partition(END_OF_HEAD)
        lines = [line for line in head.split(b"\r\n")[1:] if _name(line) not in dropped]
        if origin != self.origin:
            lines.insert(0, b"Host: %b" % origin.authority.encode())
        start = f"{method} {target} HTTP/1.1".encode()
        wire = b"\r\n".join([start, *lines, b"", b"" if becomes_get else body])
        file = None if becomes_get else self.file
        there = RenderedRequest(origin, method, wire, self.own_cookies and origin == self.origin, file)
        there.elsewhere = self.elsewhere or origin != self.origin
        return there


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()
