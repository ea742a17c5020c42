"""Projects, members, environments."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC
from datetime import datetime

import pytest
from playhouse.test_utils import assert_query_count

from perfsvc.errors import Conflict
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.model.entities import Env
from perfsvc.model.entities import Member
from perfsvc.model.entities import Page
from perfsvc.model.entities import Project
from perfsvc.model.entities import Role
from perfsvc.model.entities import User
from perfsvc.store import envs
from perfsvc.store import projects
from perfsvc.store import users
from perfsvc.store.database import Store
from tests.store.conftest import T0
from tests.store.conftest import World

BORN = datetime.fromtimestamp(T0 + 0.25, UTC)


async def user_of(store: Store, name: str, *, administrator: bool = False) -> User:
    return await store.run(users.create, name, "", "hash", administrator=administrator)


@pytest.mark.asyncio
async def test_a_new_project_has_an_owner_and_an_environment(store: Store) -> None:
    user = await user_of(store, "wang")
    project = await store.run(projects.create, "shop", "老王", user.id)
    assert project == Project(1, "shop", "老王", BORN)
    assert await store.run(projects.get, 1) == project
    assert await store.run(projects.members, 1) == [Member(1, user.id, "wang", Role.OWNER, BORN, BORN, "wang")]
    default = Env(1, 1, "默认环境", "", {}, {}, {}, BORN, BORN, "wang")
    assert await store.run(envs.page, 1) == Page(1, 1, 10, [default])


@pytest.mark.asyncio
async def test_a_project_that_cannot_be(store: Store, world: World) -> None:
    with pytest.raises(InvalidInput) as caught:
        await store.run(projects.create, "x" * 101, "wang", world.user.id)
    assert [problem.path for problem in caught.value.problems] == ["name"]
    with pytest.raises(NotFound):
        await store.run(projects.create, "x", "wang", 99)
    assert (await store.run(projects.page_for_user, replace(world.user, administrator=True))).total == 1


@pytest.mark.asyncio
async def test_pages_hold_what_a_user_may_see(store: Store, world: World) -> None:
    stranger, chief = await user_of(store, "li"), await user_of(store, "chief", administrator=True)
    second = await store.run(projects.create, "bank", "li", stranger.id)
    await store.run(projects.set_member, second.id, world.user.id, Role.VIEWER)
    assert (await store.run(projects.page_for_user, world.user)).results == [world.project, second]
    assert await store.run(projects.page_for_user, stranger) == Page(1, 1, 10, [second])
    assert await store.run(projects.page_for_user, chief, 1, 1) == Page(2, 1, 1, [world.project])


@pytest.mark.asyncio
async def test_update_and_delete(store: Store, world: World) -> None:
    wanted = replace(world.project, name="shop 2", leader="li")
    assert await store.run(projects.update, wanted) == wanted
    assert await store.run(projects.get, wanted.id) == wanted
    await store.run(projects.delete, wanted.id)
    for call in (projects.get, projects.delete, projects.members):
        with pytest.raises(NotFound) as caught:
            await store.run(call, wanted.id)
        assert caught.value.text == ("项目不存在", "the project does not exist")
    with pytest.raises(NotFound):
        await store.run(projects.update, wanted)


@pytest.mark.asyncio
async def test_an_id_is_never_given_twice(store: Store, world: World) -> None:
    await store.run(projects.delete, world.project.id)
    again = await store.run(projects.create, "shop", "wang", world.user.id)
    assert again.id == world.project.id + 1


@pytest.mark.asyncio
async def test_members(store: Store, world: World) -> None:
    project, owner = world.project.id, world.user.id
    li = await user_of(store, "li")
    assert await store.run(projects.role_of, project, li.id) is None
    assert await store.run(projects.set_member, project, li.id, Role.VIEWER, "wang") == Member(
        project, li.id, "li", Role.VIEWER, BORN, BORN, "wang"
    )
    assert await store.run(projects.role_of, project, li.id) is Role.VIEWER
    await store.run(projects.set_member, project, li.id, Role.EDITOR, "li")
    with assert_query_count(2, only_select=True):
        members = await store.run(projects.members, project)
    assert members == [
        Member(project, owner, "wang", Role.OWNER, BORN, BORN, "wang"),
        Member(project, li.id, "li", Role.EDITOR, BORN, BORN, "li"),
    ]
    await store.run(projects.remove_member, project, li.id)
    assert await store.run(projects.role_of, project, li.id) is None
    with pytest.raises(NotFound) as caught:
        await store.run(projects.remove_member, project, li.id)
    assert caught.value.text.zh == "项目成员不存在"


@pytest.mark.asyncio
async def test_members_of_nothing(store: Store, world: World) -> None:
    assert await store.run(projects.role_of, 99, world.user.id) is None
    for project, user in ((99, world.user.id), (world.project.id, 99)):
        with pytest.raises(NotFound):
            await store.run(projects.set_member, project, user, Role.OWNER)


@pytest.mark.asyncio
async def test_a_project_keeps_an_owner(store: Store, world: World) -> None:
    project, owner = world.project.id, world.user.id
    with pytest.raises(Conflict) as caught:
        await store.run(projects.remove_member, project, owner)
    assert caught.value.text == ("项目至少需要一名所有者", "a project needs at least one owner")
    with pytest.raises(Conflict):
        await store.run(projects.set_member, project, owner, Role.EDITOR)
    await store.run(projects.set_member, project, owner, Role.OWNER)


@pytest.mark.asyncio
async def test_two_owners_cannot_remove_each_other_at_once(store: Store, world: World) -> None:
    project, owner = world.project.id, world.user.id
    li = await user_of(store, "li")
    await store.run(projects.set_member, project, li.id, Role.OWNER)
    removing = [store.run(projects.remove_member, project, key) for key in (owner, li.id)]
    outcomes = await asyncio.gather(*removing, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "NoneType"]
    assert len(await store.run(projects.members, project)) == 1


@pytest.mark.asyncio
async def test_environments(store: Store, world: World) -> None:
    project = world.project.id
    env = await store.run(
        envs.create,
        project,
        "预发",
        "https://pre.example.com",
        headers={"X-A": "1"},
        variables={"v": "值"},
        databases={"main": {"password": "gAAAA"}},
        creator="wang",
    )
    headers, variables, databases = {"X-A": "1"}, {"v": "值"}, {"main": {"password": "gAAAA"}}
    assert env == Env(2, project, "预发", "https://pre.example.com", headers, variables, databases, BORN, BORN, "wang")
    wanted = replace(env, name="pre", host="", headers={}, variables={"w": "1"}, databases={})
    assert await store.run(envs.update, wanted) == wanted
    assert await store.run(envs.get, env.id) == wanted
    assert "gAAAA" not in repr(env)
    await store.run(envs.delete, env.id)
    for call in (envs.get, envs.delete):
        with pytest.raises(NotFound) as caught:
            await store.run(call, env.id)
        assert caught.value.text.zh == "测试环境不存在"
    with pytest.raises(NotFound):
        await store.run(envs.update, env)
    with pytest.raises(NotFound):
        await store.run(envs.create, 99, "x")


@pytest.mark.asyncio
async def test_an_environment_in_use_stays(store: Store, world: World) -> None:
    assert world.plan.config.env_id == 1
    with pytest.raises(Conflict) as caught:
        await store.run(envs.delete, 1)
    assert caught.value.text.zh == "测试环境正被测试计划“evening peak”使用，不能删除"
