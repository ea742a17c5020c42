"""Host overrides of a plan, and name lookup."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any

from pydantic import field_validator

from perfsvc.plugin import Failed
from perfsvc.plugin import Fault
from perfsvc.plugin import Problem
from perfsvc.plugin import RunContext
from perfsvc.plugin import Spec
from perfsvc.plugin import Text
from perfsvc.plugin import failures
from perfsvc.plugin import titled

NAMED = re.compile(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")
PLACE = re.compile(r"[A-Za-z0-9._~-]+|[0-9A-Fa-f:.]+")
NOT_NAMED = Text("应为 host:port", "must be host:port")
NOT_A_PLACE = Text("应映射到 IP 地址或主机名", "must map to an IP address or a host name")

Found = list[tuple[Any, ...]]
"""Results in the form of ``getaddrinfo``."""


class NameOptions(Spec):
    """Options for host overrides."""

    resolve: dict[str, str] = titled("主机覆盖（host:port → 地址）", "Host override", default_factory=dict)
    """``host:port`` to an address; still subject to what this installation may send load to."""

    @field_validator("resolve")
    @classmethod
    def _leads_somewhere(cls, value: dict[str, str]) -> dict[str, str]:
        wrong = {name: NOT_NAMED for name in value if not NAMED.fullmatch(name)}
        wrong |= {name: NOT_A_PLACE for name, place in value.items() if not PLACE.fullmatch(place)}
        if wrong:
            raise Fault.all([Problem(name, text) for name, text in wrong.items()])
        return {name.lower(): place for name, place in value.items()}

    def override_of(self, host: str, port: int) -> str | None:
        """Return the plan's override for a host, or None."""
        name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return self.resolve.get(name.lower())


def looking_up(options: NameOptions, context: RunContext) -> Callable[[str, int], Awaitable[Found]]:
    """Return a function that looks up the addresses of a host. It raises Failed and TargetDenied."""

    async def look_up(host: str, port: int) -> Found:
        place = options.override_of(host, port) or host
        try:
            found = await context.resolve(place, port)
        except OSError as error:
            raise Failed(failures.DNS, f"{place}: {error}") from None
        if not found:
            raise Failed(failures.DNS, f"{place} has no address")
        return found

    return look_up
