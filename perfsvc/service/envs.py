"""Environments: named targets with their database connections.

The password of a connection, the key of a client certificate, and headers and variables marked secret, are sealed
before they are stored, and never returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated
from typing import Any
from typing import NamedTuple
from typing import Self

from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import Field
from pydantic import field_validator

from perfsvc.engine.masking import secret_values
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.certificates import NO_CERTIFICATES
from perfsvc.model.certificates import Certificates
from perfsvc.model.config import check_address
from perfsvc.model.entities import Env
from perfsvc.model.entities import Page
from perfsvc.model.entities import User
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.model.variable_name import VariableName
from perfsvc.model.worded import Worded
from perfsvc.service.auth.vault import Vault
from perfsvc.service.certificates import sealed_certificates
from perfsvc.service.fields import Id
from perfsvc.service.fields import Name
from perfsvc.service.partial_update import Change
from perfsvc.service.partial_update import may_change
from perfsvc.service.secrets import opened
from perfsvc.service.secrets import sealed_entries
from perfsvc.service.secrets import sealed_names
from perfsvc.service.secrets import shown
from perfsvc.store import envs
from perfsvc.store.database import Store
from perfsvc.store.database import writes

SEALED = "sealed_password"
"""The key of a stored, sealed password."""

Host = Annotated[str, Field(max_length=2000)]
Header = Annotated[
    str,
    Worded(
        r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}",
        "请求头名称只能用英文字母、数字和 ! # $ % & ' * + . ^ _ ` | ~ -，1–200 个字符，不能有空格和冒号",
        "the name of a header may have ASCII letters, digits and ! # $ % & ' * + . ^ _ ` | ~ - only, "
        "1–200 of them, without spaces or a colon",
    ),
]
HeaderValue = Annotated[
    str,
    Field(max_length=8000),
    Worded(r"[^\r\n\x00]*", "请求头的值不能换行", "the value of a header must be one line"),
]
Value = Annotated[str, Field(max_length=10_000)]
DatabaseType = Annotated[
    str,
    Worded(
        r"[a-z0-9_+-]{1,30}",
        "只能用小写字母、数字和 _ + -，如 mysql、postgresql",
        "may have lower-case letters, digits and _ + - only, such as mysql or postgresql",
    ),
]

Headers = Annotated[dict[Header, HeaderValue], Field(max_length=100)]
Variables = Annotated[dict[VariableName, Value], Field(max_length=500)]
SecretHeaders = Annotated[Many[Header], Field(max_length=100)]
SecretVariables = Annotated[Many[VariableName], Field(max_length=500)]


class DatabaseForm(Spec):
    """A database connection. Without ``password``, the stored one of the same name is kept."""

    type: DatabaseType = titled("类型", "Kind, such as mysql")
    host: str = titled("主机", "Host", default="", max_length=255)
    port: int | None = titled("端口", "Port", default=None, ge=1, le=65_535)
    user: str = titled("用户", "User", default="", max_length=255)
    password: str | None = titled("密码", "Password", default=None, max_length=1000)
    database: str = titled("数据库", "Database", default="", max_length=255)


Databases = Annotated[dict[Name, DatabaseForm], Field(max_length=50)]


class PublicDatabase(BaseModel):
    """A connection in responses: whether it has a password, but not which."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    host: str
    port: int | None
    user: str
    database: str
    password_set: bool

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        shown = {name: value for name, value in stored.items() if name != SEALED}
        return cls(**shown, password_set=SEALED in stored)


class EnvFields(Spec):
    """The fields of an environment."""

    name: Name = titled("环境名称", "Name")
    host: Host = titled("服务地址", "Base URL", default="")
    headers: Headers = titled("公共请求头", "Headers of every request", default_factory=dict)
    variables: Variables = titled("变量", "Variables", default_factory=dict)
    secret_headers: SecretHeaders = titled("机密请求头的名称", "Names of secret headers", default=())
    secret_variables: SecretVariables = titled("机密变量的名称", "Names of secret variables", default=())
    databases: Databases = titled("数据库连接", "Database connections", default_factory=dict)
    certificates: Certificates = titled("证书", "Certificates", default=NO_CERTIFICATES)

    @field_validator("host")
    @classmethod
    def _is_address(cls, value: str) -> str:
        return checked_host(value)


class EnvForm(EnvFields):
    """A new environment."""

    project_id: Id = titled("所属项目", "Project")


class EnvChange(Change):
    """Changes of an environment; ``databases`` and ``certificates`` are replaced whole. ``******`` keeps a secret."""

    name: Name = may_change("环境名称", "Name")
    host: Host = may_change("服务地址", "Base URL")
    headers: Headers = may_change("公共请求头", "Headers of every request")
    variables: Variables = may_change("变量", "Variables")
    secret_headers: SecretHeaders = may_change("机密请求头的名称", "Names of secret headers")
    secret_variables: SecretVariables = may_change("机密变量的名称", "Names of secret variables")
    databases: Databases = may_change("数据库连接", "Database connections")
    certificates: Certificates = may_change("证书", "Certificates")

    @field_validator("host")
    @classmethod
    def _is_address(cls, value: str) -> str:
        return checked_host(value)


