"""HTTP and WebSocket URLs: origin and request target."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import quote
from urllib.parse import urlsplit

from perfsvc.plugin.net.names import ascii_host

PORTS = {"http": 80, "https": 443}

# What RFC 3986 lets stand in a path or query; "%" too, where it begins an escape.
SAFE = "/?:@!$&'()*+,;=-._~[]"
UNSAFE = re.compile(r"[^A-Za-z0-9/?:@!$&'()*+,;=\-._~\[\]]")
STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
HOST = re.compile(r"[A-Za-z0-9._~\-]+|[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~\-]+)?")
ABSOLUTE = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*://")


class BadAddress(ValueError):
    """An invalid URL, with the reason."""


class Origin(NamedTuple):
    """Scheme, host and port. Connections and credentials are never shared between two origins."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """Format for a ``Host`` header: no zone of an IPv6 address (RFC 6874), no port where it is the default."""
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme == "https"

    def __str__(self) -> str:
        host, percent, zone = self.host.partition("%")
        authority = self.authority if not percent else self.authority.replace(host, f"{host}%25{zone}")
        return f"{self.scheme}://{authority}"


class Address(NamedTuple):
    """An origin and the request target at it, percent-encoded, without a fragment."""

    origin: Origin
    target: str


def parse(url: str) -> Address:
    """Split an absolute URL. Raises BadAddress."""
    if CONTROL.search(url):
        raise BadAddress("a URL must not contain control characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddress(str(error)) from None
    if parts.scheme not in PORTS:
        raise BadAddress(f"{url!r} does not start with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("credentials belong in auth, not in the URL")
    origin = Origin(parts.scheme, _host(parts.hostname), PORTS[parts.scheme] if port is None else port)
    query = f"?{parts.query}" if parts.query else ""
    return Address(origin, encoded((parts.path or "/") + query))


def encoded(text: str) -> str:
    """A path or query with what may not stand in it percent-encoded; escapes that are there already stay."""
    if not UNSAFE.search(text):
        return text
    return quote(STRAY_PERCENT.sub("%25", text), safe=SAFE + "%", errors="replace")


def joined(base: str, url: str) -> str:
    """A relative URL below the base URL, which may have a path of its own."""
    if not url:
        return base
    if url.startswith("?"):
        return base + url
    return base.rstrip("/") + (url if url.startswith("/") else f"/{url}")


def is_ip(host: str) -> bool:
    """Whether a host is a literal address."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _host(name: str | None) -> str:
    if not name:
        raise BadAddress("the URL has no host")
    try:
        host = ascii_host(name)
    except ValueError as error:
        raise BadAddress(str(error)) from None
    if not HOST.fullmatch(host):
        raise BadAddress(f"{name!r} is not a host")
    return host
