"""Environments."""

from __future__ import annotations

from typing import Self

from perfsvc.model.certificates import Certificates
from perfsvc.model.entities import Env
from perfsvc.model.entities import Role
from perfsvc.service.auth.access import Kind
from perfsvc.service.certificates import facts_of
from perfsvc.service.envs import EnvChange
from perfsvc.service.envs import EnvForm
from perfsvc.service.envs import PublicDatabase
from perfsvc.service.secrets import sealed_names
from perfsvc.service.secrets import shown
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import NameOrder
from perfsvc.web.framework.queries import OfProject
from perfsvc.web.framework.queries import ordered
from perfsvc.web.framework.responses import Message
from perfsvc.web.framework.responses import Moment
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may
from perfsvc.web.framework.uses import NamedResponse


class CertificateResponse(Response):
    """A certificate: who it is for, who signed it, and when it is valid."""

    subject: str
    issuer: str
    valid_from: Moment
    valid_until: Moment

    @classmethod
    def all_in(cls, pem: str | None) -> list[Self]:
        return [cls(**facts._asdict()) for facts in facts_of(pem)]


class EnvResponse(Response):
    """An environment. The values of secrets are ``******``; passwords of connections are left out.

    ``ca_details`` and ``certificate_details`` describe the certificates, the client's own first. ``used_by`` lists
    the plans that use it; while there are any, it cannot be deleted.
    """

    id: int
    project_id: int
    name: str
    host: str
    headers: dict[str, str]
    variables: dict[str, str]
    secret_headers: list[str]
    secret_variables: list[str]
    databases: dict[str, PublicDatabase]
    certificates: Certificates
    ca_details: list[CertificateResponse]
    certificate_details: list[CertificateResponse]
    created_at: Moment
    updated_at: Moment
    updated_by: str | None
    used_by: list[NamedResponse]

    @classmethod
    def of(cls, env: Env) -> Self:
        certificates = Certificates.parse(shown(env.certificates))
        return cls(
            id=env.id,
            project_id=env.project_id,
            name=env.name,
            host=env.host,
            headers=shown(env.headers),
            variables=shown(env.variables),
            secret_headers=sealed_names(env.headers),
            secret_variables=sealed_names(env.variables),
            databases={name: PublicDatabase.of(database) for name, database in env.databases.items()},
            certificates=certificates,
            ca_details=CertificateResponse.all_in(certificates.ca),
            certificate_details=CertificateResponse.all_in(certificates.certificate),
            created_at=env.created_time,
            updated_at=env.updated_time,
            updated_by=env.updated_by,
            used_by=NamedResponse.all_of(env.uses.plans),
        )


class EnvPage(PageOf[EnvResponse]):
    """Environments."""


VIEWERS = may(Role.VIEWER, Kind.ENV)


EDITORS = may(Role.EDITOR, Kind.ENV)


class EnvQuery(OfProject):
    """Environments of a project, by name or address, the oldest first."""

    order: NameOrder = ordered(NameOrder, "created_at")


class EnvsHandler(Handler):
    @operation("获取测试环境列表", "List a project's environments", may(Role.VIEWER, Kind.PROJECT))
    async def get(self, query: EnvQuery) -> EnvPage:
        page = await self.services.envs.page(query.project_id, query.page, query.page_size, query.selection)
        return EnvPage.of(page, EnvResponse.of)

    @operation("创建测试环境", "Create an environment", may(Role.EDITOR, Kind.PROJECT), status=201)
    async def post(self, body: EnvForm) -> EnvResponse:
        return EnvResponse.of(await self.services.envs.create(self.user, body))


class EnvHandler(Handler):
    @operation("获取测试环境", "One environment", VIEWERS)
    async def get(self, env_id: int) -> EnvResponse:
        return EnvResponse.of(await self.services.envs.get(env_id))

    @operation("修改测试环境", "Change an environment", EDITORS)
    async def put(self, env_id: int, body: EnvChange) -> EnvResponse:
        return EnvResponse.of(await self.services.envs.update(self.user, env_id, body))

    @operation("删除测试环境", "Delete an environment", EDITORS)
    async def delete(self, env_id: int) -> Message:
        await self.services.envs.delete(env_id)
        return self.message("测试环境已删除", "The environment was deleted")


routes = [
    Route("/api/envs/", EnvsHandler),
    Route("/api/envs/{env_id}/", EnvHandler),
]