def checked_host(value: str) -> str:
    """Return the base URL, valid or empty. Raises Fault."""
    if value:
        check_address(value)
    return value


class OpenEnv(NamedTuple):
    """An environment in plain text, for a run; ``secrets`` are the values that nothing may show."""

    host: str
    headers: dict[str, str]
    variables: dict[str, str]
    secrets: frozenset[str]
    certificates: Certificates


class Envs:
    """The environments of projects."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def create(self, user: User, form: EnvForm) -> Env:
        sealed, creator = self.sealed(form), user.username
        return await self._store.run(envs.create, form.project_id, form.name, form.host, creator=creator, **sealed)

    async def get(self, env_id: int) -> Env:
        return await self._store.run(envs.get, env_id)

    async def page(self, project_id: int, page: int, page_size: int, selection: Selection = ALL) -> Page[Env]:
        return await self._store.run(envs.page, project_id, page, page_size, selection)

    async def update(self, user: User, env_id: int, change: EnvChange) -> Env:
        return await self._store.run(self._update, user, env_id, change)

    async def delete(self, env_id: int) -> None:
        """Raises Conflict while a plan uses it."""
        await self._store.run(envs.delete, env_id)

    def sealed(self, form: EnvFields, before: Env | None = None) -> dict[str, dict[str, Any]]:
        """The fields with secrets as they are stored; MASK keeps what ``before`` has. Raise InvalidInput."""
        headers, variables, databases = (before.headers, before.variables, before.databases) if before else ({}, {}, {})
        return {
            "headers": self._entries("headers", form.headers, form.secret_headers, headers),
            "variables": self._entries("variables", form.variables, form.secret_variables, variables),
            "databases": self._sealed(form.databases, databases),
            "certificates": sealed_certificates(form.certificates, before.certificates if before else {}, self._vault),
        }

    def password(self, env: Env, database: str) -> str:
        """Return the plain password of a connection, empty if it has none."""
        sealed = env.databases[database].get(SEALED)
        return self._vault.unseal(sealed) if sealed else ""

    def opened(self, env: Env) -> OpenEnv:
        """Return an environment in plain text; variables whose names look like secrets count as such.

        Raise Unavailable for secrets sealed with another key.
        """
        secrets: set[str] = set()
        headers, variables = (opened(stored, self._vault, secrets) for stored in (env.headers, env.variables))
        certificates = Certificates.parse(opened(env.certificates, self._vault, secrets))
        hidden = frozenset(secrets) | secret_values(variables, ())
        return OpenEnv(env.host, headers, variables, hidden, certificates)

    @writes
    def _update(self, user: User, env_id: int, change: EnvChange) -> Env:
        env = envs.get(env_id)
        changes = change.changes()
        if "databases" in changes:
            changes["databases"] = self._sealed(change.databases, env.databases)
        if "certificates" in changes:
            changes["certificates"] = sealed_certificates(change.certificates, env.certificates, self._vault)
        for path in ("headers", "variables"):
            marked = changes.pop(f"secret_{path}", None)
            if path in changes or marked is not None:
                changes[path] = self._changed_entries(path, changes.get(path), marked, getattr(env, path))
        return envs.update(replace(env, **changes, updated_by=user.username))

    def _changed_entries(
        self, path: str, changed: dict[str, str] | None, marked: Sequence[str] | None, stored: dict[str, Any]
    ) -> dict[str, Any]:
        entries = shown(stored) if changed is None else changed
        secret = [name for name in sealed_names(stored) if name in entries] if marked is None else marked
        return self._entries(path, entries, secret, stored)

    def _entries(
        self, path: str, entries: dict[str, str], secret: Sequence[str], stored: dict[str, Any]
    ) -> dict[str, Any]:
        return sealed_entries(entries, secret, stored, self._vault, path)

    def _sealed(self, forms: dict[str, DatabaseForm], stored: dict[str, Any]) -> dict[str, Any]:
        return {name: self._entry(form, stored.get(name, {})) for name, form in forms.items()}

    def _entry(self, form: DatabaseForm, stored: dict[str, Any]) -> dict[str, Any]:
        entry = form.model_dump(exclude={"password"})
        if form.password:
            return {**entry, SEALED: self._vault.seal(form.password)}
        # Kept for the same account only: a password must not follow a connection to another host.
        same_account = all(entry[name] == stored.get(name) for name in ("type", "host", "port", "user"))
        if form.password is None and same_account and SEALED in stored:
            return {**entry, SEALED: stored[SEALED]}
        return entry
