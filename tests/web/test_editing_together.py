"""Two people edit the same scene, the same plan: no work is lost without a message."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test


@pytest.mark.parametrize("path", ["/api/scenes/1/", "/api/performance/plans/1/"])
async def test_a_lost_update_is_a_conflict(api: Api, world: World, path: str) -> None:
    seen = await api.get(path, "owner")
    version = {"If-Match": seen.headers["ETag"]}
    world.clock.advance(0.25)
    changed = await api.put(path, {"name": "by the editor"}, "editor", headers=version)
    assert (changed.status, changed.json["updated_by"]) == (200, "editor")
    lost = await api.put(path, {"name": "by the owner"}, "owner", headers={**version, "Accept-Language": "en"})
    expected: dict[str, Any] = {
        "error": "changed by editor meanwhile; load it again",
        "code": "changed",
        "updated_at": "2023-11-14T22:13:20Z",
        "changed_by": "editor",
    }
    assert (lost.status, lost.json) == (409, expected)
    again = await api.get(path)
    assert again.json["name"] == "by the editor"
    for known in (again.headers["ETag"], again.json["updated_at"], "*"):
        world.clock.advance(0.25)
        mine = await api.put(path, {"name": "by the owner"}, headers={"If-Match": known})
        assert mine.status == 200
    assert (await api.put(path, {"name": "last"})).status == 200
