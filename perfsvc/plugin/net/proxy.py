"""Proxies between users and targets: tunnels by HTTP CONNECT and SOCKS5."""

from __future__ import annotations

import re
import socket
from typing import Any
from urllib.parse import urlsplit

from pydantic import field_validator

from perfsvc.plugin import Failed
from perfsvc.plugin import Fault
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Problem
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Spec
from perfsvc.plugin import Template
from perfsvc.plugin import Text
from perfsvc.plugin import failures
from perfsvc.plugin import titled
from perfsvc.plugin.net.addresses import Info

PROXY = re.compile(r"(?:http|socks5)://(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}/?")
NOT_A_PROXY = Text(
    "应为 http:// 或 socks5:// 加 host:port，用户名和密码另填",
    "must be http:// or socks5:// with host:port; user name and password have keys of their own",
)


class Proxy(Spec):
    """A proxy between users and targets."""

    url: str = titled(
        "代理地址",
        "Proxy URL",
        max_length=1000,
        about=("http:// 或 socks5://，加上主机和端口。", "http:// or socks5://, a host and a port."),
        examples=["http://127.0.0.1:3128", "socks5://127.0.0.1:1080"],
    )
    username: str | None = titled(
        "代理用户名",
        "Proxy user name",
        default=None,
        max_length=1000,
        template=True,
        about=("代理要求登录时填写。", "Where the proxy wants a log-in."),
        examples=["alice"],
    )
    password: str = titled(
        "代理密码",
        "Proxy password",
        default="",
        max_length=1000,
        secret=True,
        template=True,
        about=(
            "与代理用户名一起使用；加密保存，不再显示。",
            "Goes with the proxy user name; stored encrypted and not shown again.",
        ),
        examples=["{{proxy_password}}"],
    )

    @field_validator("url")
    @classmethod
    def _leads_to_a_proxy(cls, value: str) -> str:
        if not PROXY.fullmatch(value):
            raise Fault(*NOT_A_PROXY)
        return value

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 0)


class ProxyOptions(Spec):
    """Options for a proxy."""

    proxy: Proxy | None = titled(
        "代理",
        "Proxy",
        default=None,
        about=("所有连接都经过它；不填时直接连接。", "All connections go through it; without one they are direct."),
    )


class ProxyCredentials:
    """User name and password for a proxy, which may hold templates."""

    def __init__(self, proxy: Proxy, context: RunContext) -> None:
        """Raise InvalidInput for texts that are no templates."""
        self._texts = None if proxy.username is None else _templates(proxy, context)

    def of(self, scope: Scope) -> tuple[str, str] | None:
        """Return a user's name and password, or None. Raise MissingVariable."""
        if self._texts is None:
            return None
        username, password = self._texts
        return username.render(scope), password.render(scope)


async def tunnelled(
    proxy: Proxy, there: Info, to: Info, credentials: tuple[str, str] | None, source: str | None
) -> socket.socket:
    """Return a socket connected to an address by way of a proxy's address. Raise Failed and OSError."""
    from python_socks import ProxyConnectionError  # imported late: few runs need it
    from python_socks import ProxyError
    from python_socks import ProxyType
    from python_socks.async_.asyncio import Proxy as Tunnel

    username, password = credentials or (None, None)
    kind = {"http": ProxyType.HTTP, "socks5": ProxyType.SOCKS5}[urlsplit(proxy.url).scheme]
    tunnel = Tunnel(kind, _literal(there), there[4][1], username, password)
    try:
        connected = await tunnel.connect(
            _literal(to), to[4][1], timeout=NO_LIMIT_S, local_addr=None if source is None else (source, 0)
        )
    except ProxyConnectionError as error:
        raise OSError(error.errno, str(error)) from None
    except ProxyError as error:
        code = "" if error.error_code is None else f": {error.error_code}"
        raise Failed(f"{failures.PROXY}{code}", str(error)) from None
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


NO_LIMIT_S = 86_400.0
"""The step's time limit ends the attempt."""


def _literal(info: tuple[Any, ...]) -> str:
    return str(info[4][0])


def _templates(proxy: Proxy, context: RunContext) -> tuple[Template, Template]:
    templates, problems = [], []
    for at, text in (("username", proxy.username or ""), ("password", proxy.password)):
        try:
            templates.append(context.template(text))
        except Fault as fault:
            problems += [Problem(f"proxy.{at}", problem.text) for problem in fault.problems]
    if problems:
        raise InvalidInput(problems)
    return templates[0], templates[1]
