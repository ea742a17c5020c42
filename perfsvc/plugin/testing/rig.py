"""Rigs: how to start a peer with a given behaviour, and which requests to send."""

from __future__ import annotations

import socket
from abc import ABC
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from contextlib import contextmanager
from enum import Enum
from typing import Any
from typing import ClassVar

from perfsvc.plugin import Protocol
from perfsvc.plugin import RunContext
from perfsvc.plugin.testing.drive import User


class Behaviour(Enum):
    """Behaviour of a peer on its first connection. From the second on it behaves well."""

    GOOD = "responds"
    SILENT = "takes requests and never responds"
    DIES = "breaks off in the middle of its first reply"
    GARBAGE = "replies with garbage"


class Rig(ABC):
    """A protocol on the test rig."""

    protocol: type[Protocol]
    request: ClassVar[dict[str, Any]]
    """A request that succeeds with a good peer."""
    unsendable: ClassVar[dict[str, Any]]
    """A request that needs a variable which no user has."""
    refused: ClassVar[list[tuple[dict[str, Any], str]]]
    """Requests that are wrong, and the path where."""
    options: ClassVar[dict[str, Any]] = {}
    without: ClassVar[dict[str, str]] = {}
    """Checks of promises that this protocol cannot make, each with the reason why."""
    one_way: ClassVar[bool] = False
    """Whether requests have no reply: they have succeeded when they are sent, and peers never respond."""
    many: ClassVar[int] = 20_000
    """Number of requests in tests for leaks. Fewer only for a peer that would take too long."""

    @abstractmethod
    def peer(self, behaviour: Behaviour) -> AbstractAsyncContextManager[str]:
        """A running peer; gives its base URL."""

    @abstractmethod
    def url(self, host: str, port: int) -> str:
        """The base URL of a peer somewhere."""

    def secure_url(self, host: str, port: int) -> str | None:
        """The same over TLS; None for a protocol without TLS."""
        return None

    def user(self, run: RunContext) -> User:
        """A virtual user of a run of its own."""
        return User(self.protocol(self.protocol.Options.parse(self.options), run))


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port that refuses connections for as long as this lasts: bound, but not listened on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
