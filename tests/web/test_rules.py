"""The rules of operations, without a server: a request is whatever has the members of ``ApiRequest``."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from dataclasses import field
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders

from perfsvc.errors import Forbidden
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotAuthenticated
from perfsvc.model.entities import Role
from perfsvc.service.auth.access import Kind
from perfsvc.web.framework.rules import AUTHENTICATED
from perfsvc.web.framework.rules import LOOPBACK_OR_ADMINISTRATOR
from perfsvc.web.framework.rules import OF_ADMINISTRATOR
from perfsvc.web.framework.rules import OPEN
from perfsvc.web.framework.rules import Rule
from perfsvc.web.framework.rules import may


@dataclass
class Request:
    """A request by ``user`` from ``address``; records what it was asked to prove."""

    user: Any = None
    address: str = "192.0.2.1"
    headers: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    required: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def request(self) -> Any:
        return SimpleNamespace(headers=HTTPHeaders(self.headers), remote_ip=self.address)

    @property
    def services(self) -> Any:
        return SimpleNamespace(access=self)

    async def require(self, *asked: Any) -> None:
        self.required.append(asked)

    async def authenticate(self) -> None:
        if self.user is None:
            raise NotAuthenticated

    def input(self, name: str) -> Any:
        return self.inputs.get(name)


MEMBER = SimpleNamespace(administrator=False)
ADMINISTRATOR = SimpleNamespace(administrator=True)


def admit(rule: Rule, request: Request) -> None:
    async def both() -> None:
        await rule.identify(request)  # type: ignore[arg-type]
        await rule.admit(request)  # type: ignore[arg-type]

    asyncio.run(both())


@pytest.mark.parametrize(
    ("rule", "user", "refusal"),
    [
        (OPEN, None, None),
        (AUTHENTICATED, None, NotAuthenticated),
        (AUTHENTICATED, MEMBER, None),
        (OF_ADMINISTRATOR, None, NotAuthenticated),
        (OF_ADMINISTRATOR, MEMBER, Forbidden),
        (OF_ADMINISTRATOR, ADMINISTRATOR, None),
        (LOOPBACK_OR_ADMINISTRATOR, MEMBER, Forbidden),
        (LOOPBACK_OR_ADMINISTRATOR, ADMINISTRATOR, None),
    ],
)
def test_who_may_pass(rule: Rule, user: Any, refusal: type[Exception] | None) -> None:
    if refusal is None:
        admit(rule, Request(user))
        return
    with pytest.raises(refusal):
        admit(rule, Request(user))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_programs_on_this_machine_need_no_token(address: str) -> None:
    admit(LOOPBACK_OR_ADMINISTRATOR, Request(address=address))


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-Ip", "Forwarded"])
def test_a_proxy_on_this_machine_is_not_this_machine(header: str) -> None:
    with pytest.raises(NotAuthenticated):
        admit(LOOPBACK_OR_ADMINISTRATOR, Request(address="127.0.0.1", headers={header: "192.0.2.7"}))


def test_an_address_that_cannot_be_read_is_not_this_machine() -> None:
    with pytest.raises(NotAuthenticated):
        admit(LOOPBACK_OR_ADMINISTRATOR, Request(address="/tmp/socket"))


def test_members_need_the_role_in_the_project_of_the_first_resource_given() -> None:
    request = Request(MEMBER, inputs={"plan_id": 7, "project_id": 1})
    admit(may(Role.EDITOR, Kind.PLAN, Kind.PROJECT), request)
    assert request.required == [(MEMBER, Role.EDITOR, Kind.PLAN, 7)]


def test_a_resource_must_be_given() -> None:
    with pytest.raises(InvalidInput) as refused:
        admit(may(Role.VIEWER, Kind.PLAN, Kind.PROJECT), Request(MEMBER))
    assert [problem.path for problem in refused.value.problems] == ["project_id"]
