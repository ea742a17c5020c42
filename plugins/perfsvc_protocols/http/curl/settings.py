"""Options common to all requests of a run, set once per handle, and addresses to connect to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import pycurl

from perfsvc.plugin import Failed
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import failures
from perfsvc.plugin.net.addresses import AddressInfos
from perfsvc.plugin.net.dial import Dialer
from perfsvc.plugin.net.proxy import ProxyCredentials
from perfsvc.plugin.net.tls import OLD
from perfsvc.plugin.net.tls import PEM
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols.http.curl.support import system_authorities
from perfsvc_protocols.http.spec import Options

PROXY_TYPES = {
    "http": pycurl.PROXYTYPE_HTTP,
    "https": 2,  # CURLPROXY_HTTPS, for which pycurl has no name
    "socks5": pycurl.PROXYTYPE_SOCKS5,
}
NO_ADDRESS = "no address that may be used"
LOWEST = {
    "1.0": pycurl.SSLVERSION_TLSv1_0,
    "1.1": pycurl.SSLVERSION_TLSv1_1,
    "1.2": pycurl.SSLVERSION_TLSv1_2,
    "1.3": pycurl.SSLVERSION_TLSv1_3,
}
HIGHEST = {version: number << 16 for version, number in LOWEST.items()}


class ConnectTo:
    """Where to connect: ``to`` as libcurl takes it, the source address, None for the system's choice.

    ``addresses`` are in the order to try, where they are several; ``entries`` name them to libcurl.
    """

    __slots__ = ("addresses", "entries", "source", "to")

    def __init__(
        self, to: str, source: str | None, entries: Sequence[str] = (), addresses: AddressInfos | None = None
    ) -> None:
        self.to = to
        self.source = source
        self.entries = list(entries)
        self.addresses = addresses or []


class Settings:
    """A run's settings. Every address that libcurl is given was allowed before: it looks no name up itself."""

    def __init__(self, options: Options, context: RunContext, dialer: Dialer) -> None:
        """Raises InvalidInput for a proxy's credentials that are no templates."""
        self._options = options
        self._dialer = dialer
        self._lookup = dialer.lookup
        self._proxy = None if options.proxy is None else urlsplit(options.proxy.url)
        self._proxy_credentials = None if options.proxy is None else ProxyCredentials(options.proxy, context)

    @property
    def shared(self) -> bool:
        """Whether users have no connections of their own."""
        return self._options.shared_connections > 0

    @property
    def tunnelled(self) -> bool:
        """Whether there is a proxy, whose own requests libcurl counts too."""
        return self._proxy is not None

    def apply(self, easy: pycurl.Curl, scope: Scope) -> None:
        """Set the options common to all requests of a user. Raises MissingVariable."""
        easy.setopt(pycurl.NOSIGNAL, 1)
        easy.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        easy.setopt(pycurl.PATH_AS_IS, 1)
        easy.setopt(pycurl.HTTP09_ALLOWED, 0)
        easy.setopt(pycurl.SSL_SESSIONID_CACHE, int(self._options.session_resumption))
        easy.setopt(pycurl.PIPEWAIT, 1 if self.shared else 0)
        if not self._options.keep_alive:
            easy.setopt(pycurl.FRESH_CONNECT, 1)
            easy.setopt(pycurl.FORBID_REUSE, 1)
        if self._options.max_response_bytes is not None:
            easy.setopt(pycurl.MAXFILESIZE_LARGE, self._options.max_response_bytes)
        self._trust(easy)
        self._restrict(easy)
        self._identify(easy, scope)
        self._go_through_proxy(easy, scope)

    async def connect_to(self, origin: Origin, vu: int) -> ConnectTo:
        """Return where to connect for an origin. Raise Failed, TargetDenied."""
        addresses = await self._lookup.find(origin.host, origin.port, vu)
        if self._options.proxy is None:
            return self._straight(addresses, vu)
        host, port = self._options.proxy.place
        proxies = await self._lookup.find(host, port, vu)
        entries = [f"{host}:{port}:{_literal(proxies[0])}"]
        source = self._dialer.sources.of(vu, proxies[0][0])
        if not self.tunnels(origin):
            return ConnectTo("", source, entries)
        return ConnectTo(f"::{_literal(addresses[0])}:{addresses[0][4][1]}", source, entries)

    def connected(self, to: ConnectTo, address: str) -> None:
        """Remember which of several addresses a connection was made to, and which came before it in vain."""
        order = self._lookup.order
        for info in to.addresses:
            if info[4][0] == address:
                order.reached(info[4])
                return
            order.unreachable(info[4])

    def _straight(self, addresses: AddressInfos, vu: int) -> ConnectTo:
        """The addresses that a user's source address can reach, the first family only where it has one."""
        sources = self._dialer.sources
        first = sources.first_fitting([info[0] for info in addresses])
        source = sources.of(vu, addresses[first][0])
        if source is not None:
            addresses = [info for info in addresses if info[0] == addresses[first][0]]
        # libcurl begins with IPv6 whatever the order.
        addresses = self._lookup.order.promising(addresses)
        port = addresses[0][4][1]
        if len(addresses) == 1:
            return ConnectTo(f"::{_literal(addresses[0])}:{port}", source)
        # libcurl tries the addresses of a name as RFC 8305 says; this name stands for these in this order.
        literals = ",".join(map(_literal, addresses))
        name = f"{hashlib.sha256(literals.encode()).hexdigest()[:32]}.invalid"
        return ConnectTo(f"::{name}:{port}", source, [f"{name}:{port}:{literals}"], addresses)

    def tunnels(self, origin: Origin) -> bool:
        """Whether a proxy is asked for an address; otherwise it is shown the request, and looks the name up itself.

        A name that the plan overrides must not be looked up by anyone.
        """
        overridden = bool(self._options.overrides_of(origin.host, origin.port))
        return self._proxy is None or self._proxy.scheme == "socks5" or origin.secure or overridden

    def _trust(self, easy: pycurl.Curl) -> None:
        ca = self._options.ca
        if not self._options.verify:
            easy.setopt(pycurl.SSL_VERIFYPEER, 0)
            easy.setopt(pycurl.SSL_VERIFYHOST, 0)
            easy.setopt(pycurl.PROXY_SSL_VERIFYPEER, 0)
            easy.setopt(pycurl.PROXY_SSL_VERIFYHOST, 0)
        elif ca is not None and PEM in ca:
            easy.setopt(pycurl.CAINFO_BLOB, ca.encode())
            easy.setopt(pycurl.PROXY_CAINFO_BLOB, ca.encode())
        else:
            file, folder = (ca, None) if ca is not None else system_authorities()
            for option, value in (
                (pycurl.CAINFO, file),
                (pycurl.PROXY_CAINFO, file),
                (pycurl.CAPATH, folder),
                (pycurl.PROXY_CAPATH, folder),
            ):
                if value is not None:
                    easy.setopt(option, value)

    def _restrict(self, easy: pycurl.Curl) -> None:
        options = self._options
        if options.tls_min_version or options.tls_max_version:
            lowest = options.tls_min_version or (options.tls_max_version if options.tls_max_version in OLD else "1.2")
            easy.setopt(pycurl.SSLVERSION, LOWEST[str(lowest)] | HIGHEST[options.tls_max_version or "1.3"])
        if options.cipher_list is not None:
            easy.setopt(pycurl.SSL_CIPHER_LIST, options.cipher_list)

    def _identify(self, easy: pycurl.Curl, scope: Scope) -> None:
        identity = self._dialer.tls.identity(scope)
        if identity is not None:
            easy.setopt(pycurl.SSLCERT_BLOB, identity.certificate.encode())
            easy.setopt(pycurl.SSLKEY_BLOB, identity.key.encode())

    def _go_through_proxy(self, easy: pycurl.Curl, scope: Scope) -> None:
        # Set even without a proxy: libcurl would otherwise take one from the environment of this process.
        easy.setopt(pycurl.PROXY, "" if self._options.proxy is None else self._options.proxy.url)
        easy.setopt(pycurl.NOPROXY, "")
        if self._proxy is not None:
            easy.setopt(pycurl.PROXYTYPE, PROXY_TYPES[self._proxy.scheme])
        credentials = None if self._proxy_credentials is None else self._proxy_credentials.of(scope)
        if credentials is not None:
            easy.setopt(pycurl.PROXYUSERNAME, credentials[0].encode())
            easy.setopt(pycurl.PROXYPASSWORD, credentials[1].encode())


def _literal(info: tuple[Any, ...]) -> str:
    address = str(info[4][0])
    if not address:
        raise Failed(failures.DNS, NO_ADDRESS)
    return f"[{address}]" if ":" in address else address
