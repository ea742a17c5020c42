"""What editors are made from: schemas that describe what is taken, and words that templates take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from perfsvc.model.functions.library import registered
from perfsvc.model.template import Template
from perfsvc.plugin import Scope
from perfsvc.plugin.catalog import Catalog
from tests.support.web_world import Api

pytestmark = pytest.mark.gen_test


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
    for function in registered().values():
        scope.variables.update(function.example_variables)
    for kind in words.values():
        for word in kind[:40]:
            assert Template(word["insert"]).render(scope)
            assert word["example"] is not None


async def test_words_say_what_they_take(api: Api) -> None:
    words = (await api.get("/api/vocabulary/", "stranger")).json
    takes = {word["name"]: word["arguments"] for kind in words.values() for word in kind}
    one = {"type": "integer", "required": True, "repeated": False}
    assert takes["$randomInt"] == [{"name": "low", **one}, {"name": "high", **one}]
    assert takes["$uuid"] == takes["$faker.name"] == []
    assert takes["$randomString"][1] == {"name": "alphabet", "type": "text", "required": False, "repeated": False}
    assert takes["$randomItem"][1] == {"name": "more", "type": "any", "required": False, "repeated": True}


async def test_expressions_are_checked_in_the_words_of_saving(api: Api) -> None:
    wrong = ["$randomInt(1)", '$randomInt(1, "x")', "$randomInt(9, 1)", "$uuidd", "$hmac(", "1 + 1"]
    body = {"expressions": [*wrong, "$randomInt(low, 9)", "user"]}
    mistakes = (await api.post("/api/vocabulary/check/", body, "stranger")).json["mistakes"]
    assert mistakes[-2:] == [None, None]
    for expression, mistake in zip(wrong, mistakes, strict=False):
        scene = {"project_id": 1, "name": "s", "steps": [{"name": "a", "request": {"url": f"/{{{{{expression}}}}}"}}]}
        (refused,) = (await api.post("/api/scenes/", scene)).json["details"]
        assert refused["message"] in mistake.values()
    too_many = {"expressions": ["$uuid"] * 201}
    assert (await api.post("/api/vocabulary/check/", too_many)).status == 422


def hinted(schema: Any) -> Iterator[dict[str, Any]]:
    """Every part of a schema that is a field."""
    if isinstance(schema, list):
        schema = dict(enumerate(schema))
    if isinstance(schema, dict):
        if "x-title-zh" in schema:
            yield schema
        for part in schema.values():
            yield from hinted(part)


def values_of(field: dict[str, Any]) -> set[str]:
    """The values of an enumeration."""
    parts = [field, *field.get("anyOf", [])]
    return {value for part in parts for value in part.get("enum", [part["const"]] if "const" in part else [])}


async def test_enumerations_are_labelled_in_both_languages(api: Api) -> None:
    found = (await api.get("/api/schemas/")).json
    fields = [field for schema in found.values() for field in hinted(schema) if values_of(field)]
    labelled = [field for field in fields if "x-enum-zh" in field]
    for field in labelled:
        assert set(field["x-enum-zh"]) == set(field["x-enum-en"]) == values_of(field)
    modes = found["plan_config"]["properties"]["test_mode"]
    assert (modes["x-enum-zh"]["error_rate"], modes["x-enum-en"]["adaptive"]) == ("寻找极限", "Hold a target")
    assert {field["title"] for field in fields} - {field["title"] for field in labelled} <= {"From"}


def undescribed(schema: Any, where: str) -> Iterator[str]:
    """Fields of a schema that are not titled in both languages, or whose values are not labelled.

    The discriminator of variants has a single value; the variant's own title says what it is.
    """
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for part in parts:
        yield from undescribed(part, where)
    for name, field in (schema.get("properties") or {}).items() if isinstance(schema, dict) else ():
        if "const" in field:
            continue
        if not (field.get("title") and field.get("x-title-zh")):
            yield f"{where}: {name} has no title"
        if values_of(field) and {str(value) for value in values_of(field)} != set(field.get("x-enum-zh", ())):
            yield f"{where}: the values of {name} have no labels"
        if "description" in field and "x-description-zh" not in field:
            yield f"{where}: {name} is described in one language"


@pytest.mark.parametrize("plugin", Catalog.load().describe(), ids=lambda plugin: plugin["name"])
def test_every_field_of_a_plugin_is_described_in_both_languages(plugin: dict[str, Any]) -> None:
    schemas = {name: plugin[name] for name in plugin if name.endswith("schema") and plugin[name]}
    assert schemas or plugin["kind"] == "function"
    assert [gap for name, schema in schemas.items() for gap in undescribed(schema, f"{plugin['name']} {name}")] == []


def test_requests_say_which_fields_take_templates_and_which_exclude_each_other() -> None:
    catalog = {plugin["name"]: plugin for plugin in Catalog.load().describe() if plugin["kind"] == "protocol"}
    http = catalog["http"]["request_schema"]
    properties = http["properties"]
    exclusive = {name for name, field in properties.items() if field.get("x-exclusive") == "body"}
    assert exclusive == {"json", "form", "multipart", "body", "body_file"}
    assert {"url", "headers", "query"} <= {name for name, field in properties.items() if field.get("x-template")}
    secret = [
        field["title"] for plugin in catalog.values() for field in hinted(plugin) if field.get("format") == "password"
    ]
    assert {"Password", "Token", "Proxy password", "Client key, PEM text"} <= set(secret)
