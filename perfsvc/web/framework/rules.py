"""Permissions: the rules that operations name. An operation without a rule does not start."""

from __future__ import annotations

import ipaddress
from abc import ABC
from abc import abstractmethod

from tornado.httputil import HTTPServerRequest

from perfsvc.errors import Forbidden
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.entities import Role
from perfsvc.service.auth.access import Kind
from perfsvc.web.framework.request import ApiRequest

ADMINISTRATOR_NEEDED = Text(
    "仅限管理员：请让管理员来做，或请管理员把你设为管理员",
    "for administrators only: ask one of them to do it, or to make you one",
)


class Rule(ABC):
    """Decides whether a caller may use an operation. ``explained`` goes into the API's description."""

    explained: Text
    takes_token = True
    decided_by: tuple[str, ...] = ()
    """Inputs that the decision depends on: the first of them that the request gives."""

    async def identify(self, request: ApiRequest) -> None:
        """Identify the caller. Raises NotAuthenticated."""
        await request.authenticate()

    @abstractmethod
    async def admit(self, request: ApiRequest) -> None:
        """Return for a permitted caller. Raises Forbidden or NotFound."""


class Open(Rule):
    """Everyone, without a token."""

    explained = Text("无需登录", "Open to everybody")
    takes_token = False

    async def identify(self, request: ApiRequest) -> None:
        pass

    async def admit(self, request: ApiRequest) -> None:
        pass


class Authenticated(Rule):
    """Every user who has logged in."""

    explained = Text("需要登录", "Needs a token")

    async def admit(self, request: ApiRequest) -> None:
        pass


class Administrator(Rule):
    """Administrators only."""

    explained = Text("仅限管理员", "Administrators only")

    async def identify(self, request: ApiRequest) -> None:
        await request.authenticate()
        if not request.user.administrator:
            raise Forbidden(*ADMINISTRATOR_NEEDED)

    async def admit(self, request: ApiRequest) -> None:
        pass


class LoopbackOrAdministrator(Rule):
    """Programs on this machine, or an administrator from anywhere."""

    explained = Text("本机或管理员", "This machine, or administrators")

    async def identify(self, request: ApiRequest) -> None:
        if not _is_local(request.request):
            await OF_ADMINISTRATOR.identify(request)

    async def admit(self, request: ApiRequest) -> None:
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

    async def admit(self, request: ApiRequest) -> None:
        for kind in self._kinds:
            ident = request.input(kind.id_name)
            if ident is not None:
                await request.services.access.require(request.user, self._role, kind, ident)
                return
        required = Text("必填项", "is required")
        raise InvalidInput([Problem(self._kinds[-1].id_name, required)])


class MemberOrOwn(Member):
    """Like ``Member``; without a resource every user passes, and the listing is limited to the caller's projects."""

    async def admit(self, request: ApiRequest) -> None:
        if any(request.input(name) is not None for name in self.decided_by):
            await super().admit(request)


def _is_local(request: HTTPServerRequest) -> bool:
    if any(name in request.headers for name in ("X-Forwarded-For", "X-Real-Ip", "Forwarded")):
        return False  # a proxy on this machine may forward requests from other machines
    try:
        return ipaddress.ip_address(request.remote_ip or "").is_loopback
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
