"""Accounts for the command line: on the stored database, while no service runs."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from perfsvc.clock import SystemClock
from perfsvc.file_lock import lock_data_folder
from perfsvc.model.entities import User
from perfsvc.service.auth.accounts import Registration
from perfsvc.service.auth.passwords import Passwords
from perfsvc.settings import Settings
from perfsvc.store import users
from perfsvc.store.database import Store
from perfsvc.store.database import writes

PAGE = 100


class AccountTool:
    """Users of a stored database."""

    def __init__(self, store: Store, passwords: Passwords) -> None:
        self._store = store
        self._passwords = passwords

    async def users(self) -> list[User]:
        """Return all users, the oldest first."""
        rows: list[User] = []
        while True:
            page = await self._store.run(users.page, len(rows) // PAGE + 1, PAGE)
            rows += page.results
            if len(rows) >= page.total:
                return rows

    async def create(self, name: str, email: str, password: str | None, *, administrator: bool) -> str | None:
        """Create a user and return the password if it is random. Raise Conflict, InvalidInput."""
        word, chosen = word_of(password)
        form = Registration.parse({"username": name, "email": email or f"{name}@localhost", "password": word})
        password_hash = await self._passwords.hash(form.password)
        await self._store.run(users.create, name, form.email, password_hash, administrator=administrator)
        return None if chosen else word

    async def disable(self, name: str) -> None:
        """Disable a user; raise NotFound."""
        await self._store.run(_disable, name)

    async def reset_password(self, name: str, password: str | None) -> str | None:
        """Set a password, enable the user and end all sessions; return the password if it is random.

        Raise NotFound, InvalidInput.
        """
        user = await self._store.run(users.by_username, name)
        word, chosen = word_of(password)
        Registration.parse({"username": user.username, "email": user.email or "-@-", "password": word})
        await self._store.run(_reset, user, await self._passwords.hash(word))
        return None if chosen else word


def word_of(password: str | None) -> tuple[str, bool]:
    """Return the chosen password or a random one, and whether it was chosen."""
    return (secrets.token_urlsafe(12), False) if password is None else (password, True)


@asynccontextmanager
async def account_tool(settings: Settings) -> AsyncIterator[AccountTool]:
    """Open the accounts. Raise StartupError while a service uses the data folder or the database."""
    lock = lock_data_folder(settings.data_dir)
    try:
        store = await Store.open(settings.database_url, clock=SystemClock(), data_dir=settings.data_dir, lock=True)
        passwords = Passwords()
        try:
            yield AccountTool(store, passwords)
        finally:
            passwords.close()
            await store.close()
    finally:
        lock.release()


@writes
def _disable(name: str) -> None:
    user = users.by_username(name)
    users.revoke_all(user.id)
    users.update(replace(user, disabled=True))


@writes
def _reset(user: User, password_hash: str) -> None:
    users.revoke_all(user.id)
    users.update(replace(user, password_hash=password_hash, disabled=False))
