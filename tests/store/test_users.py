"""Users and refresh tokens."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pytest

from perfsvc.clock import utc_now
from perfsvc.errors import Conflict
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.model.entities import Page
from perfsvc.model.entities import RefreshToken
from perfsvc.model.entities import User
from perfsvc.store import users
from perfsvc.store.database import Store
from tests.store.conftest import T0
from tests.store.conftest import FakeClock


@pytest.mark.asyncio
async def test_create_and_get(store: Store) -> None:
    born = datetime.fromtimestamp(T0 + 0.25, UTC)
    expected = User(1, "wang", "w@example.com", "hash", False, True, born, born)
    assert await store.run(users.create, "wang", "w@example.com", "hash", administrator=True) == expected
    assert await store.run(users.get, 1) == expected
    assert await store.run(users.by_username, "wang") == expected


@pytest.mark.asyncio
@pytest.mark.parametrize("key", [0, 7, -1, 2**31, 2**63, -(2**70)])
async def test_nobody(store: Store, key: int) -> None:
    with pytest.raises(NotFound) as caught:
        await store.run(users.get, key)
    assert caught.value.text == ("用户不存在", "the user does not exist")


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["nobody", "Wang", "wang ", "", "x" * 1000, "' OR 1=1 --", "王"])
async def test_nobody_of_that_name(store: Store, name: str) -> None:
    await store.run(users.create, "wang", "", "hash")
    with pytest.raises(NotFound):
        await store.run(users.by_username, name)


@pytest.mark.asyncio
async def test_a_name_is_taken_once(store: Store) -> None:
    await store.run(users.create, "wang", "", "hash")
    other = await store.run(users.create, "li", "", "hash")
    with pytest.raises(Conflict) as caught:
        await store.run(users.create, "wang", "", "hash")
    assert caught.value.text.zh == "用户名已存在"
    with pytest.raises(Conflict):
        await store.run(users.update, replace(other, username="wang"))
    assert (await store.run(users.get, other.id)).username == "li"


@pytest.mark.asyncio
async def test_update(store: Store, clock: FakeClock) -> None:
    user = await store.run(users.create, "wang", "", "hash")
    clock.seconds += 60
    wanted = replace(user, username="li", email="l@x", password_hash="new", disabled=True, administrator=True)
    changed = await store.run(users.update, wanted)
    assert changed == replace(wanted, updated_time=user.created_time + timedelta(minutes=1))
    assert await store.run(users.get, user.id) == changed
    with pytest.raises(NotFound):
        await store.run(users.update, replace(user, id=9))
    with pytest.raises(InvalidInput):
        await store.run(users.update, replace(user, username=""))


@pytest.mark.asyncio
async def test_pages(store: Store) -> None:
    made = [await store.run(users.create, name, "", "hash") for name in ("c", "a", "b")]
    assert await store.run(users.page, 1, 2) == Page(3, 1, 2, made[:2])
    assert await store.run(users.page, 2, 2) == Page(3, 2, 2, made[2:])
    assert await store.run(users.page, 3, 2) == Page(3, 3, 2, [])
    assert await store.run(users.page) == Page(3, 1, 10, made)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("page", "page_size", "paths"),
    [(0, 10, ["page"]), (1, 0, ["page_size"]), (-1, 1001, ["page", "page_size"]), (2**63, 1, ["page"])],
)
async def test_pages_that_cannot_be(store: Store, page: int, page_size: int, paths: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        await store.run(users.page, page, page_size)
    assert [problem.path for problem in caught.value.problems] == paths


def token(jti: str, user_id: int, clock: FakeClock, seconds: float = 60) -> RefreshToken:
    return RefreshToken(jti, user_id, utc_now(clock) + timedelta(seconds=seconds), revoked=False)


@pytest.mark.asyncio
async def test_a_token_is_good_until_it_is_revoked(store: Store, clock: FakeClock) -> None:
    user = await store.run(users.create, "wang", "", "hash")
    assert await store.run(users.is_revoked, "a") is True
    await store.run(users.remember, token("a", user.id, clock))
    assert await store.run(users.is_revoked, "a") is False
    assert await store.run(users.revoke, "a") is True
    assert await store.run(users.is_revoked, "a") is True
    assert await store.run(users.revoke, "a") is False
    assert await store.run(users.revoke, "never handed out") is False


@pytest.mark.asyncio
async def test_a_token_is_used_up_once_however_many_ask(store: Store, clock: FakeClock) -> None:
    user = await store.run(users.create, "wang", "", "hash")
    await store.run(users.remember, token("a", user.id, clock))
    assert sorted(await asyncio.gather(*[store.run(users.revoke, "a") for _ in range(8)])) == [False] * 7 + [True]


@pytest.mark.asyncio
async def test_a_token_expires_and_is_forgotten(store: Store, clock: FakeClock) -> None:
    user = await store.run(users.create, "wang", "", "hash")
    await store.run(users.remember, token("a", user.id, clock, 60))
    await store.run(users.remember, token("b", user.id, clock, 61))
    clock.seconds += 60
    assert [await store.run(users.is_revoked, jti) for jti in ("a", "b")] == [True, False]
    assert await store.run(users.revoke, "a") is False
    assert await store.run(users.purge_expired) == 1
    assert await store.run(users.purge_expired) == 0
    assert [await store.run(users.is_revoked, jti) for jti in ("a", "b")] == [True, False]


@pytest.mark.asyncio
async def test_all_tokens_of_a_user_are_revoked(store: Store, clock: FakeClock) -> None:
    one, other = [(await store.run(users.create, name, "", "hash")).id for name in ("a", "b")]
    for jti, owner in (("a1", one), ("a2", one), ("b1", other)):
        await store.run(users.remember, token(jti, owner, clock))
    await store.run(users.revoke, "a1")
    assert await store.run(users.revoke_all, one) == 1
    assert [await store.run(users.is_revoked, jti) for jti in ("a1", "a2", "b1")] == [True, True, False]


@pytest.mark.asyncio
async def test_a_token_of_nobody(store: Store, clock: FakeClock) -> None:
    with pytest.raises(NotFound):
        await store.run(users.remember, token("a", 9, clock))


@pytest.mark.asyncio
@pytest.mark.parametrize(("first", "second"), [("wang", "WANG"), ("straße", "STRASSE"), ("admin", "ａｄｍｉｎ")])
async def test_names_that_differ_in_spelling_only_are_one(store: Store, first: str, second: str) -> None:
    one = await store.run(users.create, first, "", "hash")
    other = await store.run(users.create, "li", "", "hash")
    for attempt in ((users.create, second, "", "hash"), (users.update, replace(other, username=second))):
        with pytest.raises(Conflict):
            await store.run(*attempt)
    assert (await store.run(users.update, replace(one, username=second))).username == second
