"""Hosts with addresses of their own on one machine: network namespaces, each at a port of a bridge."""

from __future__ import annotations

import ipaddress
import json
import secrets
import subprocess
from contextlib import ExitStack
from types import TracebackType

LIMIT_S = 10
PREFIX = 28
"""Of the bridge's network: room for 13 hosts beside this machine."""
AS_HOST = 'hostname "$0" && exec "$@"'


def ip(*words: str) -> str:
    """What iproute2's ``ip`` prints. Raises CalledProcessError, and OSError where there is no such program."""
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=LIMIT_S).stdout


def available() -> bool:
    """Whether this process may make networks here."""
    try:
        with Network(("probe",)):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def unused_network() -> ipaddress.IPv4Network:
    """A private network, drawn from a million, that no route of this machine leads to or through."""
    routes = json.loads(ip("-4", "-json", "route", "show", "table", "all"))
    taken = [ipaddress.ip_network(route["dst"], strict=False) for route in routes if route["dst"] != "default"]
    while True:
        drawn = ipaddress.ip_network((ipaddress.ip_address("10.0.0.0") + (secrets.randbits(20) << 4), PREFIX))
        if not any(drawn.overlaps(each) for each in taken):
            return drawn


class Network:
    """This machine at ``address`` and, by name, ``hosts`` at theirs; all is taken down at the end of the context.

    Whatever it makes has a name that begins with ``key``.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        network = unused_network()
        own, *others = list(network.hosts())[: len(names) + 1]
        self.address = str(own)
        self.hosts = {name: str(address) for name, address in zip(names, others, strict=True)}
        self.key = f"pf{secrets.token_hex(4)}"
        self._standing = ExitStack()

    def __enter__(self) -> Network:
        try:
            self._bridge()
            for name, address in self.hosts.items():
                self._host(name, address)
        except BaseException:
            self._standing.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._standing.close()

    def words(self, name: str) -> list[str]:
        """What stands before a command that is to run on a host, under the host's name."""
        return ["ip", "netns", "exec", self._space(name), "unshare", "--uts", "sh", "-c", AS_HOST, name]

    def cut(self, name: str) -> None:
        """Pull the plug of a host: nothing comes through in either direction, and nobody is told."""
        ip("link", "set", self._port(name), "down")

    def mend(self, name: str) -> None:
        """Put the plug in again."""
        ip("link", "set", self._port(name), "up")

    def _bridge(self) -> None:
        ip("link", "add", self.key, "type", "bridge")
        self._standing.callback(ip, "link", "del", self.key)
        ip("address", "add", f"{self.address}/{PREFIX}", "dev", self.key)
        ip("link", "set", self.key, "up")

    def _host(self, name: str, address: str) -> None:
        space, port = self._space(name), self._port(name)
        ip("netns", "add", space)
        self._standing.callback(ip, "netns", "del", space)
        ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space)
        self._standing.callback(ip, "link", "del", port)
        ip("link", "set", port, "master", self.key, "up")
        ip("-n", space, "address", "add", f"{address}/{PREFIX}", "dev", "eth0")
        ip("-n", space, "link", "set", "lo", "up")
        ip("-n", space, "link", "set", "eth0", "up")

    def _space(self, name: str) -> str:
        return f"{self.key}-{name}"

    def _port(self, name: str) -> str:
        return f"{self.key}{list(self.hosts).index(name)}"
