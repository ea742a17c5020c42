"""Sessions over either database, where requests come at the same time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from perfsvc.errors import NotAuthenticated
from perfsvc.model.entities import User
from perfsvc.service.auth.accounts import Accounts
from perfsvc.service.auth.accounts import PasswordChange
from perfsvc.service.auth.accounts import Registration
from perfsvc.service.auth.passwords import Passwords
from perfsvc.service.auth.sessions import REFRESH_GRACE_S
from perfsvc.service.auth.sessions import Login
from perfsvc.service.auth.sessions import Sessions
from perfsvc.settings import Settings
from perfsvc.store import users
from perfsvc.store.database import Store
from tests.support.manual_clock import ManualClock
from tests.support.web_world import SECRET_KEY

PASSWORD = "long enough"


async def member(identities: Any) -> User:
    form = Registration(username="somebody", email="s@example.com", password=PASSWORD)
    user: User = await identities.accounts.register(form, "127.0.0.1")
    return user


@pytest.mark.asyncio
async def test_tabs_that_refresh_at_once_all_go_on(identities: Any, clock: ManualClock) -> None:
    pair = await identities.sessions.begin(await member(identities))
    pairs = await asyncio.gather(*(identities.sessions.refresh(pair.refresh_token) for _ in range(5)))
    clock.advance(REFRESH_GRACE_S - 1)
    pairs.append(await identities.sessions.refresh(pair.refresh_token))
    assert len({made.refresh_token for made in pairs}) == 6
    for made in pairs:
        await identities.sessions.authenticate(made.token)
        await identities.sessions.refresh(made.refresh_token)


@pytest.mark.asyncio
async def test_a_token_that_was_used_long_ago_ends_the_session(identities: Any, clock: ManualClock) -> None:
    pair = await identities.sessions.begin(await member(identities))
    second = await identities.sessions.refresh(pair.refresh_token)
    clock.advance(REFRESH_GRACE_S + 1)
    with pytest.raises(NotAuthenticated):
        await identities.sessions.refresh(pair.refresh_token)
    for token in (second.token,):
        with pytest.raises(NotAuthenticated):
            await identities.sessions.authenticate(token)


@pytest.mark.asyncio
async def test_the_grace_ends_with_the_session(identities: Any) -> None:
    pair = await identities.sessions.begin(await member(identities))
    second = await identities.sessions.refresh(pair.refresh_token)
    await identities.sessions.logout((await identities.sessions.authenticate(second.token)).session)
    with pytest.raises(NotAuthenticated):
        await identities.sessions.refresh(pair.refresh_token)


@pytest.mark.asyncio
async def test_a_new_password_ends_every_other_session(identities: Any) -> None:
    user = await member(identities)
    pairs = [await identities.sessions.begin(user) for _ in range(3)]
    change = PasswordChange(old_password=PASSWORD, new_password="another one")
    fresh = await identities.accounts.change_password(user, change)
    for pair in pairs:
        with pytest.raises(NotAuthenticated):
            await identities.sessions.authenticate(pair.token)
    assert (await identities.sessions.authenticate(fresh.token)).user.id == user.id


@pytest.mark.asyncio
async def test_what_has_expired_is_forgotten_when_somebody_logs_in(
    identities: Any, store: Store, clock: ManualClock
) -> None:
    user = await member(identities)
    await identities.sessions.begin(user)
    clock.advance(2_592_001)
    await identities.sessions.begin(user)
    assert await store.run(users.purge_expired) == 0
    clock.advance(604_801)
    assert await store.run(users.purge_expired) == 1


@pytest.mark.asyncio
async def test_names_differing_in_case_are_not_mixed_up(identities: Any) -> None:
    await member(identities)
    with pytest.raises(NotAuthenticated):
        await identities.sessions.login(Login(username="SOMEBODY", password=PASSWORD), "127.0.0.1")
    user, _ = await identities.sessions.login(Login(username="somebody", password=PASSWORD), "127.0.0.1")
    assert user.username == "somebody"


async def accounts(store: Store, passwords: Passwords, clock: ManualClock, settings: Settings) -> Accounts:
    return Accounts(store, settings, passwords, Sessions(store, settings, SECRET_KEY, passwords, clock), clock)


@pytest.mark.asyncio
async def test_the_first_start_makes_an_administrator(
    store: Store, passwords: Passwords, clock: ManualClock, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, admin_username="root")
    first = await accounts(store, passwords, clock, settings)
    password = await first.ensure_administrator()
    assert password is not None
    assert len(password) == 16
    assert await first.ensure_administrator() is None
    sessions = Sessions(store, settings, SECRET_KEY, passwords, clock)
    user, _ = await sessions.login(Login(username="root", password=password), "127.0.0.1")
    assert user.administrator


@pytest.mark.asyncio
async def test_a_password_that_was_set_is_not_told(
    store: Store, passwords: Passwords, clock: ManualClock, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, admin_password="given to it")
    assert await (await accounts(store, passwords, clock, settings)).ensure_administrator() is None
    sessions = Sessions(store, settings, SECRET_KEY, passwords, clock)
    user, _ = await sessions.login(Login(username="admin", password="given to it"), "127.0.0.1")
    assert user.administrator
