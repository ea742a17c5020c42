"""Data files: kept, found, replaced, and not deleted while a plan uses them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perfsvc.errors import Conflict
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import FileContent
from perfsvc.store import datafiles
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store.database import Store
from tests.store.conftest import World

CONTENT = FileContent("a" * 32, 5_000_000_000, "d" * 64, ("用户", "b"), 3)
OTHER = FileContent("b" * 32, 0, "e" * 64, (), None)

pytestmark = pytest.mark.asyncio


async def test_a_file_is_kept_as_it_came(store: Store, world: World) -> None:
    made = await store.run(datafiles.create, world.project.id, world.user.id, "名单.csv", CONTENT)
    assert (made.project_id, made.creator_id, made.name, made.content) == (
        world.project.id,
        world.user.id,
        "名单.csv",
        CONTENT,
    )
    assert await store.run(datafiles.get, made.id) == made
    second = await store.run(datafiles.create, world.project.id, world.user.id, "b", OTHER)
    page = await store.run(datafiles.page, world.project.id)
    assert (page.total, page.results) == (2, [second, made])
    assert await store.run(datafiles.stored_names) == {CONTENT.stored_name, OTHER.stored_name}


async def test_replacing_tells_what_was_there(store: Store, world: World) -> None:
    made = await store.run(datafiles.create, world.project.id, world.user.id, "a", CONTENT)
    assert await store.run(datafiles.replace, made.id, None, OTHER, "li") == CONTENT.stored_name
    assert await store.run(datafiles.get, made.id) == replace(made, content=OTHER, updated_by="li")
    assert await store.run(datafiles.replace, made.id, "b", CONTENT) == OTHER.stored_name
    assert (await store.run(datafiles.get, made.id)).name == "b"


async def test_one_stored_file_belongs_to_one_data_file(store: Store, world: World) -> None:
    await store.run(datafiles.create, world.project.id, world.user.id, "a", CONTENT)
    with pytest.raises(Conflict):
        await store.run(datafiles.create, world.project.id, world.user.id, "b", CONTENT)


async def test_what_is_not_there(store: Store, world: World) -> None:
    for call in (
        (datafiles.get, 99),
        (datafiles.delete, 99),
        (datafiles.replace, 99, None, CONTENT),
        (datafiles.create, 99, world.user.id, "a", CONTENT),
        (datafiles.create, world.project.id, 99, "a", CONTENT),
    ):
        with pytest.raises(NotFound):
            await store.run(*call)
    with pytest.raises(InvalidInput):
        await store.run(datafiles.create, world.project.id, world.user.id, "", CONTENT)


async def test_a_file_that_a_plan_uses_stays(store: Store, world: World) -> None:
    made = await store.run(datafiles.create, world.project.id, world.user.id, "a", CONTENT)
    data = {"data_source_type": "csv", "data_config": {"datafile_id": made.id}}
    config = PlanConfig.parse({"concurrent_users": 1, "target_url": "http://a/", **data})
    plan = await store.run(plans.create, world.project.id, world.user.id, "with data", config)
    with pytest.raises(Conflict):
        await store.run(datafiles.delete, made.id)
    await store.run(plans.delete, plan.id)
    assert await store.run(datafiles.delete, made.id) == CONTENT.stored_name
    assert await store.run(datafiles.stored_names) == set()


@pytest.mark.parametrize("named", [[1], {"id": 1}, "1", 1.0, True, None])
async def test_what_names_no_file_holds_none(store: Store, world: World, named: object) -> None:
    made = await store.run(datafiles.create, world.project.id, world.user.id, "a", CONTENT)
    data = {"data_source_type": "csv", "data_config": {"datafile_id": named}}
    config = PlanConfig.parse({"concurrent_users": 1, "target_url": "http://a/", **data})
    await store.run(plans.create, world.project.id, world.user.id, "with data", config)
    assert await store.run(datafiles.delete, made.id) == CONTENT.stored_name


async def test_files_go_with_their_project(store: Store, world: World) -> None:
    await store.run(datafiles.create, world.project.id, world.user.id, "a", CONTENT)
    await store.run(projects.delete, world.project.id)
    assert await store.run(datafiles.stored_names) == set()
