"""API tokens over REST: made once, good for their scope until they end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test

TOKENS = "/api/users/me/tokens/"
DAY_S = 86_400


async def made(api: Api, who: str = "owner", **form: Any) -> dict[str, Any]:
    answer = await api.post(TOKENS, {"name": "nightly", **form}, who)
    assert answer.status == 201, answer.text
    body: dict[str, Any] = answer.json
    return body


def bearer(token: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {token['token']}", "Accept-Language": "en"}


async def me(api: Api, token: dict[str, Any]) -> tuple[int, str]:
    answer = await api.get("/api/users/me/", None, headers=bearer(token))
    return answer.status, answer.json.get("error", "")


async def test_a_token_is_shown_once_and_stored_as_a_digest(api: Api, world: World) -> None:
    token = await made(api)
    assert {name: token[name] for name in ("name", "scope", "expires_at", "last_used_at")} == {
        "name": "nightly",
        "scope": "read",
        "expires_at": "2024-02-12T22:13:20Z",
        "last_used_at": None,
    }
    assert token["token"].startswith(token["begins"] + "_")
    listed = (await api.get(TOKENS)).json["results"]
    assert listed == [{name: value for name, value in token.items() if name != "token"}]
    secret = token["token"].removeprefix(token["begins"] + "_")
    stored = b"".join(path.read_bytes() for path in world.settings.data_dir.rglob("*") if path.is_file())
    assert token["begins"].rpartition("_")[2].encode() in stored
    assert secret.encode() not in stored
    assert (await api.get(TOKENS, "administrator")).json["total"] == 0


async def test_the_last_use_is_noted_once_a_minute(api: Api, world: World) -> None:
    token = await made(api)
    for seconds, noted in [(0, "2023-11-14T22:13:20Z"), (59, "2023-11-14T22:13:20Z"), (1, "2023-11-14T22:14:20Z")]:
        world.clock.advance(seconds)
        assert await me(api, token) == (200, "")
        assert (await api.get(TOKENS)).json["results"][0]["last_used_at"] == noted


async def test_a_token_ends_at_its_time_or_never(api: Api, world: World) -> None:
    one, other = await made(api, expires_in_days=1), await made(api, expires_in_days=None)
    assert other["expires_at"] is None
    world.clock.advance(DAY_S - 1)
    assert await me(api, one) == (200, "")
    world.clock.advance(1)
    assert await me(api, one) == (401, "The token has expired")
    assert await me(api, other) == (200, "")


async def test_a_deleted_token_is_worth_nothing(api: Api) -> None:
    token = await made(api)
    assert (await api.delete(f"{TOKENS}{token['id']}/", "editor")).status == 404
    assert await me(api, token) == (200, "")
    assert (await api.delete(f"{TOKENS}{token['id']}/")).status == 200
    assert await me(api, token) == (401, "The token is invalid or was deleted")


@pytest.mark.parametrize("change", [{"is_active": 1}, {"password": "set by an administrator"}])
async def test_an_administrator_ends_the_tokens_of_an_account(api: Api, change: dict[str, Any], world: World) -> None:
    token = await made(api, "editor")
    assert (await api.put(f"/api/users/{world.people['editor']}/", change, "administrator")).status == 200
    assert (await me(api, token))[0] == 401
    assert (await api.put(f"/api/users/{world.people['editor']}/", {"is_active": 0}, "administrator")).status == 200
    assert (await me(api, token))[0] == 401


@pytest.mark.parametrize(
    "alter", [lambda text: text[:-1] + "!", lambda text: text[:-2] + text[-1] + "-", lambda _: "perfsvc_"]
)
async def test_what_is_almost_a_token_is_refused(api: Api, alter: Any) -> None:
    token = await made(api)
    assert (await me(api, {"token": alter(token["token"])}))[0] == 401


async def test_the_scope_is_named_when_it_does_not_suffice(api: Api) -> None:
    start = "/api/performance/plans/1/start/"
    reader, runner = await made(api), await made(api, scope="run")
    refused = await api.post(start, None, None, headers=bearer(reader))
    assert (refused.status, refused.json["error"]) == (403, "this needs an API token with the scope run")
    assert (await api.post(start, None, None, headers=bearer(runner))).status == 200
    refused = await api.post(TOKENS, {"name": "more"}, None, headers=bearer(runner))
    assert (refused.status, refused.json["error"]) == (403, "API tokens cannot be used for this; log in")


async def test_there_is_a_limit_for_each_user(api: Api) -> None:
    for _ in range(50):
        await made(api)
    answer = await api.post(TOKENS, {"name": "one more"})
    assert (answer.status, json.loads(answer.text)["error"]) == (409, "最多保留 50 个令牌，请先删除不用的")
    assert (await api.post(TOKENS, {"name": "CI"}, "editor")).status == 201


async def test_a_run_stays_controllable_while_the_database_is_away(api: Api, world: World) -> None:
    token, unused = await made(api, scope="run"), await made(api, scope="run")
    assert await me(api, token) == (200, "")
    await world.store.close()
    with_known = await api.get("/api/users/me/", None, headers=bearer(token))
    assert with_known.status == 200
    world.clock.advance(900)
    assert (await api.get("/api/users/me/", None, headers=bearer(token))).status == 200
    world.clock.advance(1)
    assert (await api.get("/api/users/me/", None, headers=bearer(token))).status == 503
    assert (await api.get("/api/users/me/", None, headers=bearer(unused))).status == 503
