"""Titles of options, and labels of their values, in both languages."""

from __future__ import annotations

from typing import Any

from perfsvc.plugin import Spec


def bare_fields(spec: type[Spec]) -> list[str]:
    """Return the paths of fields without a title, without labels for their values, or explained in one language.

    Discriminators need none.
    """
    schema: dict[str, Any] = spec.model_json_schema()
    parts = {"": schema, **schema.get("$defs", {})}
    fields = [(f"{owner}.{name}", field) for owner, part in parts.items() for name, field in _properties(part)]
    return [path for path, field in fields if "const" not in field and not _in_both_languages(field)]


def _properties(part: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(part.get("properties", {}).items())


def _in_both_languages(field: dict[str, Any]) -> bool:
    titled = bool(field.get("title") and field.get("x-title-zh"))
    explained = ("description" in field) == ("x-description-zh" in field)
    values = {str(value) for part in (field, *field.get("anyOf", ())) for value in part.get("enum", ())}
    labelled = all(values <= set(field.get(name, ())) for name in ("x-enum-zh", "x-enum-en"))
    return titled and explained and labelled
