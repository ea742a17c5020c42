"""Unknown keys in words: the key that was probably meant, or the place where the key belongs.

A spec that is declared with ``home="config"`` is listed there, so that its keys are known wherever they stand by
mistake.
"""

from __future__ import annotations

import types
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Annotated
from typing import Any
from typing import Literal
from typing import NamedTuple
from typing import Union
from typing import get_args
from typing import get_origin

from pydantic import BaseModel
from pydantic import Tag

from perfsvc.errors import Text
from perfsvc.model.nearest import did_you_mean
from perfsvc.model.nearest import nearest
from perfsvc.model.nearest import plain

HOMES: dict[type[BaseModel], str] = {}
"""Specs whose keys are known everywhere, and where they stand in a plan."""
FLAG_WORDS = {
    "users": "concurrent_users",
    "ramp": "ramp_up_time",
    "rate": "arrival_rate",
    "iterations": "max_iterations",
    "insecure": "verify",
}
"""Words of the command line, and the keys that mean the same."""
MOST_HOMES = 3
ALIKE = 0.8
"""Similarity of words from which a key of another place is proposed."""


class Candidate(NamedTuple):
    """A type that a value may have, with the tag by which a union names it."""

    kind: Any
    tag: str | None


def unknown_key(key: str, model: type[BaseModel] | None, location: tuple[int | str, ...]) -> Text:
    """Return the message for a key that the object at ``location`` below ``model`` does not have."""
    owners = [] if model is None else models_at(model, location)
    keys = {name for owner in owners for name in keys_of(owner)}
    meant = meant_by(key)
    own = next((name for name in keys if plain(name) == plain(meant)), None)
    if own is None and (homes := homes_of(meant, owners)):
        name, where = homes
        return Text(
            f"此处没有这个字段，{name} 应写在 {where} 下", f"is not a known key here; {name} belongs under {where}"
        )
    hint = did_you_mean_key(
        own or nearest(key, [*keys_elsewhere(owners), *keys], ALIKE) or nearest(key, keys), keys, owners
    )
    return Text(f"未知的字段{hint.zh}", f"is not a known key{hint.en}")


def meant_by(key: str) -> str:
    """Return the key that a word of the command line stands for; any other as it is."""
    return FLAG_WORDS.get(key, key)


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """Yield the keys of a spec as users write them."""
    for name, field in model.model_fields.items():
        yield field.alias or name
    yield from getattr(model, "synonyms", ())


def homes_of(key: str, owners: list[type[BaseModel]]) -> tuple[str, str] | None:
    """Return a key as it is written elsewhere, and where; None for a key that is nowhere.

    In a body that is no part of a plan, such as that of a trial, it is sought right below at first.
    """
    homes = [below for owner in owners if owner not in HOMES for below in keys_below(owner) if below[0] == key] or [
        (name, home)
        for model, home in HOMES.items()
        if model not in owners
        for name in keys_of(model)
        if plain(name) == plain(key)
    ]
    if not homes:
        return None
    return homes[0][0], " / ".join(sorted({home for _, home in homes})[:MOST_HOMES])


def keys_below(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield the keys of the objects in a spec, each with the key of its object."""
    for field in keys_of(model):
        for candidate in _field(model, field):
            if _is_model(candidate.kind):
                yield from ((name, field) for name in keys_of(candidate.kind))


def keys_elsewhere(owners: list[type[BaseModel]]) -> list[str]:
    """Return the keys of a plan that the specs do not have."""
    return [name for model in HOMES if model not in owners for name in keys_of(model)]


def did_you_mean_key(name: str | None, keys: Collection[str], owners: list[type[BaseModel]]) -> Text:
    """Return the question that follows the message, with the place of a key that stands elsewhere."""
    home = None if name is None or name in keys else homes_of(name, owners)
    if home is None:
        return did_you_mean(name)
    return Text(f"，是否想写 {home[1]} 下的 {name}？", f"; did you mean {name} under {home[1]}?")


def models_at(model: type[BaseModel], location: Iterable[int | str]) -> list[type[BaseModel]]:
    """Return the specs that an object at a location below ``model`` may be."""
    candidates = [Candidate(model, None)]
    for part in location:
        candidates = list(_below(candidates, part))
    return [each.kind for each in candidates if _is_model(each.kind)]


def _below(candidates: list[Candidate], part: int | str) -> Iterator[Candidate]:
    named = [each for each in candidates if part in (each.tag, *_labels(each.kind))] if len(candidates) > 1 else []
    if named:
        yield from (Candidate(each.kind, None) for each in named)
        return
    for each in candidates:
        if isinstance(part, str) and _is_model(each.kind):
            yield from _field(each.kind, part)
        elif get_origin(each.kind) in (tuple, list, dict) and (arguments := get_args(each.kind)):
            yield from _flattened(arguments[-1 if get_origin(each.kind) is dict else 0])


def _field(model: type[BaseModel], key: str) -> Iterator[Candidate]:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            yield from _flattened(field.annotation)


def _flattened(annotation: Any, tag: str | None = None) -> Iterator[Candidate]:
    """Yield the members of a union; of everything else, itself."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        named = next((each.tag for each in metadata if isinstance(each, Tag)), tag)
        yield from _flattened(inner, named)
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _flattened(member, tag)
    else:
        yield Candidate(annotation, tag)


def _labels(kind: Any) -> tuple[Any, ...]:
    """Return the values of a spec's ``type``, by which pydantic names it in a union."""
    field = kind.model_fields.get("type") if _is_model(kind) else None
    return get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
