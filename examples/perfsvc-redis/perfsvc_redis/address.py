"""Where a Redis server is: ``redis://host:port/database``, ``rediss://`` over TLS."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

PORT = 6379
PATH = re.compile(r"/?|/(\d{1,6})")


class Address(NamedTuple):
    """A server, and a database of it where the URL names one."""

    scheme: str
    host: str
    port: int
    database: int | None

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme == "rediss"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}" + ("" if self.database is None else f"/{self.database}")


def parse(url: str) -> Address:
    """Cuts a URL. Raises ValueError, which says why."""
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss"):
        raise ValueError("it does not start with redis:// or rediss://")
    if "@" in parts.netloc:
        raise ValueError("credentials belong into the options username and password")
    path = PATH.fullmatch(parts.path)
    if not parts.hostname or path is None or parts.query or parts.fragment:
        raise ValueError("it is not redis://host:port/database")
    return Address(parts.scheme, parts.hostname, parts.port or PORT, int(path[1]) if path[1] else None)
