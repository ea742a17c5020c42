"""The base of every spec, and the one way in: strict JSON semantics, every problem reported at once."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Annotated
from typing import Any
from typing import TypeVar

from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import Field
from pydantic import SerializerFunctionWrapHandler
from pydantic import Strict
from pydantic import ValidationError
from pydantic import model_serializer

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.beginning import Beginning
from perfsvc.model.known_keys import HOMES
from perfsvc.model.problems import MESSAGES
from perfsvc.model.problems import MOST_PROBLEMS
from perfsvc.model.problems import path_of
from perfsvc.model.problems import problems_of

S = TypeVar("S", bound="Spec")
T = TypeVar("T")

MANY_ERRORS = 2_000
FIRST_NODES = 1_000

Many = Annotated[tuple[T, ...], Strict(False)]
"""A frozen list. Not strict about list or tuple, because a validator that runs before hands on Python lists."""


class Spec(BaseModel):
    """A frozen value: unknown keys, wrong types, NaN and infinities are refused.

    ``home``: where its keys stand in a plan; a key that stands elsewhere by mistake is then said to belong there.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        populate_by_name=True,
    )

    def __init_subclass__(cls, *, home: str = "", **more: Any) -> None:
        super().__init_subclass__(**more)
        if home:
            HOMES[cls] = home

    @classmethod
    def parse(cls: type[S], data: Any, at: str = "") -> S:
        """Validate a decoded JSON or YAML document; ``at`` prefixes the paths in the problems.

        Raises InvalidInput with every problem found.
        """
        try:
            text = json.dumps(data, allow_nan=False, default=_refuse)
        except (TypeError, ValueError) as error:
            other = Problem(at or "$", Text(f"不是合法的 JSON 数据：{error}", f"not JSON data: {error}"))
            raise InvalidInput(list(unlike_json(data, at)) or [other]) from None
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise InvalidInput(problems_of(_fewer(cls, error, data), data, at, cls)) from None


def _fewer(spec: type[Spec], error: ValidationError, data: Any) -> ValidationError:
    """The errors of a document, or those of its beginning where they are too many: all are listed in one go."""
    nodes = FIRST_NODES
    while error.error_count() > MANY_ERRORS:
        beginning = Beginning(nodes)
        part = beginning.of(data)
        if beginning.complete:
            break
        try:
            spec.model_validate_json(json.dumps(part))
        except ValidationError as fewer:
            if fewer.error_count() > MOST_PROBLEMS:
                return fewer
        nodes *= 2
    return error


def _refuse(value: object) -> Any:
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def unlike_json(value: Any, at: str = "", above: frozenset[int] = frozenset()) -> Iterator[Problem]:
    """Find values that YAML can express and JSON cannot: NaN and infinities, bytes and sets, self-references."""
    if isinstance(value, dict | list):
        if id(value) in above:
            yield Problem(at or "$", Text("不能包含自身", "must not contain itself"))
            return
        for part, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from unlike_json(below, path_of((part,), at), above | {id(value)})
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem(at or "$", Text(*MESSAGES["finite_number"]))
    elif value is not None and not isinstance(value, str | int | float):
        name = type(value).__name__
        yield Problem(at or "$", Text(f"不是 JSON 能表示的值：{name}", f"{name} is not a JSON value"))


def titled(
    zh: str,
    en: str,
    default: Any = ...,
    *,
    about: tuple[str, str] | None = None,
    secret: bool = False,
    password: bool = False,
    template: bool = False,
    datafile: bool = False,
    freeform: bool = False,
    advanced: bool = False,
    exclusive: str | None = None,
    labels: Mapping[str, tuple[str, str]] | None = None,
    **constraints: Any,
) -> Any:
    """A field with a title in both languages, for JSON Schema, the UI and the docs.

    The service encrypts the text of an option that is ``secret`` and never gives it back. ``freeform`` says that users
    name what is within the field. The other words are hints for forms: ``password`` hides what is typed, ``template``
    says that the text may hold ``{{…}}``, ``datafile`` that it names a data file of the project, ``advanced`` that few
    need it; of the fields that are ``exclusive`` under one name only one may be filled; ``labels`` are the Chinese and
    the English text for each value of an enumeration. ``about`` explains the field where its title does not suffice, in
    Chinese and English; ``examples`` is a list of values. Forms have the fields in the order of their declaration.
    """
    extra: dict[str, Any] = {"x-title-zh": zh}
    if about is not None:
        extra["x-description-zh"], constraints["description"] = about
    if secret:
        extra["writeOnly"] = True
        constraints["repr"] = False
    if secret or password:
        extra["format"] = "password"
    if datafile:
        extra["format"] = "datafile"
    if freeform:
        extra["x-freeform"] = True
    if template:
        extra["x-template"] = True
    if advanced:
        extra["x-advanced"] = True
    if exclusive is not None:
        extra["x-exclusive"] = exclusive
    if labels is not None:
        extra["x-enum-zh"] = {value: texts[0] for value, texts in labels.items()}
        extra["x-enum-en"] = {value: texts[1] for value, texts in labels.items()}
    return Field(default, title=en, json_schema_extra=extra, **constraints)


def exactly_one(*names: str) -> ConfigDict:
    """The config of a spec of whose fields ``names`` exactly one is given: its schema says so."""
    return _required_among("oneOf", names)


def at_least_one(*names: str) -> ConfigDict:
    """The config of a spec of whose fields ``names`` at least one is given: its schema says so."""
    return _required_among("anyOf", names)


def _required_among(keyword: str, names: tuple[str, ...]) -> ConfigDict:
    def write(schema: dict[str, Any]) -> None:
        # Within allOf, since forms take the alternatives of an object for variants of it.
        schema["allOf"] = [{keyword: [{"required": [name]} for name in names]}]
        for name in names:
            field = schema["properties"][name]
            variants = [part for part in field.pop("anyOf", [{}]) if part != {"type": "null"}]
            field.pop("default", None)
            least = {"minItems": 1} if field.get("type") == "array" else {}
            kinds = variants[0] if len(variants) == 1 else {"anyOf": variants}
            schema["properties"][name] = {**kinds, **least, **field}

    return ConfigDict(json_schema_extra=write)


class Exact(Spec):
    """A spec in which null and nothing mean different things: what was left out is left out when it is written."""

    @model_serializer(mode="wrap")
    def _without_unset(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        names = {type(self).model_fields[name].alias or name for name in self.model_fields_set} | self.model_fields_set
        return {key: value for key, value in write(self).items() if key in names}
