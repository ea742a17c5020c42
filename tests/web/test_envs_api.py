"""Environments over REST: what is taken, and that passwords never come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perfsvc.store import envs
from tests.support.certificates import Authority
from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test

DATABASE = {"type": "mysql", "host": "db", "port": 3306, "user": "shop", "password": "s3cret!", "database": "shop"}
FORM = {
    "project_id": 1,
    "name": "production",
    "host": "https://shop.example.com/base",
    "headers": {"X-Shop": "1"},
    "variables": {"region": "eu"},
    "databases": {"main": DATABASE},
}


async def test_create_read_change_delete(api: Api) -> None:
    created = await api.post("/api/envs/", FORM)
    assert created.status == 201
    public = {key: value for key, value in DATABASE.items() if key != "password"}
    assert created.json == {
        **FORM,
        "id": 3,
        "secret_headers": [],
        "secret_variables": [],
        "databases": {"main": {**public, "password_set": True}},
        "certificates": {},
        "ca_details": [],
        "certificate_details": [],
        "used_by": [],
        "created_at": "2023-11-14T22:13:20Z",
        "updated_at": "2023-11-14T22:13:20Z",
        "updated_by": "owner",
    }
    assert (await api.get("/api/envs/3/")).json == created.json
    changed = await api.put("/api/envs/3/", {"name": "live", "variables": {}}, "editor")
    assert changed.json == {**created.json, "name": "live", "variables": {}, "updated_by": "editor"}
    deleted = await api.delete("/api/envs/3/")
    assert (deleted.status, deleted.json) == (200, {"message": "测试环境已删除"})
    assert (await api.get("/api/envs/3/")).json == {"error": "测试环境不存在"}


async def test_passwords_are_sealed_and_never_shown(api: Api, world: World) -> None:
    created = await api.post("/api/envs/", FORM)
    listed = await api.get("/api/envs/?project_id=1")
    assert "s3cret" not in created.text + listed.text
    stored = await world.store.run(envs.get, 3)
    assert "s3cret" not in str(stored.databases)
    assert "sealed_password" not in created.text
    assert world.services.envs.password(stored, "main") == "s3cret!"


SECRET_FORM = {
    **FORM,
    "headers": {"X-Shop": "1", "X-Gate": "open sesame"},
    "variables": {"region": "eu", "pass": "hunter2"},
    "secret_headers": ["X-Gate"],
    "secret_variables": ["pass"],
}


async def test_secret_values_are_sealed_and_shown_as_a_mask(api: Api, world: World) -> None:
    created = await api.post("/api/envs/", SECRET_FORM)
    assert created.status == 201
    assert created.json["headers"] == {"X-Shop": "1", "X-Gate": "******"}
    assert created.json["variables"] == {"region": "eu", "pass": "******"}
    assert (created.json["secret_headers"], created.json["secret_variables"]) == (["X-Gate"], ["pass"])
    stored = await world.store.run(envs.get, 3)
    assert "sesame" not in str(stored.headers)
    assert "hunter2" not in str(stored.variables)
    plain = world.services.envs.opened(stored)
    assert (plain.headers, plain.variables) == (SECRET_FORM["headers"], SECRET_FORM["variables"])
    assert plain.secrets == {"open sesame", "hunter2"}


@pytest.mark.parametrize(
    ("change", "variables", "secret"),
    [
        ({"name": "live"}, {"region": "eu", "pass": "hunter2"}, ["pass"]),
        ({"variables": {"pass": "******"}}, {"pass": "hunter2"}, ["pass"]),
        ({"variables": {"pass": "changed"}}, {"pass": "changed"}, ["pass"]),
        ({"variables": {"region": "us"}}, {"region": "us"}, []),
        ({"secret_variables": ["pass", "region"], "variables": {"pass": "******", "region": "north"}},
         {"pass": "hunter2", "region": "north"}, ["pass", "region"]),
        ({"variables": {"pass": "public"}, "secret_variables": []}, {"pass": "public"}, []),
    ],
)  # fmt: skip
async def test_the_mask_keeps_a_secret(
    api: Api, world: World, change: dict[str, Any], variables: dict[str, str], secret: list[str]
) -> None:
    await api.post("/api/envs/", SECRET_FORM)
    changed = await api.put("/api/envs/3/", change)
    assert changed.json["secret_variables"] == secret
    assert all(changed.json["variables"][name] == "******" for name in secret)
    assert world.services.envs.opened(await world.store.run(envs.get, 3)).variables == variables


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"variables": {"other": "******"}}, "variables.other"),
        ({"secret_variables": []}, "variables.pass"),
        ({"secret_variables": ["nothing"]}, "secret_variables"),
        ({"variables": {"pass": "abc"}}, "variables.pass"),
    ],
)
async def test_a_secret_cannot_be_moved_or_made_public_unseen(api: Api, change: dict[str, Any], path: str) -> None:
    await api.post("/api/envs/", SECRET_FORM)
    refused = await api.put("/api/envs/3/", change)
    assert refused.status == 422
    assert path in [problem["path"] for problem in refused.json["details"]]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, "s3cret!"),
        ({"database": "other"}, "s3cret!"),
        ({"password": "new"}, "new"),
        ({"password": ""}, ""),
        ({"host": "evil.example.com"}, ""),
        ({"port": 3307}, ""),
        ({"user": "root"}, ""),
    ],
)
async def test_a_password_left_out_stays_with_its_account(
    api: Api, world: World, change: dict[str, Any], kept: str
) -> None:
    await api.post("/api/envs/", FORM)
    form = {key: value for key, value in DATABASE.items() if key != "password"}
    changed = await api.put("/api/envs/3/", {"databases": {"main": {**form, **change}}})
    assert changed.json["databases"]["main"]["password_set"] is bool(kept)
    assert world.services.envs.password(await world.store.run(envs.get, 3), "main") == kept


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"host": "shop.example.com"}, "host"),
        ({"headers": {"X-Shop": "a\r\nInjected: 1"}}, "headers.X-Shop"),
        ({"headers": {"X-Shop": 1}}, "headers.X-Shop"),
        ({"variables": {"region": None}}, "variables.region"),
        ({"databases": {"main": {}}}, "databases.main.type"),
        ({"databases": {"main": {**DATABASE, "port": 70_000}}}, "databases.main.port"),
        ({"databases": []}, "databases"),
        ({"project_id": "1"}, "project_id"),
    ],
)
async def test_what_is_refused(api: Api, change: dict[str, Any], path: str) -> None:
    answer = await api.post("/api/envs/", {**FORM, **change})
    assert answer.status == 422
    assert [problem["path"] for problem in answer.json["details"]] == [path]


@pytest.mark.parametrize(("headers"), [{"X Shop": "1"}, {"X:": "1"}, {"": "1"}])
async def test_header_names_are_tokens(api: Api, headers: dict[str, str]) -> None:
    answer = await api.post("/api/envs/", {**FORM, "headers": headers})
    assert answer.status == 422
    assert [problem["path"] for problem in answer.json["details"]] == [f"headers.{name}" for name in headers]


async def test_an_environment_that_a_plan_uses_stays(api: Api) -> None:
    config = {"concurrent_users": 1, "env_id": 2, "target_url": "http://127.0.0.1:1/"}
    await api.put("/api/performance/plans/1/", {"config": config})
    assert (await api.get("/api/envs/2/")).json["used_by"] == [{"id": 1, "name": "evening peak"}]
    refused = await api.delete("/api/envs/2/")
    assert (refused.status, refused.json) == (409, {"error": "测试环境正被测试计划“evening peak”使用，不能删除"})


def issued(folder: Path, name: str = "client.example") -> dict[str, str]:
    authority = Authority(folder)
    certificate, key = (path.read_text() for path in authority.issue(name))
    return {"ca": authority.ca_pem, "certificate": certificate, "key": key}


async def test_keys_are_sealed_and_kept_by_the_mask(api: Api, world: World, tmp_path: Path) -> None:
    given = issued(tmp_path)
    created = await api.post("/api/envs/", {**FORM, "certificates": given})
    assert created.json["certificates"] == {**given, "key": "******"}
    (ca,), (ours,) = created.json["ca_details"], created.json["certificate_details"]
    assert [ca["subject"], ours["subject"]] == ["CN=perfsvc test authority", "CN=client.example"]
    assert ours["issuer"] == ca["subject"]
    assert ours["valid_from"] < ours["valid_until"]
    stored = await world.store.run(envs.get, 3)
    assert given["key"] not in str(stored.certificates)
    plain = world.services.envs.opened(stored)
    assert (plain.certificates.model_dump(), given["key"] in plain.secrets) == (given, True)

    without_ca = {"certificate": given["certificate"], "key": "******"}
    changed = await api.put("/api/envs/3/", {"certificates": without_ca})
    assert changed.json["certificates"] == without_ca
    plain = world.services.envs.opened(await world.store.run(envs.get, 3))
    assert plain.certificates.model_dump() == {**given, "ca": None}
    assert (await api.put("/api/envs/3/", {"name": "live"})).json["certificates"] == changed.json["certificates"]

    cleared = await api.put("/api/envs/3/", {"certificates": {}})
    assert cleared.json["certificates"] == {}
    assert world.services.envs.opened(await world.store.run(envs.get, 3)).secrets == frozenset()


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"ca": "ca.pem"}, "certificates.ca", "无法读取 PEM 证书"),
        ({"certificate": "x"}, "certificates.certificate", "无法读取 PEM 证书"),
        ({"key": "x"}, "certificates.key", "无法读取 PEM 私钥；私钥不能有密码"),
        ({"key": None}, "certificates.certificate", "certificate 与 key 必须同时填写"),
        ({"key": "******"}, "certificates.key", "没有已保存的值，请填写"),
        ({"key": "another"}, "certificates.key", "与客户端证书不匹配"),
    ],
)
async def test_certificates_that_cannot_be_used(
    api: Api, tmp_path: Path, change: dict[str, Any], path: str, message: str
) -> None:
    given = {**issued(tmp_path), **change}
    if change == {"key": "another"}:
        given["key"] = issued(tmp_path, "other.example")["key"]
    refused = await api.post("/api/envs/", {**FORM, "certificates": given})
    assert refused.status == 422
    assert refused.json["details"] == [{"path": path, "message": message}]
