"""A step's request before rendering."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from perfsvc.plugin import NotSent
from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc_protocols._net import address
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols._net.byte_template import ByteTemplate
from perfsvc_protocols._net.byte_template import constant
from perfsvc_protocols._net.byte_template import merged
from perfsvc_protocols._net.byte_template import render
from perfsvc_protocols._net.byte_template import renderer
from perfsvc_protocols.http.rendered_request import RenderedRequest

FileOf = Callable[[Scope], Path]
"""Returns the file that a request sends. Raises MissingVariable and NotSent."""


class Credentials(NamedTuple):
    """Credentials for digest authentication, which is computed per request."""

    username: ByteTemplate
    password: ByteTemplate


class TransportNeeds(NamedTuple):
    """Properties of a request that decide whether our own client or libcurl sends it."""

    version: str
    credentials: Credentials | None
    expects_continue: bool
    chunked: bool = False


class RequestParts(NamedTuple):
    """Parts of a request apart from its origin. ``host`` is empty unless the step overrides that header."""

    method: str
    query: ByteTemplate
    host: ByteTemplate
    headers: ByteTemplate
    body: ByteTemplate | None
    own_cookies: bool
    file: FileOf | None
    chunk_bytes: int = 0

    def to(self, origin: Origin, target: ByteTemplate) -> FixedOriginTemplate:
        """Return the request to an origin in the layout of HTTP/1.1."""
        mark = b"&" if any(isinstance(part, bytes) and b"?" in part for part in target) else b"?"
        query = (mark, *self.query) if self.query else ()
        host = self.host or (origin.authority.encode(),)
        start = (f"{self.method} ".encode(), *target, *query, b" HTTP/1.1\r\nHost: ", *host, b"\r\n", *self.headers)
        body, end = self._end()
        whole = merged((*start, end))
        return FixedOriginTemplate(origin, self.method, whole, body, self.own_cookies, self.file, self.chunk_bytes)

    def _end(self) -> tuple[ByteTemplate | None, bytes]:
        """The body where it varies, and what follows the headers where it does not."""
        if self.body is None:
            return None, b"\r\n"
        fixed = constant(self.body)
        return (self.body, b"") if fixed is None else (None, framed(fixed, self.chunk_bytes))


class FixedOriginTemplate(NamedTuple):
    """A request with a fixed origin. ``start`` is all of it except a varying body and its length."""

    origin: Origin
    method: str
    start: ByteTemplate
    body: ByteTemplate | None
    own_cookies: bool
    file: FileOf | None = None
    chunk_bytes: int = 0

    @property
    def constant(self) -> bool:
        """Whether one rendering serves all requests."""
        return self.body is None and self.file is None and constant(self.start) is not None

    def render(self, scope: Scope) -> RenderedRequest:
        """The request for one virtual user at this moment. Raises MissingVariable and NotSent."""
        wire = render(self.start, scope)
        if self.body is not None:
            wire += framed(render(self.body, scope), self.chunk_bytes)
        file = None if self.file is None else self.file(scope)
        return RenderedRequest(self.origin, self.method, wire, self.own_cookies, file)

    def maker(self) -> Callable[[Scope], RenderedRequest]:
        """Return ``render`` in its fastest form."""
        if self.file is not None or self.chunk_bytes:
            return self.render
        origin, method, own_cookies, start = self.origin, self.method, self.own_cookies, renderer(self.start)
        if self.body is None:
            return lambda scope: RenderedRequest(origin, method, start(scope), own_cookies)
        body = renderer(self.body)
        return lambda scope: RenderedRequest(origin, method, start(scope) + with_length(body(scope)), own_cookies)


class AnyOriginTemplate(NamedTuple):
    """A request whose origin varies."""

    url: Template
    base: Template
    origins: dict[Origin, Origin]
    parts: RequestParts

    @property
    def constant(self) -> bool:
        """Never."""
        return False

    def render(self, scope: Scope) -> RenderedRequest:
        """The request for one virtual user at this moment. Raises MissingVariable and NotSent."""
        url = self.url.render(scope)
        if not address.ABSOLUTE.match(url):
            url = address.joined(self.base.render(scope), url)
        try:
            origin, target = address.parse(url)
        except address.BadAddress as error:
            raise NotSent(INVALID_REQUEST, str(error)) from None
        return self.parts.to(self.origins.get(origin, origin), (target.encode(),)).render(scope)

    def maker(self) -> Callable[[Scope], RenderedRequest]:
        """``render``: there is no faster way."""
        return self.render


RequestTemplate = FixedOriginTemplate | AnyOriginTemplate


def with_length(body: bytes) -> bytes:
    """The end of a request that has a body."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def framed(body: bytes, chunk_bytes: int) -> bytes:
    """The end of a request with a body, in chunks where they have a size."""
    if not chunk_bytes:
        return with_length(body)
    parts = [body[at : at + chunk_bytes] for at in range(0, len(body), chunk_bytes)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return b"Transfer-Encoding: chunked\r\n\r\n%b0\r\n\r\n" % chunks


def unchunked(body: bytes) -> bytes:
    """Return a body without the framing that ``framed`` gave it."""
    chunks: list[bytes] = []
    while True:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return b"".join(chunks)
        chunks.append(rest[:length])
        body = rest[length + 2 :]
