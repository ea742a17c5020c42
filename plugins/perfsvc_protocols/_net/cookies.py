"""Cookie jar of one virtual user: the part of RFC 6265 that a load test needs, at a fraction of a full jar's cost.

Host, domain, path, ``Secure``, ``Max-Age`` and ``Expires`` are honoured. There is no list of public suffixes: a server
may set a cookie for any parent domain of its own that has a dot in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Iterable
from email.utils import mktime_tz
from email.utils import parsedate_tz
from typing import NamedTuple

from perfsvc.plugin import Scope
from perfsvc_protocols._net.address import Address
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols._net.address import is_ip

MAX_COOKIES = 100
MAX_SIZE = 4096
NEVER = float("inf")

Wall = Callable[[], float]
"""Unix time in seconds."""


class Cookie(NamedTuple):
    """One cookie; ``pair`` is ``name=value`` as it is sent."""

    name: str
    pair: bytes
    domain: str
    host_only: bool
    path: str
    secure: bool
    expires: float

    def goes_to(self, origin: Origin, path: str) -> bool:
        """Whether a request to this place carries it."""
        if self.secure and not origin.secure:
            return False
        return self._on_host(origin.host) and _below(path, self.path)

    def _on_host(self, host: str) -> bool:
        return host == self.domain or (not self.host_only and _within(host, self.domain))


class CookieJar:
    """Takes cookies from replies and gives them to requests. Bounded: the oldest goes first."""

    __slots__ = ("_cookies", "_wall")

    def __init__(self, wall: Wall = time.time) -> None:
        self._cookies: dict[tuple[str, str, str], Cookie] = {}
        self._wall = wall

    def __len__(self) -> int:
        return len(self._cookies)

    def take(self, line: str, origin: Origin, target: str) -> None:
        """Store the cookie of a ``Set-Cookie`` header; one that may not be set is ignored."""
        cookie = cookie_of(line, origin, target, self._wall())
        if cookie is None:
            return
        key = (cookie.domain, cookie.path, cookie.name)
        if cookie.expires <= self._wall():
            self._cookies.pop(key, None)
            return
        self._cookies[key] = cookie
        if len(self._cookies) > MAX_COOKIES:
            del self._cookies[next(iter(self._cookies))]

    def header(self, origin: Origin, target: str) -> bytes:
        """Return the value of the ``Cookie`` header for a request, possibly empty."""
        now = self._wall()
        path = target.partition("?")[0]
        fitting = [cookie for cookie in self._cookies.values() if cookie.expires > now and cookie.goes_to(origin, path)]
        if len(fitting) > 1:
            fitting.sort(key=lambda cookie: -len(cookie.path))
        return b"; ".join([cookie.pair for cookie in fitting])


def take_cookies(lines: Iterable[str], scope: Scope, address: Address) -> None:
    """Store the cookies of ``Set-Cookie`` headers in the jar of a user."""
    for line in lines:
        if scope.cookies is None:
            scope.cookies = CookieJar()
        scope.cookies.take(line, address.origin, address.target)


def with_cookies(headers: list[tuple[str, str]], scope: Scope, address: Address) -> list[tuple[str, str]]:
    """Add a user's cookies to the headers of a request that has no ``Cookie`` header of its own."""
    if scope.cookies is None or any(name.lower() == "cookie" for name, _ in headers):
        return headers
    cookies = scope.cookies.header(address.origin, address.target).decode()
    return [*headers, ("Cookie", cookies)] if cookies else headers


def cookie_of(line: str, origin: Origin, target: str, now: float) -> Cookie | None:
    """Return the cookie of a ``Set-Cookie`` value, or None if this origin may not set it."""
    pair, _, rest = line.partition(";")
    name, equals, value = pair.partition("=")
    if not equals or not name.strip() or len(pair) > MAX_SIZE:
        return None
    attributes = _attributes(rest)
    domain = attributes.get("domain", "").lstrip(".").lower()
    if domain and not _may_set(origin.host.lower(), domain):
        return None
    path = attributes.get("path", "")
    return Cookie(
        name=name.strip(),
        pair=f"{name.strip()}={value.strip()}".encode(),
        domain=domain or origin.host.lower(),
        host_only=not domain,
        path=path if path.startswith("/") else _default_path(target),
        secure="secure" in attributes,
        expires=_expiry(attributes, now),
    )


def _attributes(text: str) -> dict[str, str]:
    parted = (attribute.partition("=") for attribute in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in parted}


def _expiry(attributes: dict[str, str], now: float) -> float:
    age = attributes.get("max-age", "")
    if age.removeprefix("-").isdecimal():
        return now + int(age[:12])
    return _date(attributes.get("expires", ""))


def _date(text: str) -> float:
    try:
        parts = parsedate_tz(text)
        return NEVER if parts is None else float(mktime_tz(parts))
    except (OverflowError, ValueError):  # a date, but of no calendar
        return NEVER


def _may_set(host: str, domain: str) -> bool:
    return host == domain or ("." in domain and _within(host, domain))


def _within(host: str, domain: str) -> bool:
    return host.endswith("." + domain) and not is_ip(host)


def _below(path: str, cookie_path: str) -> bool:
    if not path.startswith(cookie_path):
        return False
    return len(path) == len(cookie_path) or cookie_path.endswith("/") or path[len(cookie_path)] == "/"


def _default_path(target: str) -> str:
    return target.partition("?")[0].rpartition("/")[0] or "/"
