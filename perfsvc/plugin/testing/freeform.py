"""Fields in which users name what is within: their schemas must say so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perfsvc.plugin import Spec

TYPES = frozenset({"type", "anyOf", "oneOf", "allOf", "$ref", "enum", "const"})


def unmarked_freeform(spec: type[Spec]) -> list[str]:
    """Return the paths of fields that take names of the users' own, or any JSON, without the hint ``freeform``."""
    schema: dict[str, Any] = spec.model_json_schema()
    parts = {"": schema, **schema.get("$defs", {})}
    return [
        f"{owner}.{name}"
        for owner, part in parts.items()
        for name, field in part.get("properties", {}).items()
        if "x-freeform" not in field and any(map(_is_free, _forms(field)))
    ]


def _forms(field: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schemas of a field, of its alternatives, and of the entries of a list."""
    yield field
    for each in field.get("anyOf", ()):
        yield from _forms(each)
    if "items" in field:
        yield from _forms(field["items"])


def _is_free(form: dict[str, Any]) -> bool:
    values = form.get("additionalProperties", False)
    named_by_users = values is True or (isinstance(values, dict) and "$ref" not in values)
    return named_by_users or not TYPES & form.keys()
