"""Users over REST: registration, tokens, profile, password, administration."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.errors import Conflict
from perfsvc.service.auth.accounts import AccountChange
from perfsvc.settings import Settings
from tests.support.web_world import PASSWORD
from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test

NEW = {"username": "新人", "email": "new@example.com", "password": "long enough"}


async def log_in(api: Api, username: str = "owner", password: str = PASSWORD) -> dict[str, Any]:
    answer = await api.post("/api/users/login/", {"username": username, "password": password}, None)
    assert answer.status == 200, answer.text
    body: dict[str, Any] = answer.json
    return body


async def me(api: Api, token: str) -> int:
    return (await api.get("/api/users/me/", None, headers={"Authorization": f"Bearer {token}"})).status


async def test_register_log_in_and_be_somebody(api: Api) -> None:
    created = await api.post("/api/users/register/", NEW, None)
    assert created.status == 201
    user = created.json
    assert user == {
        "id": 6,
        "username": "新人",
        "email": "new@example.com",
        "is_active": 0,
        "administrator": False,
        "created_at": "2023-11-14T22:13:20Z",
        "updated_at": "2023-11-14T22:13:20Z",
    }
    session = await log_in(api, "新人", "long enough")
    assert set(session) == {"token", "refresh_token", "expires_in", "user"}
    assert session["user"] == user
    assert session["expires_in"] == 900
    answer = await api.get("/api/users/me/", None, headers={"Authorization": f"bearer {session['token']}"})
    assert answer.json == user


async def test_a_name_that_is_taken_is_a_conflict(api: Api) -> None:
    answer = await api.post("/api/users/register/", {**NEW, "username": "owner"}, None)
    assert (answer.status, answer.json) == (409, {"error": "用户名已存在"})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"username": "a b"}, "username"),
        ({"username": "a\0b"}, "username"),
        ({"username": ""}, "username"),
        ({"email": "nobody"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"password": "NEW@example.com"}, "password"),
        ({"password": "P@ssw0rd123"}, "password"),
        ({"password": "aaaaaaaaaaaa"}, "password"),
        ({"username": "somebody", "password": "Somebody2026"}, "password"),
        ({"administrator": True}, "administrator"),
    ],
)
async def test_what_registration_refuses(api: Api, change: dict[str, Any], path: str) -> None:
    answer = await api.post("/api/users/register/", {**NEW, **change}, None)
    assert answer.status == 422
    assert [problem["path"] for problem in answer.json["details"]] == [path]


@pytest.mark.parametrize("name", ["a b", "a\n", "王 伟", "x", "x" * 151, "a/b", "<b>"])
async def test_what_a_user_name_may_be_is_said_in_words(api: Api, name: str) -> None:
    said = {
        "zh-CN": "只能用文字、数字和 . _ - @，2–150 个字符，不能有空格",
        "en": "may have letters, digits and . _ - @ only, 2–150 of them, without spaces",
    }
    for language, message in said.items():
        answer = await api.post(
            "/api/users/register/", {**NEW, "username": name}, None, headers={"Accept-Language": language}
        )
        assert (answer.status, answer.json["details"]) == (422, [{"path": "username", "message": message}])


async def test_all_problems_are_reported_at_once(api: Api) -> None:
    answer = await api.post("/api/users/register/", {"email": 1, "more": 2}, None, headers={"Accept-Language": "en"})
    assert answer.status == 422
    assert answer.json == {
        "error": "The input did not pass validation",
        "details": [
            {"path": "username", "message": "is required"},
            {"path": "email", "message": "must be a string"},
            {"path": "password", "message": "is required"},
            {"path": "more", "message": "is not a known key"},
        ],
    }


async def test_unknown_user_and_wrong_password_look_alike(api: Api) -> None:
    answers = [
        await api.post("/api/users/login/", {"username": name, "password": "wrong password"}, None)
        for name in ("owner", "nobody")
    ]
    assert [answer.status for answer in answers] == [401, 401]
    assert answers[0].text == answers[1].text == '{"error": "用户名或密码错误"}'
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"


async def test_a_refresh_token_buys_one_new_pair(api: Api, world: World) -> None:
    first = await log_in(api)
    world.clock.advance(1)
    answer = await api.post("/api/users/token/refresh/", {"refresh_token": first["refresh_token"]}, None)
    assert answer.status == 200
    second = answer.json
    assert set(second) == {"token", "refresh_token", "expires_in"}
    assert second["refresh_token"] != first["refresh_token"]
    assert await me(api, second["token"]) == 200


async def test_a_refresh_token_used_later_again_ends_the_session(api: Api, world: World) -> None:
    first = await log_in(api)
    again = {"refresh_token": first["refresh_token"]}
    second = (await api.post("/api/users/token/refresh/", again, None)).json
    world.clock.advance(31)
    stolen = await api.post("/api/users/token/refresh/", again, None)
    assert stolen.status == 401
    assert await me(api, second["token"]) == 401
    kept = await api.post("/api/users/token/refresh/", {"refresh_token": second["refresh_token"]}, None)
    assert kept.status == 401
    assert await me(api, (await log_in(api))["token"]) == 200


async def test_another_session_survives(api: Api, world: World) -> None:
    one, other = await log_in(api), await log_in(api)
    again = {"refresh_token": one["refresh_token"]}
    for _ in range(2):
        await api.post("/api/users/token/refresh/", again, None)
        world.clock.advance(31)
    assert await me(api, one["token"]) == 401
    assert await me(api, other["token"]) == 200


async def test_token_types_are_not_interchangeable(api: Api) -> None:
    session = await log_in(api)
    assert await me(api, session["refresh_token"]) == 401
    assert (await api.post("/api/users/token/refresh/", {"refresh_token": session["token"]}, None)).status == 401


async def test_verify(api: Api) -> None:
    session = await log_in(api)
    answer = await api.post("/api/users/token/verify/", {"token": session["token"]}, None)
    assert answer.status == 200
    assert answer.json == {
        "message": "令牌有效",
        "expires_at": "2023-11-14T22:28:20Z",
        "user": session["user"],
    }
    assert (await api.post("/api/users/token/verify/", {"token": "x.y.z"}, None)).status == 401


async def test_tokens_expire(api: Api, world: World) -> None:
    session = await log_in(api)
    world.clock.advance(899)
    assert await me(api, session["token"]) == 200
    world.clock.advance(1)
    assert await me(api, session["token"]) == 401
    world.clock.advance(604_800)
    late = await api.post("/api/users/token/refresh/", {"refresh_token": session["refresh_token"]}, None)
    assert late.status == 401


async def test_a_session_does_not_last_for_ever(api: Api, world: World) -> None:
    session = await log_in(api)
    for _ in range(4):
        world.clock.advance(600_000)
        answer = await api.post("/api/users/token/refresh/", {"refresh_token": session["refresh_token"]}, None)
        assert answer.status == 200
        session = answer.json
    world.clock.advance(200_000)
    answer = await api.post("/api/users/token/refresh/", {"refresh_token": session["refresh_token"]}, None)
    assert answer.status == 401


async def test_logging_out_ends_both_tokens(api: Api) -> None:
    session = await log_in(api)
    headers = {"Authorization": f"Bearer {session['token']}"}
    answer = await api.post("/api/users/logout/", None, None, headers=headers)
    assert (answer.status, answer.json) == (200, {"message": "已退出登录"})
    assert await me(api, session["token"]) == 401
    refreshed = await api.post("/api/users/token/refresh/", {"refresh_token": session["refresh_token"]}, None)
    assert refreshed.status == 401


async def test_profile(api: Api) -> None:
    answer = await api.put("/api/users/me/", {"email": "o@example.org"})
    assert answer.status == 200
    assert (answer.json["username"], answer.json["email"]) == ("owner", "o@example.org")
    assert (await api.put("/api/users/me/", {"username": "viewer"})).status == 409
    assert (await api.put("/api/users/me/", {"is_active": 1})).status == 422
    assert (await api.put("/api/users/me/", {"username": None})).status == 422
    assert (await api.put("/api/users/me/", {})).json == answer.json


async def test_a_new_password_ends_every_session_and_begins_one(api: Api) -> None:
    session = await log_in(api)
    form = {"old_password": PASSWORD, "new_password": "another password"}
    answer = await api.put("/api/users/me/password/", form)
    assert answer.status == 200
    assert set(answer.json) == {"message", "token", "refresh_token", "expires_in"}
    assert answer.json["message"] == "密码已修改"
    assert await me(api, answer.json["token"]) == 200
    assert await me(api, session["token"]) == 401
    assert (await api.get("/api/users/me/")).status == 401
    await log_in(api, password="another password")


async def test_a_wrong_old_password_changes_nothing(api: Api) -> None:
    form = {"old_password": "wrong", "new_password": "another password"}
    answer = await api.put("/api/users/me/password/", form)
    assert answer.status == 422
    assert answer.json["details"] == [{"path": "old_password", "message": "密码错误"}]
    await log_in(api)


async def test_old_passwords_cannot_be_guessed_with_a_stolen_token(api: Api) -> None:
    form = {"old_password": "wrong", "new_password": "another password"}
    statuses = [(await api.put("/api/users/me/password/", form)).status for _ in range(11)]
    assert statuses == [422] * 10 + [429]


async def test_a_disabled_user_is_refused_at_once(api: Api, world: World) -> None:
    session = await log_in(api, "viewer")
    path = f"/api/users/{world.people['viewer']}/"
    answer = await api.put(path, {"is_active": 1}, "administrator")
    assert (answer.status, answer.json["is_active"]) == (200, 1)
    assert await me(api, session["token"]) == 401
    refreshed = await api.post("/api/users/token/refresh/", {"refresh_token": session["refresh_token"]}, None)
    assert refreshed.status == 401
    refused = await api.post("/api/users/login/", {"username": "viewer", "password": PASSWORD}, None)
    assert (refused.status, refused.json) == (403, {"error": "账号已被禁用"})
    assert (await api.put(path, {"is_active": 0}, "administrator")).json["is_active"] == 0
    await log_in(api, "viewer")


async def test_administrators_set_passwords_and_promote(api: Api, world: World) -> None:
    path = f"/api/users/{world.people['viewer']}/"
    answer = await api.put(path, {"password": "given to you", "administrator": True}, "administrator")
    assert answer.status == 200
    assert answer.json["administrator"] is True
    assert (await api.get("/api/users/me/", "viewer")).status == 401
    session = await log_in(api, "viewer", "given to you")
    listed = await api.get("/api/users/", None, headers={"Authorization": f"Bearer {session['token']}"})
    assert listed.status == 200


@pytest.mark.parametrize("change", [{"is_active": 1}, {"administrator": False}])
async def test_administrators_cannot_lock_themselves_out(api: Api, world: World, change: dict[str, Any]) -> None:
    answer = await api.put(f"/api/users/{world.people['administrator']}/", change, "administrator")
    assert (answer.status, answer.json) == (409, {"error": "不能禁用或降级自己的账号"})


async def test_of_two_who_demote_each_other_one_remains(world: World) -> None:
    accounts, (one, other) = world.services.accounts, (world.people["administrator"], world.people["viewer"])
    first = await accounts.get(one)
    second = await accounts.administer(other, AccountChange(administrator=True), first)
    await accounts.administer(one, AccountChange(administrator=False), second)
    for change in (AccountChange(administrator=False), AccountChange(is_active=1)):
        with pytest.raises(Conflict):
            await accounts.administer(other, change, first)
    assert (await accounts.get(other)).administrator


async def test_users_are_listed_in_pages(api: Api) -> None:
    answer = await api.get("/api/users/?page=2&page_size=2", "administrator")
    assert {key: answer.json[key] for key in ("total", "page", "page_size")} == {"total": 5, "page": 2, "page_size": 2}
    assert [user["username"] for user in answer.json["results"]] == ["editor", "viewer"]
    assert "password" not in answer.text


async def test_too_many_logins_must_wait(api: Api, world: World) -> None:
    wrong = {"username": "owner", "password": "wrong password"}
    statuses = [(await api.post("/api/users/login/", wrong, None)).status for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    world.clock.advance(100)
    refused = await api.post("/api/users/login/", {"username": "OWNER", "password": PASSWORD}, None)
    assert refused.status == 429
    assert refused.headers["Retry-After"] == "200"
    assert refused.json == {"error": "请求次数过多，请在 200 秒后重试"}
    assert (await api.post("/api/users/login/", {"username": "editor", "password": PASSWORD}, None)).status == 200
    world.clock.advance(200)
    await log_in(api)


async def test_an_address_may_not_try_name_after_name(api: Api) -> None:
    for number in range(100):
        wrong = {"username": f"user{number}", "password": "wrong password"}
        assert (await api.post("/api/users/login/", wrong, None)).status == 401
    assert (await api.post("/api/users/login/", {"username": "owner", "password": PASSWORD}, None)).status == 429


async def test_a_right_password_forgives_the_wrong_ones(api: Api) -> None:
    wrong = {"username": "owner", "password": "wrong password"}
    for _ in range(3):
        for _ in range(9):
            assert (await api.post("/api/users/login/", wrong, None)).status == 401
        await log_in(api)


class TestClosed:
    @pytest.fixture
    def changes(self) -> dict[str, Any]:
        return {"registration": Settings().registration}

    async def test_registration_is_closed_unless_opened(self, api: Api) -> None:
        answer = await api.post("/api/users/register/", NEW, None)
        assert (answer.status, answer.json) == (403, {"error": "未开放注册，请联系管理员"})

    async def test_administrators_create_accounts_all_the_same(self, api: Api) -> None:
        created = await api.post("/api/users/", NEW, "administrator")
        assert (created.status, created.json["username"], created.json["administrator"]) == (201, "新人", False)
        assert (await log_in(api, "新人", "long enough"))["user"] == created.json
        again = await api.post("/api/users/", NEW, "administrator")
        assert (again.status, again.json) == (409, {"error": "用户名已存在"})
        weak = await api.post("/api/users/", {**NEW, "username": "other", "password": "aaaaaaaa"}, "administrator")
        assert (weak.status, [problem["path"] for problem in weak.json["details"]]) == (422, ["password"])
        second = {**NEW, "username": "second", "administrator": True}
        assert (await api.post("/api/users/", second, "administrator")).json["administrator"] is True
