"""Payloads as users write them (text, hexadecimal, Base64, JSON; all with templates), made ready once per run."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

import regex

from perfsvc.plugin import Fault
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import NotSent
from perfsvc.plugin import Problem
from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc.plugin import Text
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc_protocols._net.byte_template import ByteTemplate
from perfsvc_protocols._net.byte_template import Encode
from perfsvc_protocols._net.byte_template import byte_template
from perfsvc_protocols._net.byte_template import constant
from perfsvc_protocols._net.byte_template import merged
from perfsvc_protocols._net.byte_template import plain_text
from perfsvc_protocols._net.byte_template import renderer
from perfsvc_protocols._net.json_template import json_parts

Decode = Callable[[bytes], bytes]

NOT_HEX = Text("不是合法的十六进制", "is not hexadecimal")
NOT_BASE64 = Text("不是合法的 Base64", "is not valid base64")


class Payload:
    """Bytes to send. ``constant`` has them if no part varies, else None."""

    __slots__ = ("_decode", "_parts", "_render", "constant")

    def __init__(self, parts: ByteTemplate, decode: Decode | None = None) -> None:
        """``decode`` makes bytes of the rendered text. Raises ValueError when it cannot of a constant one."""
        self._parts = parts
        self._render = renderer(parts)
        self._decode = decode
        self.constant = constant(parts)
        if self.constant is not None and decode is not None:
            self.constant = decode(self.constant)

    def then(self, change: Decode) -> Payload:
        """The same bytes, changed. Raises ValueError when a constant one cannot be."""
        before = self._decode
        return Payload(self._parts, change if before is None else lambda data: change(before(data)))

    def render(self, scope: Scope) -> bytes:
        """The bytes for one virtual user at this moment. Raises MissingVariable and NotSent."""
        if self.constant is not None:
            return self.constant
        rendered = self._render(scope)
        if self._decode is None:
            return rendered
        try:
            return self._decode(rendered)
        except ValueError as error:
            raise NotSent(INVALID_REQUEST, str(error)) from None


NOTHING = Payload(())


class Texts:
    """Compiles the texts of one step; collects what is wrong with them instead of stopping at the first fault."""

    def __init__(self, template: Callable[[str], Template]) -> None:
        self.problems: list[Problem] = []
        self._template = template

    def check(self) -> None:
        """Raises InvalidInput with every problem found so far."""
        if self.problems:
            raise InvalidInput(self.problems)

    def refuse(self, at: str, text: Text) -> None:
        """Add a problem."""
        self.problems.append(Problem(at, text))

    def template(self, text: str, at: str) -> Template:
        """A text with templates."""
        try:
            return self._template(text)
        except Fault as fault:
            self.problems += [Problem(at, problem.text) for problem in fault.problems]
            return Template("")

    def byte_template(self, text: str, at: str, encode: Encode = plain_text) -> ByteTemplate:
        """A text with templates, as bytes."""
        return self._bytes(text, at, encode, encode)

    def _bytes(self, text: str, at: str, encode: Encode, encode_varying: Encode) -> ByteTemplate:
        try:
            return byte_template(self.template(text, at), encode, encode_varying)
        except NotSent as error:
            self.refuse(at, Text("不能包含换行等控制字符", str(error)))
        return ()

    def text(self, text: str, at: str = "text") -> Payload:
        """Text, sent as UTF-8."""
        return Payload(self.byte_template(text, at))

    def pattern(self, text: str, at: str) -> Payload:
        """A regular expression; what its templates give is matched as it is."""
        return Payload(self._bytes(text, at, plain_text, escaped))

    def hexadecimal(self, text: str, at: str = "hex") -> Payload:
        """Bytes in hexadecimal; white space between them is allowed."""
        return self._decoded(text, at, unhex, NOT_HEX)

    def base64(self, text: str, at: str = "base64") -> Payload:
        """Bytes in Base64."""
        return self._decoded(text, at, unbase64, NOT_BASE64)

    def json(self, value: Any, at: str = "json") -> Payload:
        """A document whose strings may hold templates."""
        return Payload(merged(json_parts(value, at, self.template)))

    def _decoded(self, text: str, at: str, decode: Decode, fault: Text) -> Payload:
        try:
            return Payload(self.byte_template(text, at), decode)
        except ValueError:
            self.refuse(at, fault)
            return NOTHING


def escaped(text: str) -> bytes:
    """Text within a regular expression that matches nothing but itself."""
    return plain_text(regex.escape(text))


def unhex(text: bytes) -> bytes:
    """Raises ValueError."""
    return bytes.fromhex(text.decode())


def unbase64(text: bytes) -> bytes:
    """Raises ValueError."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
