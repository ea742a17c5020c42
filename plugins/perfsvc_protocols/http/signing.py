"""Signatures: headers and fields that are computed over the request as it is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote_from_bytes

from perfsvc.plugin import NotSent
from perfsvc.plugin import Scope
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc_protocols._net.byte_template import ByteTemplate
from perfsvc_protocols._net.byte_template import render
from perfsvc_protocols.http.rendered_request import END_OF_HEAD
from perfsvc_protocols.http.rendered_request import RenderedRequest
from perfsvc_protocols.http.request_template import RequestTemplate

Named = tuple[tuple[bytes, ByteTemplate], ...]
LENGTH = b"\r\nContent-Length: "
"""The last line of a head, where there is a body."""


class Signing(NamedTuple):
    """Signatures by the names of fields of the body, of the query, and of headers, in the order they are computed.

    Fields and query are computed over the request without any of them, headers over all of it.
    """

    fields: Named
    query: Named
    headers: Named

    def signed(self, request: RenderedRequest, scope: Scope) -> RenderedRequest:
        """Return the request with its signatures. Raises MissingVariable and NotSent."""
        head, _, body = request.wire.partition(END_OF_HEAD)
        if self.fields or self.query:
            view = view_of(request, head, body, scope)
            fields = [(name, render(text, view)) for name, text in self.fields]
            query = [(name, render(text, view)) for name, text in self.query]
            head, body = _with_query(head, query), _with_fields(body, fields)
            head = b"%b%b%d" % (head.partition(LENGTH)[0], LENGTH, len(body)) if fields else head
        if self.headers:
            view = view_of(request, head, body, scope)
            lines = [b"%b: %b" % (name, render(text, view)) for name, text in self.headers]
            head = b"\r\n".join([head, *lines])
        return RenderedRequest(
            request.origin, request.method, END_OF_HEAD.join((head, body)), request.own_cookies, request.file
        )


class SignedTemplate(NamedTuple):
    """A request that is signed each time it is made."""

    unsigned: RequestTemplate
    signing: Signing

    @property
    def constant(self) -> bool:
        """Never: functions may depend on time and chance."""
        return False

    def render(self, scope: Scope) -> RenderedRequest:
        """The request for one virtual user at this moment. Raises MissingVariable and NotSent."""
        return self.signing.signed(self.unsigned.render(scope), scope)

    def maker(self) -> Callable[[Scope], RenderedRequest]:
        """Return ``render`` in its fastest form."""
        make, signed = self.unsigned.maker(), self.signing.signed
        return lambda scope: signed(make(scope), scope)


class SigningScope:
    """A virtual user with the parts of its request as variables besides its own."""

    __slots__ = ("_scope", "iteration", "variables", "vu")

    def __init__(self, scope: Scope, parts: dict[str, object]) -> None:
        self._scope = scope
        self.vu = scope.vu
        self.iteration = scope.iteration
        self.variables = {**scope.variables, **parts}

    @property
    def random(self) -> object:
        """The user's random numbers."""
        return self._scope.random


def view_of(request: RenderedRequest, head: bytes, body: bytes, scope: Scope) -> Scope:
    """Return the user with the parts of the request, named as in ``SIGNED_PARTS``."""
    target = head.split(b" ", 2)[1].decode()
    path, _, query = target.partition("?")
    parts: dict[str, object] = {
        "request_method": request.method,
        "request_url": f"{request.origin.scheme}://{request.origin.authority}{target}",
        "request_path": path,
        "request_query": query,
        "request_body": body,
    }
    return SigningScope(scope, parts)  # type: ignore[return-value]  # all that templates look at


def _with_query(head: bytes, query: list[tuple[bytes, bytes]]) -> bytes:
    if not query:
        return head
    method, target, rest = head.split(b" ", 2)
    added = b"&".join(b"%b=%b" % (name, _quoted(value)) for name, value in query)
    return b" ".join((method, target + (b"&" if b"?" in target else b"?") + added, rest))


def _with_fields(body: bytes, fields: list[tuple[bytes, bytes]]) -> bytes:
    """Add members to a JSON object, fields to a form."""
    if not fields:
        return body
    stripped = body.rstrip()
    if stripped[:1] == b"{" and stripped[-1:] == b"}":
        inner = stripped[:-1].rstrip()
        joint = b"" if inner == b"{" else b","
        return inner + joint + b",".join(b'"%b":"%b"' % (name, _escaped(value)) for name, value in fields) + b"}"
    if stripped[:1] in (b"[", b"<", b'"'):
        raise NotSent(INVALID_REQUEST, "only a JSON object or a form can hold a signature")
    added = b"&".join(b"%b=%b" % (name, _quoted(value)) for name, value in fields)
    return b"&".join((body, added)) if body else added


def _quoted(value: bytes) -> bytes:
    return quote_from_bytes(value, safe="").encode()


def _escaped(value: bytes) -> bytes:
    return value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
