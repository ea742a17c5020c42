"""What editors are made from: schemas that describe what is taken, and words that templates take."""

from __future__ import annotations

import pytest

from perfsvc.model.template import Template
from perfsvc.plugin import Scope
from tests.support.web_world import Api

pytestmark = pytest.mark.gen_test(timeout=60)


async def test_schemas(api: Api) -> None:
    found = (await api.get("/api/schemas/", "stranger")).json
    assert set(found) == {"scene", "step", "check", "extractor", "think_time", "condition", "plan_config"}
    for name, schema in found.items():
        assert (await api.get(f"/api/schemas/{name}/", "stranger")).json == schema
        references = [part for part in str(schema).split("'") if part.startswith("#/")]
        assert all(part.startswith("#/$defs/") for part in references)
    assert found["scene"]["properties"]["steps"]["x-title-zh"] == "步骤"
    assert (await api.get("/api/schemas/none/")).status == 404
    assert (await api.get("/api/schemas/", None)).status == 401


async def test_every_word_is_one_that_templates_take(api: Api) -> None:
    words = (await api.get("/api/vocabulary/", "stranger")).json
    assert {"$vu", "$iteration", "$timestamp", "$uuid"} <= {word["name"] for word in words["variables"]}
    assert {"$randomInt", "$sha256"} <= {word["name"] for word in words["functions"]}
    assert all(word["zh"] and word["en"] for word in words["variables"] + words["functions"])
    names = {word["name"] for word in words["faker"]}
    assert {"$faker.name", "$faker.email", "$faker.city"} <= names
    assert not {"$faker.seed", "$faker.json", "$faker.binary"} & names
    scope = Scope(1, 7)
    for kind in words.values():
        for word in kind[:40]:
            assert Template(word["insert"]).render(scope)
            assert word["example"] is not None
