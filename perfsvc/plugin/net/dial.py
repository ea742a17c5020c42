"""From a host name to a connection: addresses, TCP, TLS, and how long each took."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence
from typing import NamedTuple
from typing import Protocol

from perfsvc.plugin import Failed
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import failures
from perfsvc.plugin.net.addresses import AddressInfos
from perfsvc.plugin.net.addresses import Info
from perfsvc.plugin.net.names import Lookup
from perfsvc.plugin.net.names import NameOptions
from perfsvc.plugin.net.names import bare_host
from perfsvc.plugin.net.proxy import ProxyCredentials
from perfsvc.plugin.net.proxy import ProxyOptions
from perfsvc.plugin.net.proxy import tunnelled
from perfsvc.plugin.net.race import Race
from perfsvc.plugin.net.sources import SourceOptions
from perfsvc.plugin.net.sources import Sources
from perfsvc.plugin.net.tls import Tls
from perfsvc.plugin.net.tls import TlsOptions
from perfsvc.plugin.net.tls import TlsSessions

Phases = tuple[int, int, int]
"""Nanoseconds for DNS, connecting and TLS."""
NO_LIMIT_S = 86_400.0
"""For the loop's own limit of a TLS handshake: the step's time limit ends it."""


class DialOptions(SourceOptions, NameOptions, TlsOptions, ProxyOptions):
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


ADDRESS = "address of {0.host}"
CONNECTION = "connection to {0.host}:{0.port}"
TUNNEL = "tunnel through the proxy to {0.host}:{0.port}"
HANDSHAKE = "end of the TLS handshake with {0.host}:{0.port}"
"""What an attempt waits for."""


class DialState:
    """State of one user's dialling: what the latest attempt waits for, and TLS sessions that may be resumed."""

    __slots__ = ("sessions", "to", "waits_for")

    def __init__(self) -> None:
        self.to: Destination | None = None
        self.waits_for = ""
        self.sessions: TlsSessions | None = None

    @property
    def hung(self) -> str:
        """Return what an attempt that ran out of time was waiting for, as a message."""
        return f"no {self.waits_for.format(self.to)} in time" if self.waits_for else ""


class Dialer:
    """Opens a run's connections."""

    def __init__(self, options: DialOptions, context: RunContext, alpn: Sequence[str] = ()) -> None:
        """Raises InvalidInput for a CA or a client certificate that cannot be read."""
        self.tls = Tls(options, context, alpn)
        self.lookup = Lookup(options, context)
        self.sources = Sources(options.source_addresses)
        self._now_ns = context.now_ns
        self._resumes = options.session_resumption
        self._proxy = options.proxy
        self._credentials = None if options.proxy is None else ProxyCredentials(options.proxy, context)

    async def open(
        self, to: Destination, protocol: asyncio.Protocol, scope: Scope, state: DialState | None = None
    ) -> Phases:
        """Connect ``protocol``, over TLS if the destination is secure.

        Raises Failed. Cancellation leaves nothing open.
        """
        _, phases = await self._opened(to, protocol, scope, state or DialState())
        return phases

    async def streams(self, to: Destination, scope: Scope, limit: int = 65_536) -> Streams:
        """Like ``open``, for coroutines; ``limit`` is the most bytes that one ``readuntil`` returns. Raises Failed."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit, loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport, phases = await self._opened(to, protocol, scope, DialState())
        return Streams(reader, asyncio.StreamWriter(transport, protocol, reader, loop), phases)

    async def dial(self, to: Destination, scope: Scope, state: DialState | None = None) -> Dialled:
        """Connect to the first address that takes it. Raise Failed and others; leave nothing open.

        The next address is tried when one refuses, or has said nothing for a quarter of a second (RFC 8305).
        """
        tls = await self._context(to, scope, state) if to.secure else None
        state = state or DialState()
        begun = self._now_ns()
        state.to, state.waits_for = to, ADDRESS
        found = await self.lookup.find(to.host, to.port, scope.vu)
        if self._proxy is None:
            there = found
        else:
            there = await self.lookup.find(*self._proxy.place, scope.vu)
        resolved = self._now_ns()
        state.waits_for = CONNECTION if self._proxy is None else TUNNEL
        if self._proxy is None and len(there) == 1:
            connected = await self._connected(there[0], scope.vu)
        else:
            connected = await self._first(there, found[0], scope)
        return Dialled(connected, tls, resolved - begun, self._now_ns() - resolved)

    async def _context(self, to: Destination, scope: Scope, state: DialState | None) -> ssl.SSLContext:
        context = await self.tls.of(scope)
        if state is None or not self._resumes:
            return context
        state.sessions = state.sessions or TlsSessions()
        return state.sessions.resuming(context, to.host, to.port)

    async def _first(self, there: AddressInfos, to: Info, scope: Scope) -> socket.socket:
        """Connect to the first address that takes it, or to ``to`` by way of it."""

        async def connect(info: Info) -> socket.socket:
            if self._proxy is None or self._credentials is None:
                return await self._connected(info, scope.vu)
            source = self.sources.of(scope.vu, info[0])
            return await tunnelled(self._proxy, info, to, self._credentials.of(scope), source)

        race = Race(connect, there, socket.socket.close)
        try:
            connected, winner = await race.won()
        finally:
            for info in race.late:
                self.lookup.order.unreachable(info[4])
        self.lookup.order.reached(winner[4])
        return connected

    async def _opened(
        self, to: Destination, protocol: asyncio.Protocol, scope: Scope, state: DialState
    ) -> tuple[asyncio.Transport, Phases]:
        try:
            connected, tls, dns_ns, connect_ns = await self.dial(to, scope, state)
            begun = self._now_ns()
            if tls is not None:
                state.waits_for = HANDSHAKE
            transport = await _handed_over(connected, protocol, tls, to.host)
        except Failed:
            raise
        except Exception as error:
            raise failures.connecting(error) from error
        state.waits_for = ""
        return transport, (dns_ns, connect_ns, 0 if tls is None else self._now_ns() - begun)

    async def _connected(self, info: Info, vu: int) -> socket.socket:
        connected = socket.socket(info[0], socket.SOCK_STREAM)
        try:
            connected.setblocking(False)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sources.bind(connected, vu)
            await asyncio.get_running_loop().sock_connect(connected, info[4])
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
            lambda: protocol,
            sock=connected,
            ssl=tls,
            server_hostname=None if tls is None else bare_host(host),
            ssl_handshake_timeout=None if tls is None else NO_LIMIT_S,
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
