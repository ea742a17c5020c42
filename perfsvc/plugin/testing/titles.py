"""Titles of options in both languages."""

from __future__ import annotations

from typing import Any

from perfsvc.plugin import Spec


def bare_fields(spec: type[Spec]) -> list[str]:
    """Return the paths of fields without a title; discriminators need none."""
    schema: dict[str, Any] = spec.model_json_schema()
    parts = {"": schema, **schema.get("$defs", {})}
    fields = [(f"{owner}.{name}", field) for owner, part in parts.items() for name, field in _properties(part)]
    return [path for path, field in fields if not _titled(field)]


def _properties(part: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(part.get("properties", {}).items())


def _titled(field: dict[str, Any]) -> bool:
    tells_which = "const" in field
    return tells_which or bool(field.get("title") and field.get("x-title-zh"))
