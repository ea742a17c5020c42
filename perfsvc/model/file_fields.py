"""Fields in which requests and options of protocols name a data file, as the schemas of the loaded plugins say."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_fields: set[str] = set()
_freeform = {"headers", "variables", "set"}
"""Fields of environments and steps, and of plugins, in which users name what is within."""


def register(protocols: Iterable[Schema], data_sources: Iterable[Schema] = ()) -> None:
    """Add the fields of the schemas of plugins, once, when these are loaded."""
    protocols = list(protocols)
    _fields.update(name for schema in protocols for name in fields_of(schema, _names_file))
    _freeform.update(name for schema in (*protocols, *data_sources) for name in fields_of(schema, _is_freeform))


def fields() -> frozenset[str]:
    """Return the names of all fields that name a data file."""
    return frozenset(_fields)


def fields_of(schema: Any, fits: Callable[[Schema], bool]) -> Iterator[str]:
    """Find the properties of a JSON Schema, at any depth, for which ``fits`` returns True."""
    if isinstance(schema, Mapping):
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            for name, field in properties.items():
                if isinstance(field, Mapping) and fits(field):
                    yield name
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from fields_of(each, fits)


def _names_file(field: Schema) -> bool:
    return field.get("format") == "datafile"


def _is_freeform(field: Schema) -> bool:
    return field.get("x-freeform") is True


def named_files(document: Any, more: Collection[str] = ()) -> Iterator[str]:
    """Find what these fields of a document name, and ``more`` of them: texts of certificates and templates, too."""
    return (name for _, name in places_of_files(document, more))


def places_of_files(document: Any, more: Collection[str] = (), at: str = "") -> Iterator[tuple[str, str]]:
    """As ``named_files``, each with its path in the document."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            path = f"{at}.{key}" if at else str(key)
            if (key in _fields or key in more) and isinstance(value, str):
                yield path, value
            if key not in _freeform:
                yield from places_of_files(value, more, path)
    elif isinstance(document, list | tuple):
        for number, each in enumerate(document):
            yield from places_of_files(each, more, f"{at}[{number}]")


def without_folders(name: str) -> str:
    """Return the last part of the name of a file, which a plan file may have in a folder below its own."""
    return name.replace("\\", "/").rpartition("/")[2]


def renamed_files(document: Any, names: Mapping[str, str], key: str = "") -> Any:
    """Return a document in which these fields name files by other names."""
    if key in _freeform:
        return document
    if isinstance(document, Mapping):
        return {inner: renamed_files(value, names, inner) for inner, value in document.items()}
    if isinstance(document, list):
        return [renamed_files(value, names) for value in document]
    return names.get(document, document) if key in _fields and isinstance(document, str) else document
