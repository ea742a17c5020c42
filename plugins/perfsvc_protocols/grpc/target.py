"""Addresses of servers."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from perfsvc.plugin import Fault
from perfsvc.plugin.net.names import ascii_host

PORTS = {"grpc": 50051, "grpcs": 443, "http": 80, "https": 443}
SECURE = ("grpcs", "https")
HOST = re.compile(r"[A-Za-z0-9._~\-]+|[0-9A-Fa-f:.]+")


class Target(NamedTuple):
    """A server; channels are never shared between two of these."""

    host: str
    port: int
    secure: bool

    @property
    def authority(self) -> str:
        """Host and port, with brackets around IPv6."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(url: str) -> Target:
    """Read ``grpc://host:port`` and ``grpcs://…``; ``http`` and ``https`` mean the same. Raises Fault."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Fault("不是合法的地址", "is not an address") from None
    if parts.scheme not in PORTS:
        raise Fault("应以 grpc:// 或 grpcs:// 开头", "must start with grpc:// or grpcs://")
    host = _host(parts.hostname)
    if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        raise Fault("只能包含主机和端口", "may hold nothing but a host and a port")
    return Target(host, port or PORTS[parts.scheme], parts.scheme in SECURE)


def _host(name: str | None) -> str:
    try:
        host = ascii_host(name or "")
    except ValueError:
        host = ""
    if not HOST.fullmatch(host):
        raise Fault("缺少合法的主机名", "has no valid host")
    return host
