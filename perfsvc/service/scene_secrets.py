"""Secrets in scenes: fields of requests that a protocol marks secret, such as the password of a step's ``auth``.

They are sealed in the database as ``{"sealed": …}``, shown as MASK, and opened for runs and trials only. MASK in a
changed scene keeps what is stored for the same step: that of the same name, address and user name.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.errors import Problem
from perfsvc.model.scene import SceneSpec
from perfsvc.model.template import PLACEHOLDER
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.auth.vault import Vault
from perfsvc.service.secrets import MASK
from perfsvc.service.secrets import NOT_STORED
from perfsvc.service.secrets import SEALED
from perfsvc.service.secrets import is_sealed
from perfsvc.service.secrets import opened

PARTS = ("setup", "on_start", "steps", "teardown")
DEFAULT_PROTOCOL = "http"

Place = tuple[str, ...]
Stored = dict[tuple[Any, ...], list[Any]]


class SceneSecrets:
    """Seals and opens the secrets of scenes."""

    def __init__(self, catalog: Catalog, vault: Vault) -> None:
        self._catalog = catalog
        self._vault = vault

    def sealed(self, document: dict[str, Any], stored: Iterable[SceneSpec] = ()) -> dict[str, Any]:
        """Return a scene's document as it is stored; MASK keeps what ``stored`` scenes have. Raise InvalidInput."""
        document = copy.deepcopy(document)
        kept_values: Stored | None = None
        problems = []
        for path, step in requests_in(document):
            for place, parent in self._places(step):
                value = parent[place[-1]]
                if value == MASK or is_sealed(value):
                    kept_values = self._sealed_values(stored) if kept_values is None else kept_values
                    kept = kept_values.get(identity(step, place, parent))
                    if kept:
                        parent[place[-1]] = kept.pop(0) if len(kept) > 1 else kept[0]
                    else:
                        problems.append(Problem(f"{path}.request.{'.'.join(place)}", NOT_STORED))
                elif is_plain(value):
                    parent[place[-1]] = {SEALED: self._vault.seal(value)}
        if problems:
            raise InvalidInput(problems)
        return document

    def with_plain_sealed(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return a stored scene's document with everything sealed; the same one where it is already."""
        plain = [
            (path, place)
            for path, step in requests_in(document)
            for place, parent in self._places(step)
            if is_plain(parent[place[-1]])
        ]
        if not plain:
            return document
        changed = copy.deepcopy(document)
        for path, step in requests_in(changed):
            for place, parent in self._places(step):
                if (path, place) in plain:
                    parent[place[-1]] = {SEALED: self._vault.seal(parent[place[-1]])}
        return changed

    def opened(self, scene: SceneSpec) -> tuple[SceneSpec, frozenset[str]]:
        """Return the scene in plain text, and the secrets in it. Raise Unavailable."""
        secrets: set[str] = set()
        document = opened(scene.model_dump(mode="json", by_alias=True, exclude_unset=True), self._vault, secrets)
        return (SceneSpec.parse(document) if secrets else scene), frozenset(secrets)

    def _sealed_values(self, stored: Iterable[SceneSpec]) -> Stored:
        """The sealed values of stored scenes, by step, in order."""
        found: Stored = defaultdict(list)
        for scene in stored:
            for _, step in requests_in(scene.model_dump(mode="json", by_alias=True, exclude_unset=True)):
                for place, parent in self._places(step):
                    if is_sealed(parent[place[-1]]):
                        found[identity(step, place, parent)].append(parent[place[-1]])
        return found

    def _places(self, step: dict[str, Any]) -> list[tuple[Place, dict[str, Any]]]:
        """The secret fields that a step gives, each with the object that it is in."""
        try:
            kind = self._catalog.protocol(step.get("protocol") or DEFAULT_PROTOCOL).Request
        except NotFound:  # reported where the scene is compiled
            return []
        return list(dict(secret_fields(kind, step["request"], ())).items())


def secret_fields(
    kind: type[BaseModel], document: dict[str, Any], above: Place
) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The marked fields of a model that a document has."""
    for name, field in kind.model_fields.items():
        key = field.alias or name
        if key not in document:
            continue
        if is_marked(field):
            yield (*above, key), document
        elif isinstance(document[key], dict):
            for inner in models_in(field.annotation):
                yield from secret_fields(inner, document[key], (*above, key))


def is_plain(value: Any) -> bool:
    """Whether a secret field has a text that must be sealed."""
    return isinstance(value, str) and value not in ("", MASK) and not PLACEHOLDER.search(value)


def is_marked(field: FieldInfo) -> bool:
    """Whether a field is secret."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and extra.get("writeOnly") is True


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in an annotation, those of unions as well."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def requests_in(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every request step of a scene's document, with its path."""
    for part in PARTS:
        yield from _requests(document.get(part) or [], part)


def _requests(steps: list[Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, step in enumerate(steps):
        here = f"{path}[{number}]"
        if isinstance(step.get("request"), dict):
            yield here, step
        for name in ("steps", "otherwise"):
            yield from _requests(step.get(name) or [], f"{here}.{name}")
        for at, option in enumerate(step.get("options") or []):
            yield from _requests(option.get("steps") or [], f"{here}.options[{at}].steps")


def identity(step: dict[str, Any], place: Place, parent: dict[str, Any]) -> tuple[Any, ...]:
    """What must be the same for a stored secret to be kept: it must not be sent elsewhere."""
    return (step.get("name"), step.get("protocol"), step["request"].get("url"), parent.get("username"), place)
