"""A call's metadata: checked when it is compiled where it is constant, when it is rendered where it varies."""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

from perfsvc.plugin import NotSent
from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc.plugin import Text
from perfsvc.plugin.failures import INVALID_REQUEST

NAME = re.compile(r"[a-z0-9_.\-]+")
VALUE = re.compile(r"[\x20-\x7e]*")
BINARY = "-bin"
RESERVED = frozenset({"host", "content-type", "content-length", "te", "connection", "transfer-encoding", "user-agent"})

Pairs = tuple[tuple[str, str | bytes], ...]


class MetadataTemplate(NamedTuple):
    """Names, repeated where they have several values, with their templates; ``constant`` where nothing varies."""

    templates: tuple[tuple[str, Template], ...]
    constant: Pairs | None

    def render(self, scope: Scope) -> Pairs:
        """The metadata for one virtual user. Raises MissingVariable, and NotSent for what may not stand there."""
        if self.constant is not None:
            return self.constant
        return tuple([(name, value_of(name, template.render(scope))) for name, template in self.templates])


def metadata_template(pairs: tuple[tuple[str, Template], ...]) -> MetadataTemplate:
    """Names and templates made ready. Raises NotSent when a constant value may not stand there."""
    constants = tuple((name, value_of(name, text)) for name, each in pairs if (text := each.constant) is not None)
    return MetadataTemplate(pairs, constants if len(constants) == len(pairs) else None)


def name_fault(name: str) -> Text | None:
    """Return what is wrong with a lower-case name, or None."""
    if not NAME.fullmatch(name):
        return Text("不是合法的元数据名称", "is not a metadata name")
    if name in RESERVED or name.startswith("grpc-"):
        return Text("由 gRPC 自身使用", "is gRPC's own")
    return None


def value_of(name: str, text: str) -> str | bytes:
    """A value as it is sent. Raises NotSent."""
    if name.endswith(BINARY):
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise NotSent(INVALID_REQUEST, f"metadata {name} is not base64") from None
    if not VALUE.fullmatch(text):
        raise NotSent(INVALID_REQUEST, f"metadata {name} may hold printable ASCII only")
    return text
