"""Host names: how they are written on the wire, host overrides of a plan, and name lookup."""

from __future__ import annotations

import re
from typing import Literal

import idna
from pydantic import field_validator

from perfsvc.plugin import Failed
from perfsvc.plugin import Fault
from perfsvc.plugin import Many
from perfsvc.plugin import Problem
from perfsvc.plugin import RunContext
from perfsvc.plugin import Spec
from perfsvc.plugin import Text
from perfsvc.plugin import failures
from perfsvc.plugin import titled
from perfsvc.plugin.net.addresses import AddressInfos
from perfsvc.plugin.net.addresses import AddressOrder

NAMED = re.compile(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~-]+)?\]):[0-9]{1,5}")
PLACE = re.compile(r"[A-Za-z0-9._~-]+|[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~-]+)?")
NOT_NAMED = Text("应为 host:port", "must be host:port")
NOT_A_PLACE = Text("应映射到 IP 地址或主机名", "must map to an IP address or a host name")
NO_PLACE = Text("至少要有一个地址", "needs at least one address")
MOST_PLACES = 1000

Places = str | Many[str]


def ascii_host(name: str) -> str:
    """Return a host name as it is sent: other letters than ASCII by IDNA 2008 with the mapping of UTS 46.

    ``%25`` before the zone of an IPv6 address (RFC 6874) becomes ``%``. Raise ValueError with the reason.
    """
    if ":" in name:
        return name.replace("%25", "%", 1)
    if name.isascii():
        return name
    try:
        *labels, last = idna.uts46_remap(name, std3_rules=False).split(".")
        if not all(labels):
            raise idna.IDNAError("empty label")
        return ".".join(label if label.isascii() else idna.alabel(label).decode() for label in (*labels, last))
    except idna.IDNAError as error:
        raise ValueError(f"{name!r} is not a host: {error}") from None


def bare_host(host: str) -> str:
    """Return a host as certificates and ``Host`` headers name it: without the last dot, without a zone."""
    return host.partition("%")[0].rstrip(".")


ADDRESS_CHOICES = {
    "connection": ("每个连接轮流使用", "The next one for each connection"),
    "user": ("每个用户固定一个", "One for each user"),
}


class NameOptions(Spec):
    """Options for host overrides and for names with several addresses."""

    resolve: dict[str, Places] = titled(
        "主机覆盖（host:port → 地址，可多个）",
        "Host override",
        freeform=True,
        default_factory=dict,
        about=(
            "将 host:port 对应到一个或多个地址；仍须是本服务允许发送负载的地址。",
            "host:port to one address or several; still subject to what this installation may send load to.",
        ),
        examples=[{"shop.example.com:443": "10.0.0.5"}],
    )
    address_choice: Literal["connection", "user"] = titled(
        "多个地址时的选择",
        "Choice among several addresses",
        advanced=True,
        default="connection",
        labels=ADDRESS_CHOICES,
        about=(
            "connection：每个连接依次使用域名的下一个地址；user：每个用户固定使用一个。",
            "connection: each connection takes the next address of a name. user: a user stays with one.",
        ),
    )

    @field_validator("resolve")
    @classmethod
    def _leads_somewhere(cls, value: dict[str, Places]) -> dict[str, Places]:
        value = {_named(name): places for name, places in value.items()}
        wrong = {name: NOT_NAMED for name in value if not NAMED.fullmatch(name)}
        for name, places in value.items():
            if not places:
                wrong[name] = NO_PLACE
            elif len(_several(places)) > MOST_PLACES or not all(map(PLACE.fullmatch, _several(places))):
                wrong[name] = NOT_A_PLACE
        if wrong:
            raise Fault.all([Problem(name, text) for name, text in wrong.items()])
        return value

    def overrides_of(self, host: str, port: int) -> tuple[str, ...]:
        """Return the plan's addresses of a host, none where it has no override."""
        name = f"[{host}]:{port}" if ":" in host else f"{host.rstrip('.')}:{port}"
        return _several(self.resolve.get(name.lower(), ()))


class Lookup:
    """Addresses of the hosts of a run, in the order in which a connection tries them."""

    def __init__(self, options: NameOptions, context: RunContext) -> None:
        self._options = options
        self._resolve = context.resolve
        self.order = AddressOrder(context.now_ns, sticky=options.address_choice == "user")

    async def find(self, host: str, port: int, vu: int) -> AddressInfos:
        """Return the addresses of a host for one more connection of a user. Raise Failed and TargetDenied."""
        places = self._options.overrides_of(host, port) or (host,)
        found: AddressInfos = []
        for place in places:
            try:
                found += await self._resolve(place, port)
            except OSError as error:
                raise Failed(failures.DNS, f"{place}: {error}") from None
        if not found:
            raise Failed(failures.DNS, f"{', '.join(places)} has no address")
        return found if len(found) == 1 else self.order.of(host, port, found, vu)


def _named(name: str) -> str:
    """Return ``host:port`` as requests have it; one that is no host stays as it is."""
    host, colon, port = name.rpartition(":")
    try:
        return f"{host if ':' in host else ascii_host(host).rstrip('.')}{colon}{port}".lower()
    except ValueError:
        return name


def _several(places: Places | tuple[()]) -> tuple[str, ...]:
    return (places,) if isinstance(places, str) else tuple(places)
