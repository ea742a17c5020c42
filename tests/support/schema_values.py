"""Values that a JSON Schema allows, drawn by Hypothesis: the keywords that the API's description uses."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

Schema = Mapping[str, Any]
DEPTH = 3
"""Levels after which objects and lists are as small as they may be."""
TEXT = st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0")
PRINTED = st.characters(min_codepoint=33, max_codepoint=126)
"""For patterns, without their ranges beyond ASCII: those take Hypothesis seconds."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(TEXT, max_size=10),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(TEXT, max_size=5), inner, max_size=2),
    max_leaves=4,
)


class Values:
    """Strategies for the schemas of one document."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        self._strategies: dict[tuple[str, int], st.SearchStrategy[Any]] = {}

    def of(self, schema: Schema, depth: int = 0) -> st.SearchStrategy[Any]:
        """Values that a schema allows."""
        if "$ref" in schema:
            return self._named(schema["$ref"].rpartition("/")[2], min(depth, DEPTH))
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        variants = "properties" not in schema and (schema.get("oneOf") or schema.get("anyOf"))
        if variants:
            return st.one_of([self.of({**shared(schema), **variant}, depth) for variant in variants])
        kinds = schema.get("type", "any")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        return st.one_of([self._of_type(kind, schema, depth) for kind in kinds])

    def _named(self, name: str, depth: int) -> st.SearchStrategy[Any]:
        if (name, depth) not in self._strategies:
            self._strategies[name, depth] = st.deferred(lambda: self.of(self._schemas[name], depth))
        return self._strategies[name, depth]

    def _of_type(self, kind: str, schema: Schema, depth: int) -> st.SearchStrategy[Any]:
        if kind == "object":
            return self._objects(schema, depth)
        if kind == "array":
            return self._lists(schema, depth)
        return {
            "string": lambda: texts(schema),
            "integer": lambda: integers(schema),
            "number": lambda: numbers(schema),
            "boolean": st.booleans,
            "null": st.none,
            "any": lambda: JSON,
        }[kind]()

    def _objects(self, schema: Schema, depth: int) -> st.SearchStrategy[dict[str, Any]]:
        properties = schema.get("properties", {})
        fixed = st.one_of([self._object(*each, depth) for each in alternatives(schema)])
        beside = schema.get("additionalProperties", not properties)
        named: dict[str, Any] = schema.get("propertyNames", {})
        for pattern, values in schema.get("patternProperties", {}).items():
            beside, named = values, {**named, "pattern": pattern}
        if beside is False or depth >= DEPTH:
            return fixed
        names = self.of({"type": "string", "minLength": 1, "maxLength": 10, **named})
        values = JSON if beside is True else self.of(beside, depth + 1)
        most = min(schema.get("maxProperties", 2), 2)
        return st.builds(lambda more, own: {**more, **own}, st.dictionaries(names, values, max_size=most), fixed)

    def _object(self, properties: Schema, required: set[str], depth: int) -> st.SearchStrategy[dict[str, Any]]:
        parts = {name: self.of(part, depth + 1) for name, part in properties.items()}
        optional = {} if depth >= DEPTH else {name: part for name, part in parts.items() if name not in required}
        return st.fixed_dictionaries({name: parts[name] for name in required}, optional=optional)

    def _lists(self, schema: Schema, depth: int) -> st.SearchStrategy[list[Any]]:
        least = schema.get("minItems", 0)
        most = min(schema.get("maxItems", least + 2), least + (0 if depth >= DEPTH else 2))
        return st.lists(self.of(schema.get("items", {}), depth + 1), min_size=least, max_size=most)


def alternatives(schema: Schema) -> list[tuple[Schema, set[str]]]:
    """The properties of an object with those that are required: once for each alternative."""
    properties: Schema = schema.get("properties", {})
    required = set(schema.get("required", []))
    rules = [schema, *schema.get("allOf", [])]
    one_of = [part for rule in rules for part in rule.get("oneOf", [])]
    exclusive = {name for part in one_of for name in part["required"]}
    one = [
        ({name: part for name, part in properties.items() if name not in exclusive or name in each["required"]}, each)
        for each in one_of
    ]
    any_of = [(properties, part) for rule in rules for part in rule.get("anyOf", [])]
    found = [(known, required | set(each["required"])) for known, each in [*one, *any_of]]
    return found or [(properties, required)]


def shared(schema: Schema) -> dict[str, Any]:
    """Keywords that hold for every variant."""
    return {name: schema[name] for name in ("type", "minimum", "maximum", "minLength", "maxLength") if name in schema}


@cache
def matching(pattern: str) -> st.SearchStrategy[str]:
    """Texts of a pattern, in which ``$`` is the very end, and ``\\w`` and ``\\d`` are ASCII."""
    plain = re.sub(r"[^\x00-\x7f]-[^\x00-\x7f]", "", re.sub(r"\$$", r"\\Z", pattern))
    return st.from_regex(re.compile(plain, re.ASCII), alphabet=PRINTED)


def texts(schema: Schema) -> st.SearchStrategy[str]:
    """Texts by pattern or by length."""
    least, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    if "pattern" in schema:
        return matching(schema["pattern"]).filter(lambda text: least <= len(text) <= most)
    if "examples" in schema:
        return st.sampled_from(schema["examples"])
    return st.text(TEXT, min_size=least, max_size=int(min(most, least + 20)))


def integers(schema: Schema) -> st.SearchStrategy[int]:
    """Whole numbers within bounds."""
    least = schema.get("minimum", schema.get("exclusiveMinimum", -(2**31) - 1) + 1)
    return st.integers(least, schema.get("maximum", 2**31))


def numbers(schema: Schema) -> st.SearchStrategy[float]:
    """Numbers within bounds."""
    least, most = schema.get("minimum", schema.get("exclusiveMinimum", -1e12)), schema.get("maximum", 1e12)
    floats = st.floats(least, most, exclude_min="exclusiveMinimum" in schema, allow_nan=False, allow_infinity=False)
    whole = st.integers(math.floor(least) + 1, max(math.floor(most), math.floor(least) + 1))
    return floats | whole.filter(lambda number: number <= most)
