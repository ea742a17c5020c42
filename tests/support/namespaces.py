"""Hosts with addresses of their own on one machine: network namespaces, each at a port of a bridge.

The bridge is in a namespace of its own too: the machine's network does not change, as browsers give up their requests
when it does.
"""

from __future__ import annotations

import ctypes
import ipaddress
import os
import secrets
import subprocess
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

LIMIT_S = 60
NETWORK = ipaddress.ip_network("10.83.0.0/28")
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
OWN_SPACE = Path("/proc/thread-self/ns/net")
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


def must(result: int) -> None:
    """Raise OSError when a call of the C library failed."""
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Network:
    """This thread at ``address`` and, by name, ``hosts`` at theirs; all is taken down at the end of the context.

    Within the context, this thread and the threads and processes that it starts reach these hosts and themselves only.
    Whatever is made has a name that begins with ``key``.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        own, *others = list(NETWORK.hosts())[: len(names) + 1]
        self.address = str(own)
        self.hosts = {name: str(address) for name, address in zip(names, others, strict=True)}
        self.key = f"pf{secrets.token_hex(4)}"
        self._standing = ExitStack()

    def __enter__(self) -> Network:
        try:
            self._move()
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
        """Pull the plug of a host: nothing comes through in either direction, and no end is signalled."""
        ip("link", "set", self._port(name), "down")

    def mend(self, name: str) -> None:
        """Put the plug in again."""
        ip("link", "set", self._port(name), "up")

    def _move(self) -> None:
        """Move this thread into a new namespace, which ends with all that is in it."""
        home = os.open(OWN_SPACE, os.O_RDONLY)
        self._standing.callback(os.close, home)
        must(LIBC.unshare(CLONE_NEWNET))
        self._standing.callback(lambda: must(LIBC.setns(home, CLONE_NEWNET)))
        ip("link", "set", "lo", "up")

    def _bridge(self) -> None:
        ip("link", "add", self.key, "type", "bridge")
        ip("address", "add", f"{self.address}/{NETWORK.prefixlen}", "dev", self.key)
        ip("link", "set", self.key, "up")

    def _host(self, name: str, address: str) -> None:
        space, port = self._space(name), self._port(name)
        ip("netns", "add", space)
        self._standing.callback(ip, "netns", "del", space)
        ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space)
        ip("link", "set", port, "master", self.key, "up")
        ip("-n", space, "address", "add", f"{address}/{NETWORK.prefixlen}", "dev", "eth0")
        ip("-n", space, "link", "set", "lo", "up")
        ip("-n", space, "link", "set", "eth0", "up")

    def _space(self, name: str) -> str:
        return f"{self.key}-{name}"

    def _port(self, name: str) -> str:
        return f"{self.key}{list(self.hosts).index(name)}"
