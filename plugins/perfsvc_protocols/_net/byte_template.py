"""Templates compiled to bytes: constant parts are encoded once, varying parts when they are rendered."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from itertools import groupby
from json.encoder import encode_basestring
from typing import Any
from urllib.parse import quote
from urllib.parse import quote_plus

from perfsvc.plugin import NotSent
from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc_protocols._net import address

BytePart = bytes | Callable[[Scope], bytes]
ByteTemplate = tuple[BytePart, ...]
Encode = Callable[[str], bytes]
Segment = Callable[[Any], str]
"""A varying part of a template."""

FEW = 16
"""Parts whose sum is not watched."""
MAX_RENDERED = 10_000_000
"""Bytes of what is rendered of many parts: rendering blocks the loop."""
MOST_VARYING = 1_000
"""Parts that vary in one request."""
TOO_LARGE = "Request Too Large"

# A line feed in a header is a second header: the oldest trick there is.
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def byte_template(template: Template, encode: Encode, encode_varying: Encode | None = None) -> ByteTemplate:
    """Compile a template: literal parts are encoded, and checked, now, the others at each rendering."""
    later = encode_varying or encode
    return merged(encode(part) if isinstance(part, str) else varying(part, later) for part in template.segments)


def varying(segment: Segment, encode: Encode) -> BytePart:
    """Compile a varying part to bytes."""
    return lambda scope: encode(segment(scope))


def merged(parts: Iterable[BytePart]) -> ByteTemplate:
    """The same pieces with neighbouring constants joined."""
    joined: list[BytePart] = []
    for is_constant, group in groupby(parts, key=lambda part: isinstance(part, bytes)):
        run = list(group)
        joined += [b"".join(run)] if is_constant else run  # type: ignore[arg-type]  # the key is the type
    return tuple(part for part in joined if part != b"")


def render(parts: ByteTemplate, scope: Scope) -> bytes:
    """The bytes for one virtual user at this moment. Raises MissingVariable and NotSent."""
    if len(parts) > FEW:
        return _rendered_bounded(parts, scope)
    return b"".join([part if isinstance(part, bytes) else part(scope) for part in parts])


def _rendered_bounded(parts: ByteTemplate, scope: Scope) -> bytes:
    rendered, length = [], 0
    for part in parts:
        rendered.append(part if isinstance(part, bytes) else part(scope))
        length += len(rendered[-1])
        if length > MAX_RENDERED:
            raise NotSent(TOO_LARGE, f"more than {MAX_RENDERED} bytes once it is rendered")
    return b"".join(rendered)


def renderer(parts: ByteTemplate) -> Callable[[Scope], bytes]:
    """``render`` for these parts, as fast as it gets: most requests that vary do so in a few places."""
    if len(parts) > FEW:
        return lambda scope: _rendered_bounded(parts, scope)
    literals, varying = [b""], []
    for part in parts:
        if isinstance(part, bytes):
            literals[-1] += part
        else:
            varying.append(part)
            literals.append(b"")
    if len(varying) == 1:
        (first, last), (only,) = literals, varying
        return lambda scope: b"%b%b%b" % (first, only(scope), last)
    if len(varying) == 2:
        (first, second, last), (one, two) = literals, varying
        return lambda scope: b"".join((first, one(scope), second, two(scope), last))
    if len(varying) == 3:
        (first, second, third, last), (one, two, three) = literals, varying
        return lambda scope: b"".join((first, one(scope), second, two(scope), third, three(scope), last))
    return lambda scope: b"".join([part if isinstance(part, bytes) else part(scope) for part in parts])


def constant(parts: ByteTemplate) -> bytes | None:
    """Return the bytes if no part varies, else None."""
    if not parts:
        return b""
    only = parts[0]
    return only if len(parts) == 1 and isinstance(only, bytes) else None


def url_text(text: str) -> bytes:
    """Part of a path or query as the user wrote it: what may not stand there is escaped, slashes stay."""
    if not address.UNSAFE.search(text):
        return text.encode()
    if address.CONTROL.search(text):
        raise NotSent(INVALID_REQUEST, "a URL must not contain control characters")
    return address.encoded(text).encode()


def query_text(text: str) -> bytes:
    """A name or value of a query: everything that means something there is escaped."""
    return quote(text, safe="", errors="replace").encode()


def form_text(text: str) -> bytes:
    """A name or value of an HTML form."""
    return quote_plus(text, errors="replace").encode()


def header_text(text: str) -> bytes:
    """Part of a header's value."""
    if text.isascii() and text.isprintable():
        return text.encode()
    if CONTROL.search(text):
        raise NotSent(INVALID_REQUEST, "a header must not contain line breaks or control characters")
    return plain_text(text)


def json_text(text: str) -> bytes:
    """Part of a JSON string, between its quotes."""
    return plain_text(encode_basestring(text)[1:-1])


def multipart_text(text: str) -> bytes:
    """A name within ``Content-Disposition``, escaped as browsers do it."""
    return plain_text(text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A"))


def plain_text(text: str) -> bytes:
    """Text as it is, in UTF-8; half a surrogate pair, which JSON lets through, becomes a question mark."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
