"""Fields in which requests and options of protocols name a data file, as the schemas of the loaded plugins say."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

_fields: set[str] = set()
FREE = frozenset({"headers", "query", "form", "fields", "json", "message", "metadata", "variables", "set"})
"""What users fill with names of their own: none of these is such a field."""


def register(schemas: Iterable[Mapping[str, Any]]) -> None:
    """Add the fields of the schemas of plugins, once, when these are loaded."""
    _fields.update(name for schema in schemas for name in fields_of(schema))


def fields() -> frozenset[str]:
    """Return the names of all such fields."""
    return frozenset(_fields)


def fields_of(schema: Any) -> Iterator[str]:
    """Find the properties of a JSON Schema, at any depth, that have the format ``datafile``."""
    if isinstance(schema, Mapping):
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            for name, field in properties.items():
                if isinstance(field, Mapping) and field.get("format") == "datafile":
                    yield name
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from fields_of(each)


def named_files(document: Any, more: Collection[str] = ()) -> Iterator[str]:
    """Find what these fields of a document name, and ``more`` of them: texts of certificates and templates, too."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            if (key in _fields or key in more) and isinstance(value, str):
                yield value
            if key not in FREE:
                yield from named_files(value, more)
    elif isinstance(document, list | tuple):
        for each in document:
            yield from named_files(each, more)


def renamed_files(document: Any, names: Mapping[str, str], key: str = "") -> Any:
    """Return a document in which these fields name files by other names."""
    if key in FREE:
        return document
    if isinstance(document, Mapping):
        return {inner: renamed_files(value, names, inner) for inner, value in document.items()}
    if isinstance(document, list):
        return [renamed_files(value, names) for value in document]
    return names.get(document, document) if key in _fields and isinstance(document, str) else document
