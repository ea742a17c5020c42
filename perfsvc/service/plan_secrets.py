"""Secrets in configs of plans and presets: options that a plugin marks secret, secret columns of rows in the config."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import get_args

from pydantic import BaseModel

from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.config import PlanConfig
from perfsvc.model.template import PLACEHOLDER
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.auth.vault import Vault
from perfsvc.service.scene_secrets import SceneSecrets
from perfsvc.service.scene_secrets import is_marked
from perfsvc.service.secrets import MASK
from perfsvc.service.secrets import NOT_STORED
from perfsvc.service.secrets import SEALED
from perfsvc.service.secrets import is_sealed
from perfsvc.service.secrets import opened

MOST_CELLS = 10_000
TOO_MANY_CELLS = Text(
    f"机密列最多 {MOST_CELLS} 个值，更多请上传数据文件",
    f"secret columns have at most {MOST_CELLS} values; upload a data file for more",
)

Place = tuple[Any, ...]


class PlanSecrets:
    """Seals and opens the secrets of configs. ``path`` is where a config stands in the request."""

    def __init__(self, catalog: Catalog, vault: Vault) -> None:
        self._catalog = catalog
        self._vault = vault
        self.scenes = SceneSecrets(catalog, vault)

    def sealed(self, config: PlanConfig, stored: PlanConfig | None = None, path: str = "config") -> PlanConfig:
        """Return the config as it is stored; MASK keeps what ``stored`` has. Raise InvalidInput."""
        document = config.model_dump(mode="json", by_alias=True, exclude_unset=True)
        before = {} if stored is None else stored.model_dump(mode="json", by_alias=True)
        places = list(self._secret_places(config, document))
        self._seal(document, before, places, path)
        return PlanConfig.parse(document, path) if places else config

    def opened(self, config: PlanConfig) -> tuple[PlanConfig, frozenset[str]]:
        """Return the config in plain text, and the secrets in its protocol options. Raise Unavailable."""
        secrets: set[str] = set()
        execution = config.execution_config
        options = opened(execution.protocol_options, self._vault, secrets)
        changed = {
            "execution_config": execution.model_copy(update={"protocol_options": options}),
            "data_config": opened(config.data_config, self._vault, set()),
        }
        return config.model_copy(update=changed), frozenset(secrets)

    def _secret_places(self, config: PlanConfig, document: dict[str, Any]) -> Iterator[Place]:
        for name, options in config.execution_config.protocol_options.items():
            kind = self._options_of(self._catalog.protocol, name)
            yield from _places(kind, options, ("execution_config", "protocol_options", name))
        data = document.get("data_config") or {}
        yield from _places(self._options_of(self._catalog.data_source, config.data_source_type), data, ("data_config",))
        yield from _cells(data)

    @staticmethod
    def _options_of(find: Callable[[str], Any], name: str) -> type[BaseModel] | None:
        try:
            kind: type[BaseModel] = find(name).Options
        except NotFound:  # reported where the config is compiled
            return None
        return kind

    def _seal(self, document: Any, before: Any, places: list[Place], path: str) -> None:
        problems = []
        if sum(1 for place in places if place[0] == "data_config" and len(place) > 2) > MOST_CELLS:
            problems.append(Problem(f"{path}.data_config.secret_columns", TOO_MANY_CELLS))
            places = []
        for *above, key in places:
            parent, known = _at(document, above), _at(before, above)
            kept = _item(known, key)
            value = parent[key]
            if value == MASK or is_sealed(value):
                if not is_sealed(kept) or _item(parent, "url") != _item(known, "url"):
                    problems.append(Problem(_written(path, (*above, key)), NOT_STORED))
                parent[key] = kept
            elif isinstance(value, str) and value and not PLACEHOLDER.search(value):
                parent[key] = {SEALED: self._vault.seal(value)}
        if problems:
            raise InvalidInput(problems)


def _places(kind: type[BaseModel] | None, options: Mapping[str, Any], above: Place) -> Iterator[Place]:
    """The secret options that are given."""
    for name, field in (kind.model_fields if kind else {}).items():
        key = field.alias or name
        if key not in options:
            continue
        if is_marked(field):
            yield (*above, key)
        elif isinstance(options[key], dict):
            for inner in _models(field.annotation):
                yield from _places(inner, options[key], (*above, key))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, BaseModel):
            yield each


def _cells(data: dict[str, Any]) -> Iterator[Place]:
    """The texts in secret columns of rows that are written into the config."""
    secret = data.get("secret_columns") or ()
    for number, row in enumerate(_listed(data.get("rows"))):
        if isinstance(row, dict):
            yield from (("data_config", "rows", number, name) for name in secret if name in row)
    columns = _listed(data.get("columns"))
    positions = [columns.index(name) for name in secret if name in columns]
    for number, value in enumerate(_listed(data.get("values")) if positions else ()):
        if isinstance(value, list):
            yield from (("data_config", "values", number, at) for at in positions if at < len(value))
        else:
            yield ("data_config", "values", number)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _at(document: Any, keys: Iterable[Any]) -> Any:
    for key in keys:
        document = _item(document, key)
    return document


def _item(value: Any, key: Any) -> Any:
    """Return what is there, or None."""
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return value[key]
    return None


def _written(path: str, place: Place) -> str:
    return path + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)
