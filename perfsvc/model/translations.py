"""The Chinese of descriptions in JSON Schemas, found by their English text.

A description that has its Chinese beside it already (``x-description-zh``) is left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any

VALUES = frozenset({"const", "default", "enum", "example", "examples", "x-enum-zh", "x-enum-en"})
"""Keywords whose content is data, not a schema."""
NAMED = frozenset({"properties", "patternProperties", "$defs"})
"""Keywords whose content is schemas by name."""
WRAPPED = re.compile(r"(?<!\n)\n(?!\n)")


@lru_cache(maxsize=1)
def chinese() -> dict[str, str]:
    """Chinese by English text."""
    texts: dict[str, str] = json.loads((files("perfsvc.model") / "descriptions.zh.json").read_text("utf-8"))
    return texts


def translate(schema: Any) -> None:
    """Put the Chinese beside every description of a schema, in place; lines within a paragraph are joined."""
    for part in subschemas(schema):
        if isinstance(part.get("description"), str):
            part["description"] = in_lines_of_paragraphs(part["description"])
            translated = chinese().get(part["description"])
            if translated is not None:
                part.setdefault("x-description-zh", translated)


def in_lines_of_paragraphs(text: str) -> str:
    """Join the lines of each paragraph."""
    return WRAPPED.sub(" ", text)


def subschemas(schema: Any, *, by_name: bool = False) -> Iterator[dict[str, Any]]:
    """Yield a schema and every schema in it; ``by_name``: the keys of a dict are names, not keywords."""
    if isinstance(schema, list):
        for part in schema:
            yield from subschemas(part)
    elif isinstance(schema, dict):
        if not by_name:
            yield schema
        for name, part in schema.items():
            if by_name or name not in VALUES:
                yield from subschemas(part, by_name=not by_name and name in NAMED)
