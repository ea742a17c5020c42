"""Request bodies: JSON, forms, multipart and raw text, each compiled once."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from collections.abc import Iterator
from typing import NamedTuple

from perfsvc.plugin import Template
from perfsvc_protocols._net.byte_template import BytePart
from perfsvc_protocols._net.byte_template import ByteTemplate
from perfsvc_protocols._net.byte_template import Encode
from perfsvc_protocols._net.byte_template import form_text
from perfsvc_protocols._net.byte_template import header_text
from perfsvc_protocols._net.byte_template import merged
from perfsvc_protocols._net.byte_template import multipart_text
from perfsvc_protocols._net.byte_template import plain_text
from perfsvc_protocols._net.json_template import json_parts
from perfsvc_protocols.http.spec import Part
from perfsvc_protocols.http.spec import Request
from perfsvc_protocols.http.spec import Values

Compile = Callable[[str, str, Encode], ByteTemplate]
"""Text, path and encoding to a byte template; problems are recorded under the path."""


class Body(NamedTuple):
    """A body and its content type."""

    template: ByteTemplate
    content_type: str | None


def body_of(request: Request, compile_text: Compile, template: Callable[[str, str], Template]) -> Body | None:
    """The body a request asks for, if any; not one that is a file. ``template`` compiles a text at a path."""
    kind = request.bodies[0] if request.bodies else "body_file"
    if kind == "body_file":
        return None
    if kind == "json":
        return Body(merged(json_parts(request.json_body, "json", template)), "application/json")
    if request.form is not None:
        return Body(pairs(request.form, "form", form_text, compile_text), "application/x-www-form-urlencoded")
    if request.multipart is not None:
        return _multipart(request.multipart, compile_text)
    return Body(compile_text(request.body or "", "body", plain_text), None)


def pairs(values: Values, at: str, encode: Encode, compile_text: Compile) -> ByteTemplate:
    """``name=value&name=value``; a list gives its name several times."""
    parts: list[BytePart] = []
    for name, texts in values.items():
        for value in texts if isinstance(texts, tuple) else (texts,):
            text = value if isinstance(value, str) else json.dumps(value)
            path = f"{at}.{name}"
            parts += [b"&", *compile_text(name, path, encode), b"=", *compile_text(text, path, encode)]
    return merged(parts[1:])


def _multipart(parts: tuple[Part, ...], compile_text: Compile) -> Body:
    # Random per run, so that no value can contain the boundary.
    boundary = f"perfsvc-{secrets.token_hex(16)}"
    body: list[BytePart] = []
    for number, part in enumerate(parts):
        body += [f"--{boundary}\r\n".encode(), *_part(part, f"multipart[{number}]", compile_text), b"\r\n"]
    body.append(f"--{boundary}--\r\n".encode())
    return Body(merged(body), f"multipart/form-data; boundary={boundary}")


def _part(part: Part, at: str, compile_text: Compile) -> Iterator[BytePart]:
    yield from (b'Content-Disposition: form-data; name="', *compile_text(part.name, f"{at}.name", multipart_text), b'"')
    if part.filename is not None:
        yield from (b'; filename="', *compile_text(part.filename, f"{at}.filename", multipart_text), b'"')
    content_type = part.content_type or ("application/octet-stream" if part.filename is not None else None)
    if content_type:
        yield from (b"\r\nContent-Type: ", *compile_text(content_type, f"{at}.content_type", header_text))
    yield b"\r\n\r\n"
    if part.base64 is not None:
        yield base64.b64decode(part.base64)
    else:
        yield from compile_text(part.value or "", f"{at}.value", plain_text)
