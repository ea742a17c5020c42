"""Who may call an operation. Every operation names one rule, and nothing is open by omission."""

from __future__ import annotations

import ipaddress
from abc import ABC
from abc import abstractmethod
from typing import TYPE_CHECKING

from perfsvc.errors import Forbidden
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.entities import Role
from perfsvc.service.auth.access import Kind

if TYPE_CHECKING:
    from perfsvc.web.framework.handler import Handler


class Rule(ABC):
    """A rule. ``explained`` goes into the API's description."""

    explained: Text
    takes_token = True
    decided_by: tuple[str, ...] = ()
    """Inputs that the decision hangs on: the first of them that the request gives."""

    async def identify(self, handler: Handler) -> None:
        """Find out who is calling; raises NotAuthenticated."""
        await handler.authenticate()

    @abstractmethod
    async def admit(self, handler: Handler) -> None:
        """Let the caller pass, or raise Forbidden or NotFound."""


class Open(Rule):
    """Anybody, without a token."""

    explained = Text("无需登录", "Open to everybody")
    takes_token = False

    async def identify(self, handler: Handler) -> None:
        pass

    async def admit(self, handler: Handler) -> None:
        pass


class Authenticated(Rule):
    """Anybody who has logged in."""

    explained = Text("需要登录", "Needs a token")

    async def admit(self, handler: Handler) -> None:
        pass


class Administrator(Rule):
    """Administrators only."""

    explained = Text("仅限管理员", "Administrators only")

    async def identify(self, handler: Handler) -> None:
        await handler.authenticate()
        if not handler.user.administrator:
            raise Forbidden

    async def admit(self, handler: Handler) -> None:
        pass


class LoopbackOrAdministrator(Rule):
    """Programs on this machine, or an administrator from anywhere."""

    explained = Text("本机或管理员", "This machine, or administrators")

    async def identify(self, handler: Handler) -> None:
        if not _straight_from_this_machine(handler):
            await OF_ADMINISTRATOR.identify(handler)

    async def admit(self, handler: Handler) -> None:
        pass


class Member(Rule):
    """Members of the project that a resource belongs to, from a role upwards.

    The resource is the first of ``kinds`` whose ``<kind>_id`` the request gives, in the path, the query or the body.
    """

    def __init__(self, role: Role, kinds: tuple[Kind, ...]) -> None:
        self._role = role
        self._kinds = kinds
        self.decided_by = tuple(kind.id_name for kind in kinds)
        self.explained = Text(f"需要项目角色 {role.value}", f"Needs the project role {role.value}")

    async def admit(self, handler: Handler) -> None:
        for kind in self._kinds:
            ident = handler.input(kind.id_name)
            if ident is not None:
                await handler.services.access.require(handler.user, self._role, kind, ident)
                return
        required = Text("必填项", "is required")
        raise InvalidInput([Problem(self._kinds[-1].id_name, required)])


class MemberOrOwn(Member):
    """As ``Member``; where no resource is named, anybody: the listing then holds the caller's own projects only."""

    async def admit(self, handler: Handler) -> None:
        if any(handler.input(name) is not None for name in self.decided_by):
            await super().admit(handler)


def _straight_from_this_machine(handler: Handler) -> bool:
    headers = handler.request.headers
    if any(name in headers for name in ("X-Forwarded-For", "X-Real-Ip", "Forwarded")):
        return False  # a proxy on this machine speaks for somebody else
    try:
        return ipaddress.ip_address(handler.request.remote_ip or "").is_loopback
    except ValueError:
        return False


OPEN = Open()
AUTHENTICATED = Authenticated()
OF_ADMINISTRATOR = Administrator()
LOOPBACK_OR_ADMINISTRATOR = LoopbackOrAdministrator()


def may_list(role: Role, *kinds: Kind) -> MemberOrOwn:
    """The rule for listings that can be narrowed to a resource of one of these kinds."""
    return MemberOrOwn(role, kinds)


def may(role: Role, *kinds: Kind) -> Member:
    """The rule for members of a project with at least ``role``."""
    return Member(role, kinds)
