"""Names to addresses for all protocols of a run, and the one place that decides where load may go."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import Any

from perfsvc.plugin.protocol import TargetDenied

Address = tuple[Any, ...]
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_NAMES = 10_000
TIMEOUT_S = 10.0
LOOPBACK: list[IPAddress] = [ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1")]
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 addresses within IPv6 (RFC 6052)."""


GUARDED: list[Network] = [
    ipaddress.ip_network(each)
    for each in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32")
]
"""Link-local addresses and the metadata services of clouds, which hand out credentials."""


class TargetPolicy:
    """Which targets load may be sent to. Entries are host names (``*.example.com`` too), addresses or networks.

    A deny entry wins over an allow entry; with no allow entries everything not denied is allowed, but GUARDED addresses
    only by an allow entry within GUARDED. ``guarded`` False is for a user's own machine.
    """

    def __init__(self, allow: Sequence[str] = (), deny: Sequence[str] = (), *, guarded: bool = True) -> None:
        self._allow = _Rules(allow)
        self._deny = _Rules(deny)
        self._guarded = GUARDED if guarded else []

    def allows(self, host: str, address: str) -> bool:
        """Whether ``address``, which ``host`` was resolved to, may be used."""
        if self._deny.match(host, address):
            return False
        reached = _reached_by(ipaddress.ip_address(address.partition("%")[0]))
        guarded = [place for place in reached if any(place in network for network in self._guarded)]
        if guarded:
            return all(any(place in network for network in self._allow.within(self._guarded)) for place in guarded)
        return self._allow.empty or self._allow.match(host, address)


class _Rules:
    def __init__(self, entries: Sequence[str]) -> None:
        self.networks: list[Network] = []
        self.names: list[str] = []
        for entry in entries:
            try:
                self.networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                self.names.append(entry.lower().rstrip("."))
        self.empty = not entries

    def within(self, wider: Sequence[Network]) -> list[Network]:
        """The networks that lie within others."""
        return [one for one in self.networks if any(_inside(one, other) for other in wider)]

    def match(self, host: str, address: str) -> bool:
        name = host.lower().rstrip(".")
        if any(name == rule or (rule.startswith("*.") and name.endswith(rule[1:])) for rule in self.names):
            return True
        reached = _reached_by(ipaddress.ip_address(address.partition("%")[0]))
        return any(place in network for network in self.networks for place in reached)


def _inside(one: Network, other: Network) -> bool:
    return one.version == other.version and one[0] in other and one[-1] in other


def _reached_by(address: IPAddress) -> list[IPAddress]:
    """All that a connection to an address may reach: itself, and what it stands for."""
    reached: list[IPAddress] = [address]
    if address.is_unspecified:  # the system takes 0.0.0.0 and :: for this machine
        reached += LOOPBACK
    if isinstance(address, ipaddress.IPv6Address):
        embedded = [address.ipv4_mapped, address.sixtofour]
        if address in NAT64:
            embedded.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        reached += [inner for inner in embedded if inner is not None]
    return reached


class Resolver:
    """getaddrinfo with a cache for the length of a run; ``cached`` False asks the system every time."""

    def __init__(self, policy: TargetPolicy, cached: bool = True) -> None:
        self._policy = policy
        self._cached = cached
        self._lookups: dict[tuple[str, int], asyncio.Future[list[Address]]] = {}

    async def resolve(self, host: str, port: int) -> list[Address]:
        """Allowed addresses of a host. Raises OSError for an unknown name, TargetDenied when none is allowed."""
        if not self._cached:
            return await self._look_up(host, port)
        lookup = self._lookups.get((host, port))
        if lookup is None or (lookup.done() and lookup.exception() is not None):
            lookup = self._remember((host, port), asyncio.ensure_future(self._look_up(host, port)))
        return await asyncio.shield(lookup)

    def _remember(self, key: tuple[str, int], looking: asyncio.Future[list[Address]]) -> asyncio.Future[list[Address]]:
        if len(self._lookups) >= MAX_NAMES:
            self._lookups.pop(next(iter(self._lookups)))
        # A failure that no request waits for is not a warning at exit.
        looking.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._lookups[key] = looking
        return looking

    async def _look_up(self, host: str, port: int) -> list[Address]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (TimeoutError, UnicodeError) as error:
            raise socket.gaierror(socket.EAI_NONAME, f"cannot resolve {host}: {error}") from None
        allowed = [info for info in found if self._policy.allows(host, str(info[4][0]))]
        if found and not allowed:
            raise TargetDenied(f"{host} is not an allowed target")
        return [tuple(info) for info in allowed]
