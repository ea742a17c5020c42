"""Hints for forms in the schemas of the built-in plugins: a text that may be typed has an example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from perfsvc.model.template import Template
from perfsvc.plugin.catalog import Catalog

CATALOG = Catalog.load()
MODELS = {
    f"{name} {kind}": model
    for names, find in ((CATALOG.protocols, CATALOG.protocol), (CATALOG.data_sources, CATALOG.data_source))
    for name in names
    for kind in ("Request", "Options")
    if (model := getattr(find(name), kind, None)) is not None
}
OWN_CHOICE = ("enum", "const", "oneOf")


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a schema, with the ``$defs`` that it may refer to."""
    definitions = schema.get("$defs", {})
    for name, part in {"": schema, **definitions}.items():
        for field, found in part.get("properties", {}).items():
            yield f"{name}.{field}", {**found, "$defs": definitions}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def is_text(field: dict[str, Any]) -> bool:
    forms = [field, *field.get("anyOf", ())]
    return any(form.get("type") == "string" for form in forms) and not any(
        key in form for key in OWN_CHOICE for form in forms
    )


@pytest.mark.parametrize("name", MODELS)
def test_texts_have_examples_that_the_schema_takes(name: str) -> None:
    for place, field in fields(MODELS[name].model_json_schema(by_alias=True)):
        examples = field.get("examples", [])
        if field.get("x-template"):
            assert examples, f"{place} takes templates and has no example"
            for text in strings(examples):
                Template(text)
        if is_text(field) and not field.get("writeOnly"):
            assert examples or field.get("default"), f"{place} has neither an example nor a default"
        for example in examples:
            jsonschema.validate(example, field)
