"""The file of a project over REST, where the project has more than one page of a kind."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import SceneWeight
from perfsvc.model.plan_text import document_of
from perfsvc.model.project_file import MOST
from perfsvc.service import project_document
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store import rows
from perfsvc.store.database import writes
from perfsvc.store.tables import SceneRow
from tests.support.web_world import STEPS
from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test


@writes
def project_of(user_id: int, names: list[str]) -> tuple[int, int]:
    """A project with a scene of each name, and a plan of the first and the last."""
    project = projects.create("large", "", user_id).id
    scene = {"project": project, "creator": user_id, "description": None}
    ids = [SceneRow.add(**scene, name=name, spec={"name": name, "steps": STEPS}) for name in names]
    config = PlanConfig.parse({"concurrent_users": 1, "target_url": "http://127.0.0.1:9/"})
    shares = [SceneWeight(each, 1) for each in dict.fromkeys((ids[0], ids[-1]))]
    plan = plans.create(project, user_id, "old", config, shares)
    return project, plan.id


async def made(world: World, names: list[str]) -> tuple[str, int]:
    """Return the address of the project's file and the id of the plan."""
    project, plan = await world.store.run(project_of, world.people["owner"], names)
    return f"/api/projects/{project}/file/", plan


async def actions(api: Api, address: str, text: str) -> set[tuple[str, str, str]]:
    read = await api.post(address, {"text": text})
    assert read.status == 200, read.json
    return {(each["action"], each["kind"], each["name"]) for each in read.json["results"]}


def names(text: str, part: str) -> list[str]:
    document: dict[str, Any] = document_of(text, "")
    return [each["name"] for each in document.get(part, [])]


async def test_the_oldest_of_many_is_exported_and_found_again(api: Api, world: World) -> None:
    file, plan = await made(world, [f"scene {number % MOST}" for number in range(MOST + 1)])
    text = (await api.get(f"{file}?plan_id={plan}")).text
    assert (names(text, "plans"), names(text, "scenes")) == (["old"], ["scene 0", "scene 0 (2)"])
    assert await actions(api, file, text) == {
        ("keep", "plan", "old"),
        ("keep", "env", "默认环境"),
        ("keep", "scene", "scene 0"),
        ("keep", "scene", "scene 0 (2)"),
    }
    refused = await api.get(file)
    said = "项目有 1,001 个业务流，一个文件最多 1,000 个，请逐个导出测试计划或业务流"
    assert (refused.status, refused.json["details"]) == (422, [{"path": "plan_id", "message": said}])
    in_english = await api.get(file, headers={"Accept-Language": "en"})
    assert in_english.json["details"][0]["message"] == (
        "the project has 1,001 scenes and a file holds 1,000; export its plans or scenes one by one"
    )


async def test_every_batch_is_exported_and_kept(api: Api, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "BATCH", 2)
    file, _ = await made(world, ["a", "b", "a", "c", "a (2)"])
    text = (await api.get(file)).text
    assert names(text, "scenes") == ["a", "b", "a (2)", "c", "a (2) (2)"]
    assert {action for action, _, _ in await actions(api, file, text)} == {"keep"}
    monkeypatch.setattr(project_document, "LARGEST_TEXT", 100)
    refused = await api.get(file, headers={"Accept-Language": "en"})
    assert refused.status == 422
    assert "bytes and an import takes 100; export plans" in refused.json["details"][0]["message"]


async def test_a_plan_or_scene_of_another_project_is_not_found(api: Api, world: World) -> None:
    file, _ = await made(world, ["a"])
    plan = await api.get(f"{file}?plan_id={world.ids['plan_id']}")
    assert (plan.status, plan.json) == (404, {"error": "测试计划不存在"})
    scene = await api.get(f"{file}?scene_id={world.ids['scene_id']}")
    assert (scene.status, scene.json) == (404, {"error": "业务流不存在"})
