"""The addresses that users come from: with many of them, a target sees many clients, and each has ports of its own."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

from pydantic import field_validator

from perfsvc.plugin import Failed
from perfsvc.plugin import Fault
from perfsvc.plugin import Many
from perfsvc.plugin import Problem
from perfsvc.plugin import Spec
from perfsvc.plugin import Text
from perfsvc.plugin import failures
from perfsvc.plugin import titled

PORT_AT_CONNECT = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)
"""The port is chosen when the target is known, so that one address has all ports for each target (Linux)."""
VERSIONS: dict[int, int] = {socket.AF_INET: 4, socket.AF_INET6: 6}
NOT_A_NETWORK = Text("应为 IP 地址或网段", "must be an address or a network")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SourceOptions(Spec):
    """Options for source addresses."""

    source_addresses: Many[str] = titled(
        "源地址（IP 或网段）",
        "Source addresses",
        default=(),
        max_length=256,
        about=("本机的地址或网段，分摊给各用户。", "Addresses or networks of this machine, spread over the users."),
        examples=[["10.0.0.5", "10.0.1.0/24"]],
    )

    @field_validator("source_addresses")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [number for number, text in enumerate(value) if _network(text) is None]
        if wrong:
            raise Fault.all([Problem(str(number), NOT_A_NETWORK) for number in wrong])
        return value


class Sources:
    """The addresses of a run's users."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._networks = [network for text in addresses if (network := _network(text)) is not None]

    def of(self, vu: int, family: int) -> str | None:
        """Return a user's source address, None for the system's choice. Raises Failed if none fits the target."""
        if not self._networks:
            return None
        fitting = [network for network in self._networks if network.version == VERSIONS.get(family)]
        if not fitting:
            raise Failed(failures.SOURCE, "no source address is of the target's kind")
        number = vu % sum(map(_size, fitting))
        for network in fitting:
            if number < _size(network):
                break
            number -= _size(network)
        return str(network[number + (_size(network) < network.num_addresses)])

    def first_fitting(self, families: Sequence[int]) -> int:
        """Return the position of the first address family that a source address fits, 0 if none does."""
        versions = {network.version for network in self._networks}
        fitting = (number for number, family in enumerate(families) if VERSIONS.get(family) in versions)
        return next(fitting, 0)

    def bind(self, unbound: socket.socket, vu: int) -> None:
        """Gives a socket its user's address. Raises Failed."""
        address = self.of(vu, unbound.family)
        if address is None:
            return
        try:
            if unbound.type == socket.SOCK_STREAM:
                unbound.setsockopt(socket.IPPROTO_IP, PORT_AT_CONNECT, 1)
            unbound.bind((address, 0))
        except OSError as error:
            raise Failed(failures.SOURCE, f"{address}: {error.strerror}") from None


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _size(network: Network) -> int:
    """Return the number of hosts: the first and the last address of an IPv4 network are excluded."""
    whole = network.version == 6 or network.prefixlen >= 31
    return network.num_addresses - (0 if whole else 2)
