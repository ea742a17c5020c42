"""Opening connections: names to addresses, TCP, TLS, and how long each took."""

from __future__ import annotations

import asyncio
import ssl
from functools import cached_property
from typing import Any

from perfsvc.plugin import InvalidInput
from perfsvc.plugin import RunContext
from perfsvc_protocols._net import failures
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols._net.failures import Failed
from perfsvc_protocols.http.spec import Options

Phases = tuple[int, int, int]
"""Nanoseconds for DNS, connecting and TLS."""


class Dialer:
    """Opens a run's connections."""

    def __init__(self, options: Options, context: RunContext) -> None:
        """Raises InvalidInput for a CA that is none."""
        self._options = options
        self._resolve = context.resolve
        self._now_ns = context.now_ns
        if options.ca is not None:
            _ = self.tls  # a wrong file is told before the run, not by its first request

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """How TLS is spoken. Made when first needed: reading the system's authorities takes some milliseconds."""
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        if self._options.ca is not None:
            _trust(context, self._options.ca)
        if not self._options.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    async def open(self, origin: Origin, protocol: asyncio.Protocol) -> Phases:
        """Connects ``protocol`` to an origin. Raises Failed; cancelled, it leaves nothing open."""
        try:
            return await self._open(origin, protocol)
        except Failed:
            raise
        except Exception as error:
            raise failures.connecting(error) from error

    async def _open(self, origin: Origin, protocol: asyncio.Protocol) -> Phases:
        begun = self._now_ns()
        try:
            addresses = await self._resolve(origin.host, origin.port)
        except OSError as error:
            raise Failed(failures.DNS, f"{origin.host}: {error}") from None
        resolved = self._now_ns()
        transport = await _connected(addresses, protocol)
        connected = self._now_ns()
        if not origin.secure:
            return resolved - begun, connected - resolved, 0
        await _secured(transport, protocol, self.tls, origin.host)
        return resolved - begun, connected - resolved, self._now_ns() - connected


async def _connected(addresses: list[tuple[Any, ...]], protocol: asyncio.Protocol) -> asyncio.Transport:
    """A connection to the first address that takes one; raises what the last one said."""
    refusal: Exception = Failed(failures.DNS, "the name has no address")
    for family, _, _, _, address in addresses:
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: protocol, address[0], address[1], family=family
            )
        except OSError as error:
            refusal = error
        else:
            return transport
    raise refusal


async def _secured(transport: asyncio.Transport, protocol: asyncio.Protocol, tls: ssl.SSLContext, host: str) -> None:
    """Puts TLS on a connection, and tells the protocol of it as if it were a new one."""
    try:
        secure = await asyncio.get_running_loop().start_tls(transport, protocol, tls, server_hostname=host)
    except ConnectionError as error:
        raise Failed("TLS Error: connection closed", str(error)) from None
    if secure is None:  # closed meanwhile: the loop's own way of saying so
        raise Failed("TLS Error: connection closed", "the server closed the connection")
    protocol.connection_made(secure)


def _trust(context: ssl.SSLContext, ca: str) -> None:
    try:
        if "-----BEGIN" in ca:
            context.load_verify_locations(cadata=ca)
        else:
            context.load_verify_locations(cafile=ca)
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or type(error).__name__
        raise InvalidInput.at("ca", f"无法读取 PEM 证书：{cause}", f"no PEM certificate there: {cause}") from None
