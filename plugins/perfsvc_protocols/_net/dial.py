"""What protocols over a stream share: TLS as users choose it, and a way from a host name to a connected socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import Any
from typing import NamedTuple

from perfsvc.plugin import InvalidInput
from perfsvc.plugin import RunContext
from perfsvc.plugin import Spec
from perfsvc.plugin import titled
from perfsvc_protocols._net import failures
from perfsvc_protocols._net.failures import Failed


class TlsOptions(Spec):
    """How certificates of the target are judged."""

    verify: bool = titled("校验证书", "Verify certificates", default=True)
    ca: str | None = titled("CA 证书（PEM 文本或文件路径）", "CA: PEM text, or path of a PEM file", default=None)


def tls_context(options: TlsOptions) -> ssl.SSLContext:
    """How TLS is spoken. Raises InvalidInput for a CA that cannot be read."""
    context = ssl.create_default_context()
    if options.ca is not None:
        _trust(context, options.ca)
    if not options.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _trust(context: ssl.SSLContext, ca: str) -> None:
    try:
        if "-----BEGIN" in ca:
            context.load_verify_locations(cadata=ca)
        else:
            context.load_verify_locations(cafile=ca)
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or type(error).__name__
        raise InvalidInput.at("ca", f"无法读取 PEM 证书：{cause}", f"no PEM certificate there: {cause}") from None


class Dialled(NamedTuple):
    """A connected socket, and how long (ns) finding the address and connecting took."""

    socket: socket.socket
    dns_ns: int
    connect_ns: int


async def addresses(context: RunContext, host: str, port: int) -> list[tuple[Any, ...]]:
    """Where a name leads. Raises Failed and TargetDenied."""
    try:
        found = await context.resolve(host, port)
    except OSError as error:
        raise Failed(failures.DNS, f"{host}: {error}") from None
    if not found:
        raise Failed(failures.DNS, f"{host} has no address")
    return found


async def dial(context: RunContext, host: str, port: int) -> Dialled:
    """Connects to the first address that takes it. Raises Failed, TargetDenied and OSError; leaves nothing open."""
    begun = context.now_ns()
    found = await addresses(context, host, port)
    resolved = context.now_ns()
    refusal: OSError | None = None
    for family, _, _, _, address in found:
        try:
            connected = await _connect(family, address)
        except OSError as error:
            refusal = error
        else:
            return Dialled(connected, resolved - begun, context.now_ns() - resolved)
    raise refusal or Failed(failures.DNS, f"{host} has no address")


async def _connect(family: int, address: tuple[Any, ...]) -> socket.socket:
    connected = socket.socket(family, socket.SOCK_STREAM)
    try:
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(connected, address)
    except BaseException:
        connected.close()
        raise
    return connected


def hang_up(connected: socket.socket) -> None:
    """Ends a connection whose socket is in somebody else's hands: they see it end, and close it."""
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
