"""Users: registration, changes to one's own profile, changes by an administrator."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import Field
from pydantic import model_validator

from perfsvc.clock import Clock
from perfsvc.errors import Conflict
from perfsvc.errors import Forbidden
from perfsvc.errors import InvalidInput
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.entities import Page
from perfsvc.model.entities import User
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.model.problems import Fault
from perfsvc.model.worded import Worded
from perfsvc.service.auth.passwords import LONGEST
from perfsvc.service.auth.passwords import SHORTEST
from perfsvc.service.auth.passwords import Passwords
from perfsvc.service.auth.sessions import Sessions
from perfsvc.service.auth.sessions import TokenPair
from perfsvc.service.auth.throttle import Throttle
from perfsvc.service.auth.weak_passwords import weakness
from perfsvc.service.partial_update import Change
from perfsvc.service.partial_update import may_change
from perfsvc.settings import Settings
from perfsvc.store import api_tokens
from perfsvc.store import users
from perfsvc.store.database import Store
from perfsvc.store.database import writes

REGISTRATIONS_PER_HOUR = 30
"""Per address: hashing a password costs more than sending one."""
PASSWORD_GUESSES = 10

Username = Annotated[
    str,
    Worded(
        r"[\w.@-]{2,150}",
        "只能用文字、数字和 . _ - @，2–150 个字符，不能有空格",
        "may have letters, digits and . _ - @ only, 2–150 of them, without spaces",
    ),
]
Email = Annotated[
    str,
    Field(max_length=254),
    Worded(r"[^@\s]+@[^@\s]+", "应为邮箱地址，如 wang@example.com", "must be an address such as wang@example.com"),
]
Password = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]


class Registration(Spec):
    """A new user."""

    username: Username = titled("用户名", "Username")
    email: Email = titled("邮箱", "Email")
    password: Password = titled("密码", "Password")

    @model_validator(mode="after")
    def _not_the_name(self) -> Registration:
        weak = weakness(self.password, self.username, self.email)
        if weak is not None:
            raise Fault(*weak, "password")
        return self


class NewAccount(Registration):
    """A new user, made by an administrator."""

    administrator: bool = titled("管理员", "Administrator", default=False)


class ProfileChange(Change):
    """Changes to one's own profile."""

    username: Username = may_change("用户名", "Username")
    email: Email = may_change("邮箱", "Email")


class PasswordChange(Spec):
    """A new password, confirmed with the old one."""

    old_password: str = titled("原密码", "Current password", min_length=1, max_length=LONGEST)
    new_password: Password = titled("新密码", "New password")


class AccountChange(Change):
    """Changes by an administrator. ``is_active``: 0 normal, 1 disabled."""

    email: Email = may_change("邮箱", "Email")
    is_active: Literal[0, 1] = may_change("禁用状态", "Disabled")
    administrator: bool = may_change("管理员", "Administrator")
    password: Password = may_change("密码", "Password")


class Accounts:
    """Users and their passwords."""

    def __init__(
        self, store: Store, settings: Settings, passwords: Passwords, sessions: Sessions, clock: Clock
    ) -> None:
        self._store = store
        self._settings = settings
        self._passwords = passwords
        self._sessions = sessions
        self._registrations = Throttle(REGISTRATIONS_PER_HOUR, 3600, clock)
        self._guesses = Throttle(PASSWORD_GUESSES, settings.login_window, clock)

    async def ensure_administrator(self) -> str | None:
        """Create the administrator at the first start. Return the password if it is random, to be shown once."""
        if await self._store.run(users.exist):
            return None
        name = self._settings.admin_username
        password = self._settings.admin_password or secrets.token_urlsafe(12)
        password_hash = await self._passwords.hash(password)
        await self._store.run(users.create, name, f"{name}@localhost", password_hash, administrator=True)
        return None if self._settings.admin_password else password

    async def register(self, form: Registration, address: str) -> User:
        """Create a user. Raises Conflict for a taken name, Forbidden when registration is closed, TooManyRequests."""
        if not self._settings.registration:
            raise Forbidden("未开放注册，请联系管理员", "Registration is closed; contact an administrator")
        self._registrations.admit(address)
        password_hash = await self._passwords.hash(form.password)
        return await self._store.run(users.create, form.username, form.email, password_hash)

    async def create(self, form: NewAccount) -> User:
        """Create another user's account, also where registration is closed. Raises Conflict for a taken name."""
        password_hash = await self._passwords.hash(form.password)
        return await self._store.run(
            users.create, form.username, form.email, password_hash, administrator=form.administrator
        )

    async def get(self, user_id: int) -> User:
        return await self._store.run(users.get, user_id)

    async def page(self, page: int, page_size: int, selection: Selection = ALL) -> Page[User]:
        """Return all users, the oldest first."""
        return await self._store.run(users.page, page, page_size, selection)

    async def update_profile(self, user: User, change: ProfileChange) -> User:
        """Raises Conflict for a taken name."""
        return await self._store.run(_update, user.id, change.changes())

    async def change_password(self, user: User, form: PasswordChange) -> TokenPair:
        """End all sessions and begin a new one. Raises InvalidInput for a wrong old password."""
        self._guesses.admit(user.id)
        if not await self._passwords.verify(user.password_hash, form.old_password):
            raise InvalidInput.at("old_password", "密码错误", "is wrong")
        self._guesses.reset(user.id)
        refuse_weak("new_password", form.new_password, user)
        await self._store.run(_set_password, user.id, await self._passwords.hash(form.new_password))
        return await self._sessions.begin(user)

    async def administer(self, user_id: int, change: AccountChange, administrator: User) -> User:
        """Change an account; disabling it or setting its password ends all its sessions and deletes its API tokens.

        Raises NotFound, and Conflict when administrators disable or demote themselves, so that one always remains.
        """
        changes = change.changes()
        disabled = changes.pop("is_active", 0) == 1
        if user_id == administrator.id and (disabled or changes.get("administrator") is False):
            raise Conflict("不能禁用或降级自己的账号", "You cannot disable or demote your own account")
        if "is_active" in change.model_fields_set:
            changes["disabled"] = disabled
        if "password" in changes:
            refuse_weak("password", changes["password"], await self.get(user_id))
            changes["password_hash"] = await self._passwords.hash(changes.pop("password"))
        return await self._store.run(_administer, user_id, changes)


def refuse_weak(path: str, password: str, user: User) -> None:
    """Raise InvalidInput for a password that is guessed first."""
    weak = weakness(password, user.username, user.email)
    if weak is not None:
        raise InvalidInput.at(path, *weak)


@writes
def _update(user_id: int, changes: dict[str, Any]) -> User:
    return users.update(replace(users.get(user_id), **changes))


@writes
def _set_password(user_id: int, password_hash: str) -> None:
    _update(user_id, {"password_hash": password_hash})
    users.revoke_all(user_id)


@writes
def _administer(user_id: int, changes: dict[str, Any]) -> User:
    if changes.get("disabled") or "password_hash" in changes:
        users.revoke_all(user_id)
        api_tokens.delete_all(user_id)
    changed = _update(user_id, changes)
    if not users.administrators():
        raise Conflict("至少要有一个可用的管理员", "At least one administrator must remain")
    return changed
