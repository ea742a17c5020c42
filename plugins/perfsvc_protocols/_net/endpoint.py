"""Endpoints of TCP and UDP: ``tcp://host:port``, ``tls://host:port``, ``udp://host:port``."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import urlsplit

from perfsvc.plugin import NotSent
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Text
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc.plugin.net.names import ascii_host
from perfsvc_protocols._net.byte_template import ByteTemplate
from perfsvc_protocols._net.byte_template import constant
from perfsvc_protocols._net.byte_template import render
from perfsvc_protocols._net.payload import Texts


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
    """Parse a URL. Raises ValueError with the reason."""
    parts = urlsplit(url)
    if parts.scheme not in schemes:
        raise ValueError(f"{url!r} does not start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if not parts.hostname or not parts.port:
        raise ValueError(f"{url!r} needs a host and a port")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{url!r} has more than a host and a port")
    return Endpoint(parts.scheme, ascii_host(parts.hostname), parts.port)


class EndpointTemplate:
    """A step's endpoint, compiled. ``constant`` is the endpoint if no variable is in it, else None."""

    __slots__ = ("_schemes", "_template", "constant")

    def __init__(self, template: ByteTemplate, schemes: Collection[str], endpoint: Endpoint | None) -> None:
        self._template = template
        self._schemes = schemes
        self.constant = endpoint

    def of(self, scope: Scope) -> Endpoint:
        """Return the endpoint for one virtual user at this moment. Raises MissingVariable and NotSent."""
        if self.constant is not None:
            return self.constant
        try:
            return parse(render(self._template, scope).decode(), self._schemes)
        except ValueError as error:
            raise NotSent(INVALID_REQUEST, str(error)) from None


def endpoint_template(url: str, context: RunContext, schemes: Collection[str], texts: Texts) -> EndpointTemplate:
    """Compile a step's URL, or the environment's base URL if it has none; problems are added to ``texts``."""
    template = texts.byte_template(url or context.base_url, "url")
    whole = constant(template)
    endpoint = None
    if whole is not None and not texts.problems:
        try:
            endpoint = parse(whole.decode(), schemes)
        except ValueError as error:
            texts.refuse("url", Text(f"无法连接：{error}", f"cannot be reached: {error}"))
    return EndpointTemplate(template, schemes, endpoint)
