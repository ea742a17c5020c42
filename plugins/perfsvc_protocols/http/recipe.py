"""A step's request as it waits to be rendered, and the call that the engine hands to sessions."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple
from typing import Protocol

from perfsvc.plugin import Call
from perfsvc.plugin import NotSent
from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc_protocols.http import address
from perfsvc_protocols.http.address import Origin
from perfsvc_protocols.http.message import Message
from perfsvc_protocols.http.pieces import INVALID_REQUEST
from perfsvc_protocols.http.pieces import Pieces
from perfsvc_protocols.http.pieces import constant
from perfsvc_protocols.http.pieces import render

Place = tuple[Origin, bytes]
"""An origin and the request target there, without the query that the step lists apart."""


class Url(Protocol):
    """Where a request goes, known in part or in whole."""

    @property
    def constant(self) -> bool:
        """Whether it never varies."""
        ...

    def render(self, scope: Scope) -> Place:
        """Raises MissingVariable and NotSent."""
        ...


class FixedUrl(NamedTuple):
    """A URL whose origin is known; its path and query may vary."""

    origin: Origin
    target: Pieces

    @property
    def constant(self) -> bool:
        return constant(self.target) is not None

    def render(self, scope: Scope) -> Place:
        return self.origin, render(self.target, scope)


class FreeUrl(NamedTuple):
    """A URL of which not even the origin is known beforehand."""

    url: Template
    base: Template
    origins: dict[Origin, Origin]

    @property
    def constant(self) -> bool:
        return False

    def render(self, scope: Scope) -> Place:
        url = self.url.render(scope)
        if not address.ABSOLUTE.match(url):
            url = address.joined(self.base.render(scope), url)
        try:
            origin, target = address.parse(url)
        except address.BadAddress as error:
            raise NotSent(INVALID_REQUEST, str(error)) from None
        return self.origins.get(origin, origin), target.encode()


class Recipe(NamedTuple):
    """Everything that a request is made of. ``host`` is empty unless the step overrides the Host header."""

    method: str
    url: Url
    query: Pieces
    host: Pieces
    headers: Pieces
    body: Pieces | None
    own_cookies: bool

    @property
    def constant(self) -> bool:
        """Whether one rendering serves for ever."""
        return self.url.constant and all(
            constant(part) is not None for part in (self.query, self.host, self.headers, self.body or ())
        )

    def render(self, scope: Scope) -> Message:
        """The request for one virtual user at this moment. Raises MissingVariable and NotSent."""
        origin, target = self.url.render(scope)
        query = render(self.query, scope)
        if query:
            target += (b"&" if b"?" in target else b"?") + query
        host = render(self.host, scope) or origin.authority.encode()
        body = b"" if self.body is None else render(self.body, scope)
        length = b"" if self.body is None else b"Content-Length: %d\r\n" % len(body)
        head = b"%b %b HTTP/1.1\r\nHost: %b\r\n%b%b" % (
            self.method.encode(), target, host, render(self.headers, scope), length,
        )  # fmt: skip
        return Message(origin, self.method, head, body, self.own_cookies)


class Flavour(Enum):
    """What the parser is to tell of a reply; each thing it need not tell is a call saved for every reply."""

    LEAN = "its end"
    BODY = "its body and its end"
    HEAD = "the end of its head, and that is all there is"


class HttpCall(Call):
    """A compiled step. ``message`` is the whole request where nothing in it varies.

    ``known_head``, ``known_size`` and ``known_status`` are what the last plain reply looked like: one with the very
    same head and size needs no parsing.
    """

    __slots__ = ("flavour", "known_head", "known_size", "known_status", "max_redirects", "message", "recipe")

    def __init__(self, recipe: Recipe, timeout_ns: int, *, reads_body: bool, max_redirects: int) -> None:
        super().__init__(timeout_ns)
        self.recipe = recipe
        self.message = recipe.render(Scope(0, 0)) if recipe.constant else None
        self.flavour = Flavour.HEAD if recipe.method == "HEAD" else Flavour.BODY if reads_body else Flavour.LEAN
        self.max_redirects = max_redirects
        self.known_head = b""
        self.known_size = -1
        self.known_status = 0

    def learn(self, head: bytes, size: int, status: int) -> None:
        """Remembers a reply of known length that came in one piece and asked for nothing."""
        self.known_head = head
        self.known_size = size
        self.known_status = status
