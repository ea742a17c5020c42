"""Searching and ordering in the database itself: alike in SQLite and MariaDB."""

from __future__ import annotations

import pytest

from perfsvc.model.listing import Selection
from perfsvc.model.scene import SceneSpec
from perfsvc.store import scenes
from perfsvc.store.database import Store
from perfsvc.store.database import writes
from tests.store.conftest import World

NAMES = ("beta", "Alpha", "gamma_100%", "登录")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("selection", "found"),
    [
        (Selection(), ["登录", "gamma_100%", "Alpha", "beta"]),
        (Selection(order="created_at"), ["beta", "Alpha", "gamma_100%", "登录"]),
        (Selection(order="name"), ["Alpha", "beta", "gamma_100%", "登录"]),
        (Selection(order="-name"), ["登录", "gamma_100%", "beta", "Alpha"]),
        (Selection("ALPHA"), ["Alpha"]),
        (Selection("a", order="name"), ["Alpha", "beta", "gamma_100%"]),
        (Selection("_1"), ["gamma_100%"]),
        (Selection("0%"), ["gamma_100%"]),
        (Selection("录"), ["登录"]),
        (Selection("of BETA"), ["beta"]),
    ],
)
async def test_search_and_order(store: Store, world: World, selection: Selection, found: list[str]) -> None:
    @writes
    def fill() -> None:
        for name in NAMES:
            spec = SceneSpec.parse({"name": name, "steps": [{"name": "page", "request": {"url": "/"}}]})
            scenes.create(world.project.id, world.user.id, spec, f"the scene of {name}" if name == "beta" else None)

    await store.run(fill)
    page = await store.run(scenes.page, world.project.id, 1, 10, selection)
    assert [scene.spec.name for scene in page.results] == found
    assert page.total == len(found)
