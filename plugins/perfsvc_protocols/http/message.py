"""One request as bytes, and what becomes of it when the server says "over there"."""

from __future__ import annotations

from urllib.parse import urljoin

from perfsvc_protocols.http import address
from perfsvc_protocols.http.address import Origin
from perfsvc_protocols.http.failures import Failed

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
TO_GET = frozenset({301, 302, 303})

OF_THE_BODY = frozenset({b"content-type", b"content-length", b"content-encoding", b"content-language"})
OF_THE_ORIGIN = frozenset({b"host", b"authorization", b"cookie", b"proxy-authorization"})


class Message:
    """A request, rendered. ``wire`` is all of it; ``head`` ends with its last header, before the empty line."""

    __slots__ = ("body", "head", "method", "origin", "own_cookies", "wire")

    def __init__(self, origin: Origin, method: str, head: bytes, body: bytes, own_cookies: bool) -> None:
        self.origin = origin
        self.method = method
        self.head = head
        self.body = body
        self.wire = b"%b\r\n%b" % (head, body)
        self.own_cookies = own_cookies

    @property
    def target(self) -> str:
        """Path and query as sent."""
        return self.head.split(b" ", 2)[1].decode()

    @property
    def idempotent(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return self.method in IDEMPOTENT

    def with_cookies(self, cookies: bytes) -> bytes:
        """The wire bytes with a Cookie header; the step's own Cookie header is left alone."""
        if self.own_cookies or not cookies:
            return self.wire
        return b"%bCookie: %b\r\n\r\n%b" % (self.head, cookies, self.body)

    def redirected(self, status: int, location: str) -> Message:
        """The request that a redirect asks for. Raises Failed when its address is of no use."""
        try:
            origin, target = address.parse(urljoin(f"{self.origin}{self.target}", location))
        except ValueError as error:
            raise Failed("Invalid Redirect", str(error)) from None
        becomes_get = status in TO_GET and self.method != "HEAD"
        method = "GET" if becomes_get else self.method
        dropped: frozenset[bytes] = OF_THE_BODY if becomes_get else frozenset()
        if origin != self.origin:
            dropped |= OF_THE_ORIGIN
        lines = [line for line in self.head.split(b"\r\n")[1:-1] if _name(line) not in dropped]
        if origin != self.origin:
            lines.insert(0, b"Host: %b" % origin.authority.encode())
        head = b"\r\n".join([f"{method} {target} HTTP/1.1".encode(), *lines, b""])
        own_cookies = self.own_cookies and origin == self.origin
        return Message(origin, method, head, b"" if becomes_get else self.body, own_cookies)


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()
