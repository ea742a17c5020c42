"""Where TCP and UDP go: ``tcp://host:port``, ``tls://host:port``, ``udp://host:port``."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import urlsplit

from perfsvc.plugin import NotSent
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Text
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc_protocols._net.payload import Texts
from perfsvc_protocols._net.byte_template import Pieces
from perfsvc_protocols._net.byte_template import constant
from perfsvc_protocols._net.byte_template import render


class Endpoint(NamedTuple):
    """A host and a port, and how to speak there."""

    scheme: str
    host: str
    port: int

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme == "tls"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse(url: str, schemes: Collection[str]) -> Endpoint:
    """Raises ValueError, which says why."""
    parts = urlsplit(url)
    if parts.scheme not in schemes:
        raise ValueError(f"{url!r} does not start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if not parts.hostname or not parts.port:
        raise ValueError(f"{url!r} needs a host and a port")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{url!r} has more than a host and a port")
    return Endpoint(parts.scheme, parts.hostname, parts.port)


class Place:
    """A step's endpoint, compiled: settled now, or known when its variables are."""

    __slots__ = ("_parts", "_schemes", "settled")

    def __init__(self, parts: Pieces, schemes: Collection[str], settled: Endpoint | None) -> None:
        self._parts = parts
        self._schemes = schemes
        self.settled = settled

    def of(self, scope: Scope) -> Endpoint:
        """The endpoint for one virtual user at this moment. Raises MissingVariable and NotSent."""
        if self.settled is not None:
            return self.settled
        try:
            return parse(render(self._parts, scope).decode(), self._schemes)
        except ValueError as error:
            raise NotSent(INVALID_REQUEST, str(error)) from None


def place(url: str, context: RunContext, schemes: Collection[str], texts: Texts) -> Place:
    """A step's URL, or the environment's base URL where it has none; notes what is wrong with it."""
    parts = texts.pieces(url or context.base_url, "url")
    whole = constant(parts)
    settled = None
    if whole is not None and not texts.problems:
        try:
            settled = parse(whole.decode(), schemes)
        except ValueError as error:
            texts.refuse("url", Text(f"无法连接：{error}", f"cannot be reached: {error}"))
    return Place(parts, schemes, settled)
