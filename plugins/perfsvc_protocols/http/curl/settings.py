"""Options common to all requests of a run, set once per handle, and addresses to connect to."""

from __future__ import annotations

from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pycurl

from perfsvc.plugin import Failed
from perfsvc.plugin import Fault
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Problem
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc.plugin import failures
from perfsvc.plugin.net.dial import Dialer
from perfsvc.plugin.net.names import Found
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


class ConnectTo(tuple[str, str | None]):
    """Address to connect to, ``address:port``, and the source address, None for the system's choice."""

    __slots__ = ()

    def __new__(cls, to: str, source: str | None) -> ConnectTo:
        return super().__new__(cls, (to, source))


class Settings:
    """A run's settings. Every address that libcurl is given was allowed before: it looks no name up itself."""

    def __init__(self, options: Options, context: RunContext, dialer: Dialer) -> None:
        """Raises InvalidInput for a proxy's credentials that are no templates."""
        self._options = options
        self._dialer = dialer
        self._look_up: Callable[[str, int], Awaitable[Found]] = dialer.look_up
        self._proxy = None if options.proxy is None else urlsplit(options.proxy.url)
        self._proxy_credentials = _credentials(options, context)

    @property
    def shared(self) -> bool:
        """Whether users have no connections of their own."""
        return self._options.shared_connections > 0

    def apply(self, easy: pycurl.Curl, scope: Scope) -> None:
        """Set the options common to all requests of a user. Raises MissingVariable."""
        easy.setopt(pycurl.NOSIGNAL, 1)
        easy.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        easy.setopt(pycurl.PATH_AS_IS, 1)
        easy.setopt(pycurl.HTTP09_ALLOWED, 0)
        easy.setopt(pycurl.SSL_SESSIONID_CACHE, 0)  # one user must not profit from what another one agreed on
        easy.setopt(pycurl.PIPEWAIT, 1 if self.shared else 0)
        if not self._options.keep_alive:
            easy.setopt(pycurl.FRESH_CONNECT, 1)
            easy.setopt(pycurl.FORBID_REUSE, 1)
        if self._options.max_response_bytes is not None:
            easy.setopt(pycurl.MAXFILESIZE_LARGE, self._options.max_response_bytes)
        self._trust(easy)
        self._identify(easy, scope)
        self._go_through_proxy(easy, scope)

    async def candidates(self, origin: Origin, easy: pycurl.Curl, vu: int) -> list[ConnectTo]:
        """Return the addresses of an origin in the order to try. Raises Failed, TargetDenied."""
        found = await self._look_up(origin.host, origin.port)
        if self._proxy is None:
            return [_connect_to(info, self._dialer.sources.of(vu, info[0])) for info in found]
        proxy_host, proxy_port = str(self._proxy.hostname), int(self._proxy.port or 0)
        proxies = await self._look_up(proxy_host, proxy_port)
        easy.setopt(pycurl.RESOLVE, [f"{proxy_host}:{proxy_port}:{_literal(info)}" for info in proxies[:1]])
        source = self._dialer.sources.of(vu, proxies[0][0])
        if not self.tunnels(origin):
            return [ConnectTo("", source)]
        return [_connect_to(info, source) for info in found]

    def tunnels(self, origin: Origin) -> bool:
        """Whether a proxy is asked for an address; otherwise it is shown the request, and looks the name up itself.

        A name that the plan overrides must not be looked up by anyone.
        """
        overridden = self._options.override_of(origin.host, origin.port) is not None
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
        if self._proxy_credentials is not None:
            username, password = self._proxy_credentials
            easy.setopt(pycurl.PROXYUSERNAME, username.render(scope).encode())
            easy.setopt(pycurl.PROXYPASSWORD, password.render(scope).encode())


def _connect_to(info: tuple[Any, ...], source: str | None) -> ConnectTo:
    return ConnectTo(f"{_literal(info)}:{info[4][1]}", source)


def _literal(info: tuple[Any, ...]) -> str:
    address = str(info[4][0])
    if not address:
        raise Failed(failures.DNS, NO_ADDRESS)
    return f"[{address}]" if ":" in address else address


def _credentials(options: Options, context: RunContext) -> tuple[Template, Template] | None:
    proxy = options.proxy
    if proxy is None or proxy.username is None:
        return None
    made, problems = [], []
    for at, text in (("username", proxy.username), ("password", proxy.password)):
        try:
            made.append(context.template(text))
        except Fault as fault:
            problems += [Problem(f"proxy.{at}", problem.text) for problem in fault.problems]
    if problems:
        raise InvalidInput(problems)
    return made[0], made[1]
