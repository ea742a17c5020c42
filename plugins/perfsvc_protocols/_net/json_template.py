"""JSON documents whose strings may hold templates, as bytes. A placeholder that is a whole string keeps its type."""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any

from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc_protocols._net.byte_template import BytePart
from perfsvc_protocols._net.byte_template import byte_template
from perfsvc_protocols._net.byte_template import json_text
from perfsvc_protocols._net.byte_template import plain_text

Compile = Callable[[str, str], Template]
"""Text and path to a template; problems are recorded under the path."""


def json_parts(value: Any, at: str, template: Compile) -> Iterator[BytePart]:
    """Yield the parts of a document."""
    if isinstance(value, str):
        yield from _string(template(value, at))
    elif isinstance(value, dict):
        yield from _object(value, at, template)
    elif isinstance(value, list):
        yield from _array(value, at, template)
    else:
        yield json.dumps(value).encode()


def json_bytes(value: Any) -> bytes:
    """Return a value as JSON."""
    if type(value) is str:
        return plain_text(encode_basestring(value))
    if type(value) is int:
        return b"%d" % value
    return plain_text(json.dumps(value, ensure_ascii=False))


def _string(template: Template) -> Iterator[BytePart]:
    if template.value is None:
        yield from (b'"', *byte_template(template, json_text), b'"')
    else:
        yield _value_as_json(template.value)


def _value_as_json(read: Callable[[Any], Any]) -> BytePart:
    def write(scope: Scope) -> bytes:
        return json_bytes(read(scope))

    return write


def _object(value: dict[str, Any], at: str, template: Compile) -> Iterator[BytePart]:
    yield b"{"
    for number, (name, item) in enumerate(value.items()):
        path = f"{at}.{name}"
        yield from (b',"' if number else b'"', *byte_template(template(name, path), json_text), b'":')
        yield from json_parts(item, path, template)
    yield b"}"


def _array(value: list[Any], at: str, template: Compile) -> Iterator[BytePart]:
    yield b"["
    for number, item in enumerate(value):
        yield b"," if number else b""
        yield from json_parts(item, f"{at}[{number}]", template)
    yield b"]"
