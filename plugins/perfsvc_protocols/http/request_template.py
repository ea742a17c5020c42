"""A step's request as it waits to be rendered, and the call that the engine hands to sessions."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from perfsvc.plugin import Call
from perfsvc.plugin import NotSent
from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc_protocols._net import address
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols._net.byte_template import Pieces
from perfsvc_protocols._net.byte_template import constant
from perfsvc_protocols._net.byte_template import merged
from perfsvc_protocols._net.byte_template import render
from perfsvc_protocols._net.byte_template import renderer
from perfsvc_protocols.http.rendered_request import Message

FileOf = Callable[[Scope], Path]
"""Which file a request sends. Raises MissingVariable and NotSent."""


class Credentials(NamedTuple):
    """For digest authentication, which is worked out anew for each request."""

    username: Pieces
    password: Pieces


class Manner(NamedTuple):
    """How a request is sent where that is not the way of our own client: it then goes through libcurl."""

    version: str
    credentials: Credentials | None
    expects_continue: bool


class Parts(NamedTuple):
    """What a request is made of, wherever it goes. ``host`` is empty unless the step overrides that header."""

    method: str
    query: Pieces
    host: Pieces
    headers: Pieces
    body: Pieces | None
    own_cookies: bool
    file: FileOf | None

    def to(self, origin: Origin, target: Pieces) -> FixedRecipe:
        """The request to a place, laid out as HTTP wants it."""
        mark = b"&" if any(isinstance(part, bytes) and b"?" in part for part in target) else b"?"
        query = (mark, *self.query) if self.query else ()
        host = self.host or (origin.authority.encode(),)
        start = (f"{self.method} ".encode(), *target, *query, b" HTTP/1.1\r\nHost: ", *host, b"\r\n", *self.headers)
        body, end = self._end()
        return FixedRecipe(origin, self.method, merged((*start, end)), body, self.own_cookies, self.file)

    def _end(self) -> tuple[Pieces | None, bytes]:
        """The body where it varies, and what follows the headers where it does not."""
        if self.body is None:
            return None, b"\r\n"
        known = constant(self.body)
        return (self.body, b"") if known is None else (None, with_length(known))


class FixedRecipe(NamedTuple):
    """A request whose origin is known. ``start`` is all of it, but for a body that varies and its length."""

    origin: Origin
    method: str
    start: Pieces
    body: Pieces | None
    own_cookies: bool
    file: FileOf | None = None

    @property
    def constant(self) -> bool:
        """Whether one rendering serves for ever."""
        return self.body is None and self.file is None and constant(self.start) is not None

    def render(self, scope: Scope) -> Message:
        """The request for one virtual user at this moment. Raises MissingVariable and NotSent."""
        wire = render(self.start, scope)
        if self.body is not None:
            wire += with_length(render(self.body, scope))
        file = None if self.file is None else self.file(scope)
        return Message(self.origin, self.method, wire, self.own_cookies, file)

    def maker(self) -> Callable[[Scope], Message]:
        """``render``, as fast as it gets."""
        if self.file is not None:
            return self.render
        origin, method, own_cookies, start = self.origin, self.method, self.own_cookies, renderer(self.start)
        if self.body is None:
            return lambda scope: Message(origin, method, start(scope), own_cookies)
        body = renderer(self.body)
        return lambda scope: Message(origin, method, start(scope) + with_length(body(scope)), own_cookies)


class FreeRecipe(NamedTuple):
    """A request of which not even the origin is known beforehand."""

    url: Template
    base: Template
    origins: dict[Origin, Origin]
    parts: Parts

    @property
    def constant(self) -> bool:
        """Never."""
        return False

    def render(self, scope: Scope) -> Message:
        """The request for one virtual user at this moment. Raises MissingVariable and NotSent."""
        url = self.url.render(scope)
        if not address.ABSOLUTE.match(url):
            url = address.joined(self.base.render(scope), url)
        try:
            origin, target = address.parse(url)
        except address.BadAddress as error:
            raise NotSent(INVALID_REQUEST, str(error)) from None
        return self.parts.to(self.origins.get(origin, origin), (target.encode(),)).render(scope)

    def maker(self) -> Callable[[Scope], Message]:
        """``render``: there is no faster way."""
        return self.render


Recipe = FixedRecipe | FreeRecipe


def with_length(body: bytes) -> bytes:
    """The end of a request that has a body."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Flavour(Enum):
    """What the parser is to tell of a reply; each thing it need not tell is a call saved for every reply."""

    LEAN = "its end"
    BODY = "its body and its end"
    HEAD = "the end of its head, and that is all there is"


class HttpCall(Call):
    """A compiled step. ``message`` is the whole request where nothing in it varies, else ``make`` gives it.

    ``known_head``, ``known_size`` and ``known_status`` are what the last plain reply looked like: one with the very
    same head and size needs no parsing.
    """

    __slots__ = ("flavour", "known_head", "known_size", "known_status", "make", "manner", "max_redirects", "message")

    def __init__(self, recipe: Recipe, timeout_ns: int, flavour: Flavour, max_redirects: int, manner: Manner) -> None:
        super().__init__(timeout_ns)
        self.make = recipe.maker()
        self.message = recipe.render(Scope(0, 0)) if recipe.constant else None
        self.flavour = flavour
        self.max_redirects = max_redirects
        self.manner = manner
        self.known_head = b""
        self.known_size = -1
        self.known_status = 0

    def learn(self, head: bytes, size: int, status: int) -> None:
        """Remembers a reply of known length that came in one piece and asked for nothing."""
        self.known_head = head
        self.known_size = size
        self.known_status = status
