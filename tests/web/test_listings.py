"""Listings that are searched, filtered and ordered: alike for every resource."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.web_world import CONFIG
from tests.support.web_world import STEPS
from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test

NAMES = ("beta", "Alpha", "gamma 100%")
OF_PROJECT: dict[str, dict[str, Any]] = {
    "/api/envs/": {},
    "/api/scenes/": {"steps": STEPS},
    "/api/performance/plans/": {"config": CONFIG},
    "/api/performance/presets/": {"config_type": "concurrent", "config_data": CONFIG},
}
LISTED = {"/api/projects/": "?", **dict.fromkeys(OF_PROJECT, "?project_id=1&"), "/api/datafiles/": "?project_id=1&"}


async def fill(api: Api, path: str) -> None:
    for name in NAMES:
        if path == "/api/datafiles/":
            body = b"a\n" + b"1\n" * len(name)
            made = await api.post(f"{path}?project_id=1&name={name.replace('%', '%25').replace(' ', '%20')}", raw=body)
        else:
            made = await api.post(
                path, {"name": name, "project_id": 1, **OF_PROJECT[path]} if path in OF_PROJECT else {"name": name}
            )
        assert made.status == 201, made.text


async def names(api: Api, path: str, query: str, who: str = "owner") -> list[str]:
    answer = await api.get(f"{path}{LISTED.get(path, '?')}{query}", who)
    assert answer.status == 200, answer.text
    return [row.get("name") or row["username"] for row in answer.json["results"]]


@pytest.mark.parametrize("path", LISTED)
async def test_search_and_order(api: Api, path: str) -> None:
    usual = await names(api, path, "page_size=100")
    await fill(api, path)
    oldest_first = path in ("/api/projects/", "/api/envs/")
    everything = [*usual, *NAMES] if oldest_first else [*reversed(NAMES), *usual]
    assert await names(api, path, "page_size=100") == everything
    assert await names(api, path, "order=created_at") == sorted(
        everything, key=everything.index, reverse=not oldest_first
    )
    by_name = await names(api, path, "order=name")
    assert by_name == sorted(everything, key=str.casefold)
    assert await names(api, path, "order=-name") == by_name[::-1]
    assert await names(api, path, "order=name&page=2&page_size=1") == by_name[1:2]
    assert await names(api, path, "q=ALPHA") == ["Alpha"]
    assert await names(api, path, "q=0%25") == ["gamma 100%"]
    assert await names(api, path, "q=_") == []
    assert (await api.get(f"{path}{LISTED[path]}order=colour")).status == 422
    refused = await api.get(f"{path}{LISTED[path]}q=%00")
    assert (refused.status, refused.json["details"]) == (422, [{"path": "q", "message": "不能含有控制字符"}])


async def test_filters_of_plans(api: Api, world: World) -> None:
    path = "/api/performance/plans/"
    step = {"test_mode": "step", "step_users": 1, "step_time": 1, **CONFIG}
    assert (await api.post(path, {"name": "stairs", "project_id": 1, "config": step})).status == 201
    assert await names(api, path, "mode=step") == ["stairs"]
    assert await names(api, path, "status=created") == ["stairs", "evening peak"]
    assert await names(api, path, "status=running") == []
    world.clock.advance(1)
    assert (await api.put(f"{path}1/", {"description": "the Usual customers"})).status == 200
    assert await names(api, path, "q=usual") == ["evening peak"]
    assert await names(api, path, "order=-updated_at") == ["evening peak", "stairs"]


async def test_filters_of_presets(api: Api) -> None:
    path = "/api/performance/presets/"
    assert await names(api, path, "mode=concurrent") == ["small"]
    assert await names(api, path, "mode=step") == []


async def test_filters_of_users(api: Api) -> None:
    path = "/api/users/"
    assert await names(api, path, "administrator=1", "administrator") == ["administrator"]
    assert await names(api, path, "q=VIEWER@", "administrator") == ["viewer"]
    assert await names(api, path, "order=-username&administrator=0", "administrator") == [
        "viewer", "stranger", "owner", "editor",
    ]  # fmt: skip
    assert (await api.put("/api/users/4/", {"is_active": 1}, "administrator")).status == 200
    assert await names(api, path, "is_active=1", "administrator") == ["viewer"]


async def test_data_files_by_size(api: Api) -> None:
    await fill(api, "/api/datafiles/")
    assert await names(api, "/api/datafiles/", "order=-size") == ["gamma 100%", "Alpha", "beta", "users.csv"]


async def test_filters_of_plugins_and_nodes(api: Api) -> None:
    assert await names(api, "/api/plugins/", "kind=protocol") == ["http"]
    assert await names(api, "/api/plugins/", "order=-name") == ["http", "fake", "csv"]
    assert await names(api, "/api/plugins/", "q=CS") == ["csv"]
    everything = await names(api, "/api/nodes/", "order=name")
    assert await names(api, "/api/nodes/", "order=-name") == everything[::-1]
    assert len(await names(api, "/api/nodes/", "kind=server")) == 1
    assert await names(api, "/api/nodes/", "q=agent-1&kind=agent") == ["agent-1"]
    assert await names(api, "/api/nodes/", "state=lost") == []
