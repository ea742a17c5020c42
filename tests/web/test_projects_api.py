"""Projects and members over REST."""

from __future__ import annotations

import json

import pytest

from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test


async def test_a_creator_owns_the_project(api: Api) -> None:
    created = await api.post("/api/projects/", {"name": "mine"}, "stranger")
    assert created.status == 201
    assert created.json == {
        "id": 2,
        "name": "mine",
        "leader": "stranger",
        "created_at": "2023-11-14T22:13:20Z",
        "my_role": "owner",
    }
    members = await api.get("/api/projects/2/members/", "stranger")
    made = {"created_at": "2023-11-14T22:13:20Z", "updated_at": "2023-11-14T22:13:20Z", "updated_by": "stranger"}
    stranger = {"project_id": 2, "user_id": 5, "username": "stranger", "role": "owner"}
    assert members.json["results"] == [{**stranger, **made}]
    envs = await api.get("/api/envs/?project_id=2", "stranger")
    assert [env["name"] for env in envs.json["results"]] == ["默认环境"]
    english = await api.post("/api/projects/", {"name": "store"}, headers={"Accept-Language": "en"})
    envs = await api.get(f"/api/envs/?project_id={english.json['id']}")
    assert [env["name"] for env in envs.json["results"]] == ["Default environment"]


async def test_an_import_names_the_default_environment_in_the_language_of_the_request(api: Api) -> None:
    project = (await api.post("/api/projects/", {"name": "store"})).json["id"]
    (env,) = (await api.get(f"/api/envs/?project_id={project}")).json["results"]
    assert (await api.delete(f"/api/envs/{env['id']}/")).status == 200
    file = {"plans": [{"name": "smoke", "config": {"concurrent_users": 1, "target_url": "http://127.0.0.1:9/"}}]}
    read = await api.post(
        f"/api/projects/{project}/file/", {"text": json.dumps(file)}, headers={"Accept-Language": "en"}
    )
    assert read.status == 200, read.json
    envs = await api.get(f"/api/envs/?project_id={project}")
    assert [each["name"] for each in envs.json["results"]] == ["Default environment"]


async def test_people_see_their_own_projects_and_administrators_all(api: Api) -> None:
    await api.post("/api/projects/", {"name": "mine", "leader": "somebody"}, "stranger")
    names = {}
    for who in ("stranger", "viewer", "administrator"):
        names[who] = [project["name"] for project in (await api.get("/api/projects/", who)).json["results"]]
    assert names == {"stranger": ["mine"], "viewer": ["shop"], "administrator": ["shop", "mine"]}


async def test_what_the_caller_is_in_a_project(api: Api) -> None:
    for who, role in {"owner": "owner", "editor": "editor", "viewer": "viewer", "administrator": "owner"}.items():
        assert (await api.get("/api/projects/1/", who)).json["my_role"] == role
        assert [project["my_role"] for project in (await api.get("/api/projects/", who)).json["results"]] == [role]


async def test_change_and_delete(api: Api) -> None:
    changed = await api.put("/api/projects/1/", {"leader": "someone else"})
    assert (changed.status, changed.json["name"], changed.json["leader"]) == (200, "shop", "someone else")
    deleted = await api.delete("/api/projects/1/")
    assert (deleted.status, deleted.json) == (200, {"message": "项目已删除"})
    gone = await api.get("/api/projects/1/")
    assert (gone.status, gone.json) == (404, {"error": "项目不存在"})


async def test_a_project_with_a_running_test_stays(api: Api, world: World) -> None:
    await api.post(f"/api/performance/plans/{world.ids['plan_id']}/start/")
    refused = await api.delete("/api/projects/1/")
    assert (refused.status, refused.json) == (409, {"error": "项目中有测试正在执行，不能删除"})


async def test_members(api: Api, world: World) -> None:
    stranger = world.people["stranger"]
    added = await api.post("/api/projects/1/members/", {"username": "stranger", "role": "viewer"})
    assert (added.status, added.json["user_id"], added.json["updated_by"]) == (201, stranger, "owner")
    again = await api.post("/api/projects/1/members/", {"user_id": stranger, "role": "viewer"})
    assert (again.status, again.json) == (409, {"error": "该用户已是项目成员"})
    promoted = await api.put(f"/api/projects/1/members/{stranger}/", {"role": "editor"}, "administrator")
    assert (promoted.status, promoted.json["role"], promoted.json["updated_by"]) == (200, "editor", "administrator")
    assert (await api.get("/api/projects/1/", "stranger")).status == 200
    removed = await api.delete(f"/api/projects/1/members/{stranger}/")
    assert (removed.status, removed.json) == (200, {"message": "项目成员已移除"})
    assert (await api.get("/api/projects/1/", "stranger")).status == 404
    page = (await api.get("/api/projects/1/members/?page=2&page_size=2")).json
    assert (page["total"], [member["username"] for member in page["results"]]) == (3, ["viewer"])


async def test_a_project_keeps_an_owner(api: Api, world: World) -> None:
    path = f"/api/projects/1/members/{world.people['owner']}/"
    assert (await api.put(path, {"role": "viewer"})).status == 409
    refused = await api.delete(path)
    assert (refused.status, refused.json) == (409, {"error": "项目至少需要一名所有者"})


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ({"role": "viewer"}, "user_id"),
        ({"username": "owner", "user_id": 1, "role": "viewer"}, "user_id"),
        ({"username": "nobody", "role": "viewer"}, "username"),
        ({"user_id": 10**12, "role": "viewer"}, "user_id"),
        ({"username": "stranger", "role": "king"}, "role"),
        ({"username": "stranger"}, "role"),
    ],
)
async def test_who_cannot_become_a_member(api: Api, form: dict[str, object], path: str) -> None:
    answer = await api.post("/api/projects/1/members/", form)
    assert answer.status == 422
    assert [problem["path"] for problem in answer.json["details"]] == [path]


async def test_only_members_have_roles(api: Api, world: World) -> None:
    stranger = world.people["stranger"]
    answer = await api.put(f"/api/projects/1/members/{stranger}/", {"role": "editor"})
    assert (answer.status, answer.json) == (404, {"error": "项目成员不存在"})
    assert (await api.delete(f"/api/projects/1/members/{stranger}/")).status == 404
