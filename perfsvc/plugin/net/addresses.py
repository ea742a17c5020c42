"""The order in which connections try the addresses of one name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Info = tuple[Any, ...]
"""A result of ``getaddrinfo``: family, type, protocol, name and socket address."""
AddressInfos = list[Info]

RETRY_NS = 60_000_000_000
"""After this time an address that could not be reached is tried first by one connection again."""


class AddressOrder:
    """Spreads connections over the addresses of a name; those that could not be reached come last.

    ``sticky``: all connections of a user begin with the same address.
    """

    def __init__(self, now_ns: Callable[[], int], *, sticky: bool) -> None:
        self._now_ns = now_ns
        self._sticky = sticky
        self._next: dict[tuple[str, int], int] = {}
        self._retry_ns: dict[Any, int] = {}

    def of(self, host: str, port: int, infos: AddressInfos, vu: int) -> AddressInfos:
        """Return the addresses of a host in the order for one more connection of a user."""
        infos = _distinct(infos)
        good = [info for info in infos if not self._failing(info[4])] or infos
        if self._sticky:
            number = vu
        else:
            number = self._next.get((host, port), vu)
            self._next[host, port] = number + 1
        first = number % len(good)
        ordered = good[first:] + good[:first]
        retried = self._due(infos)
        if retried is not None:
            ordered.insert(0, retried)
        return ordered + [info for info in infos if info not in ordered]

    def promising(self, ordered: AddressInfos) -> AddressInfos:
        """Return the first address of an order, and of the others those not known to be unreachable."""
        return [info for number, info in enumerate(ordered) if not number or not self._failing(info[4])]

    def unreachable(self, address: Any) -> None:
        """Remember an address that could not be reached, or not in time."""
        self._retry_ns[address] = self._now_ns() + RETRY_NS

    def reached(self, address: Any) -> None:
        """Forget that an address could not be reached."""
        if self._retry_ns:
            self._retry_ns.pop(address, None)

    def _failing(self, address: Any) -> bool:
        return address in self._retry_ns

    def _due(self, infos: AddressInfos) -> Info | None:
        """Return an address that is to be tried again; the next connections do not wait for the outcome."""
        if not self._retry_ns:
            return None
        now = self._now_ns()
        for info in infos:
            if self._retry_ns.get(info[4], now) < now:
                self.unreachable(info[4])
                return info
        return None


def _distinct(infos: AddressInfos) -> AddressInfos:
    """Each socket address once."""
    return list({info[4]: info for info in infos}.values())
