"""A step's request as it waits to be rendered, and the call that the engine hands to sessions."""

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
"""Which file a request sends. Raises MissingVariable and NotSent."""


class Credentials(NamedTuple):
    """For digest authentication, which is worked out anew for each request."""

    username: ByteTemplate
    password: ByteTemplate


class TransportNeeds(NamedTuple):
    """How a request is sent where that is not the way of our own client: it then goes through libcurl."""

    version: str
    credentials: Credentials | None
    expects_continue: bool


class RequestParts(NamedTuple):
    """What a request is made of, wherever it goes. ``host`` is empty unless the step overrides that header."""

    method: str
    query: ByteTemplate
    host: ByteTemplate
    headers: ByteTemplate
    body: ByteTemplate | None
    own_cookies: bool
    file: FileOf | None

    def to(self, origin: Origin, target: ByteTemplate) -> FixedOriginTemplate:
        """The request to a place, laid out as HTTP wants it."""
        mark = b"&" if any(isinstance(part, bytes) and b"?" in part for part in target) else b"?"
        query = (mark, *self.query) if self.query else ()
        host = self.host or (origin.authority.encode(),)
        start = (f"{self.method} ".encode(), *target, *query, b" HTTP/1.1\r\nHost: ", *host, b"\r\n", *self.headers)
        body, end = self._end()
        return FixedOriginTemplate(origin, self.method, merged((*start, end)), body, self.own_cookies, self.file)

    def _end(self) -> tuple[ByteTemplate | None, bytes]:
        """The body where it varies, and what follows the headers where it does not."""
        if self.body is None:
            return None, b"\r\n"
        known = constant(self.body)
        return (self.body, b"") if known is None else (None, with_length(known))


class FixedOriginTemplate(NamedTuple):
    """A request whose origin is known. ``start`` is all of it, but for a body that varies and its length."""

    origin: Origin
    method: str
    start: ByteTemplate
    body: ByteTemplate | None
    own_cookies: bool
    file: FileOf | None = None

    @property
    def constant(self) -> bool:
        """Whether one rendering serves for ever."""
        return self.body is None and self.file is None and constant(self.start) is not None

    def render(self, scope: Scope) -> RenderedRequest:
        """The request for one virtual user at this moment. Raises MissingVariable and NotSent."""
        wire = render(self.start, scope)
        if self.body is not None:
            wire += with_length(render(self.body, scope))
        file = None if self.file is None else self.file(scope)
        return RenderedRequest(self.origin, self.method, wire, self.own_cookies, file)

    def maker(self) -> Callable[[Scope], RenderedRequest]:
        """``render``, as fast as it gets."""
        if self.file is not None:
            return self.render
        origin, method, own_cookies, start = self.origin, self.method, self.own_cookies, renderer(self.start)
        if self.body is None:
            return lambda scope: RenderedRequest(origin, method, start(scope), own_cookies)
        body = renderer(self.body)
        return lambda scope: RenderedRequest(origin, method, start(scope) + with_length(body(scope)), own_cookies)


class AnyOriginTemplate(NamedTuple):
    """A request of which not even the origin is known beforehand."""

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
