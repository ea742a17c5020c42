"""From a host name to a connection: addresses, TCP, TLS, and how long each took."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple
from typing import Protocol

from perfsvc.plugin import Failed
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import failures
from perfsvc.plugin.net.names import NameOptions
from perfsvc.plugin.net.names import looking_up
from perfsvc.plugin.net.sources import SourceOptions
from perfsvc.plugin.net.sources import Sources
from perfsvc.plugin.net.tls import Tls
from perfsvc.plugin.net.tls import TlsOptions

Phases = tuple[int, int, int]
"""Nanoseconds for DNS, connecting and TLS."""


class DialOptions(SourceOptions, NameOptions, TlsOptions):
    """Options for the connections of every virtual user of a run."""


class Destination(Protocol):
    """Destination of a connection."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def secure(self) -> bool: ...


class Dialled(NamedTuple):
    """A connected socket, the TLS to be spoken over it, and how long (ns) finding the address and connecting took."""

    socket: socket.socket
    tls: ssl.SSLContext | None
    dns_ns: int
    connect_ns: int


class Streams(NamedTuple):
    """An open connection for coroutines."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    phases: Phases


class Dialer:
    """Opens a run's connections."""

    def __init__(self, options: DialOptions, context: RunContext, alpn: Sequence[str] = ()) -> None:
        """Raises InvalidInput for a CA or a client certificate that cannot be read."""
        self.tls = Tls(options, context, alpn)
        self.look_up = looking_up(options, context)
        self._now_ns = context.now_ns
        self.sources = Sources(options.source_addresses)

    async def open(self, to: Destination, protocol: asyncio.Protocol, scope: Scope) -> Phases:
        """Connect ``protocol``, over TLS if the destination is secure.

        Raises Failed. Cancellation leaves nothing open.
        """
        _, phases = await self._opened(to, protocol, scope)
        return phases

    async def streams(self, to: Destination, scope: Scope, limit: int = 65_536) -> Streams:
        """Like ``open``, for coroutines; ``limit`` is the most bytes that one ``readuntil`` returns. Raises Failed."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit, loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport, phases = await self._opened(to, protocol, scope)
        return Streams(reader, asyncio.StreamWriter(transport, protocol, reader, loop), phases)

    async def dial(self, to: Destination, scope: Scope) -> Dialled:
        """Connects to the first address that takes it. Raises Failed and others; leaves nothing open."""
        tls = await self.tls.of(scope) if to.secure else None
        begun = self._now_ns()
        found = await self.look_up(to.host, to.port)
        resolved = self._now_ns()
        refusal: Exception | None = None
        for family, _, _, _, address in found:
            try:
                connected = await self._connected(family, address, scope.vu)
            except (OSError, Failed) as error:
                refusal = error
            else:
                return Dialled(connected, tls, resolved - begun, self._now_ns() - resolved)
        raise refusal or Failed(failures.DNS, f"{to.host} has no address")

    async def _opened(
        self, to: Destination, protocol: asyncio.Protocol, scope: Scope
    ) -> tuple[asyncio.Transport, Phases]:
        try:
            connected, tls, dns_ns, connect_ns = await self.dial(to, scope)
            begun = self._now_ns()
            transport = await _handed_over(connected, protocol, tls, to.host)
        except Failed:
            raise
        except Exception as error:
            raise failures.connecting(error) from error
        return transport, (dns_ns, connect_ns, 0 if tls is None else self._now_ns() - begun)

    async def _connected(self, family: int, address: tuple[Any, ...], vu: int) -> socket.socket:
        connected = socket.socket(family, socket.SOCK_STREAM)
        try:
            connected.setblocking(False)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sources.bind(connected, vu)
            await asyncio.get_running_loop().sock_connect(connected, address)
        except BaseException:
            connected.close()
            raise
        return connected


async def _handed_over(
    connected: socket.socket, protocol: asyncio.Protocol, tls: ssl.SSLContext | None, host: str
) -> asyncio.Transport:
    """A socket in the hands of the loop, TLS spoken. Raises Failed and others; leaves nothing open."""
    try:
        transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: protocol, sock=connected, ssl=tls, server_hostname=None if tls is None else host
        )
    except ConnectionError as error:
        hang_up(connected)
        raise Failed(failures.TLS_CLOSED, str(error)) from None
    except BaseException:
        hang_up(connected)
        raise
    return transport


def hang_up(connected: socket.socket) -> None:
    """Shut down a connection whose socket belongs to another library, which then closes it."""
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
