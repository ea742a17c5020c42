"""Catalog of protocols, data sources and functions by name, and of plugins that failed to load."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint
from typing import Any

from perfsvc.errors import NotFound
from perfsvc.errors import PluginConflict
from perfsvc.errors import StartupError
from perfsvc.model import file_fields
from perfsvc.model.functions.function import Function
from perfsvc.model.functions.library import register
from perfsvc.plugin.datasource import DataSource
from perfsvc.plugin.discovery import Brought
from perfsvc.plugin.discovery import Failure
from perfsvc.plugin.discovery import discover
from perfsvc.plugin.protocol import Protocol


class Catalog:
    """Frozen after start-up. Raises PluginConflict when two classes of a kind have one name."""

    def __init__(self, brought: Iterable[Brought], failures: Iterable[Failure] = ()) -> None:
        everything = list(brought)
        self._protocols = by_name([each for each in everything if issubclass(each.offered, Protocol)])
        self._data_sources = by_name([each for each in everything if issubclass(each.offered, DataSource)])
        self._functions = by_name([each for each in everything if issubclass(each.offered, Function)])
        self.failures = tuple(failures)
        self._register_file_fields()

    @classmethod
    def load(cls, required: Iterable[str] = (), points: Iterable[EntryPoint] | None = None) -> Catalog:
        """Load all plugins, and make their functions known to every template of the process.

        ``required`` are keys (``distribution:entry-name``) of those perfsvc cannot do without.

        Raises StartupError when one of these is missing or failed, PluginConflict when two claim one name.
        """
        brought, failures = discover(points)
        check_required(required, brought, failures)
        catalog = cls(brought, failures)
        catalog.register_functions()
        return catalog

    def register_functions(self) -> None:
        """Make functions, and the plugins that failed, known to every template of the process."""
        failed = {failure.origin.key: failure.error for failure in self.failures}
        register((each.offered for each in self._functions.values()), failed)

    def _register_file_fields(self) -> None:
        """Make the fields in which requests and options name data files known to the process."""
        protocols, data_sources = (
            [schema for each in brought.values() for schema in each.schemas.values()]
            for brought in (self._protocols, self._data_sources)
        )
        file_fields.register(protocols, data_sources)

    def protocol_versions(self) -> dict[str, str]:
        """The distribution and version of each protocol, by name."""
        return {name: each.origin.release for name, each in self._protocols.items()}

    @property
    def protocols(self) -> list[str]:
        """The names of all protocols, sorted."""
        return list(self._protocols)

    @property
    def data_sources(self) -> list[str]:
        """The names of all data sources, sorted."""
        return list(self._data_sources)

    def protocol(self, name: str) -> type[Protocol]:
        """The protocol of this name; raises NotFound, which lists those there are."""
        if name not in self._protocols:
            raise self._unknown("协议", "protocol", name, self.protocols)
        return self._protocols[name].offered

    def data_source(self, name: str) -> type[DataSource]:
        """The data source of this name; raises NotFound, which lists those there are."""
        if name not in self._data_sources:
            raise self._unknown("数据源", "data source", name, self.data_sources)
        return self._data_sources[name].offered

    def describe(self) -> list[dict[str, Any]]:
        """One entry per protocol, data source, function and failed plugin, in this order, each by name."""
        return [
            *(_loaded("protocol", each) for each in self._protocols.values()),
            *(_loaded("data_source", each) for each in self._data_sources.values()),
            *(_loaded("function", each) for each in self._functions.values()),
            *(_failed(failure) for failure in self.failures),
        ]

    def _unknown(self, zh: str, en: str, name: str, names: list[str]) -> NotFound:
        failed = ", ".join(failure.origin.key for failure in self.failures)
        listed = ", ".join(names)
        return NotFound(
            f"没有名为 {name} 的{zh}，可用：{listed or '无'}" + (f"；加载失败的插件：{failed}" if failed else ""),
            f"there is no {en} named {name}; there are: {listed or 'none'}"
            + (f"; plugins that failed to load: {failed}" if failed else ""),
        )


def by_name(brought: list[Brought]) -> dict[str, Brought]:
    """Classes by their names, sorted. Raises PluginConflict, naming both owners of a name."""
    named: dict[str, Brought] = {}
    for each in sorted(brought, key=lambda each: (each.offered.name, each.origin.key)):
        name = each.offered.name
        if name in named:
            raise conflict(named[name], each)
        named[name] = each
    return named


def conflict(one: Brought, other: Brought) -> PluginConflict:
    """Two claim one name."""
    name, first, second = one.offered.name, owner(one), owner(other)
    return PluginConflict(
        f"插件名称冲突：{first} 和 {second} 都提供 {name}，请卸载其中一个",
        f"{first} and {second} both bring {name}; uninstall one of them",
    )


def owner(brought: Brought) -> str:
    """A class with its distribution, for people."""
    origin = brought.origin
    return f"{origin.distribution} {origin.version} ({origin.name}: {brought.offered.__qualname__})"


def check_required(required: Iterable[str], brought: list[Brought], failures: list[Failure]) -> None:
    """Raises StartupError with the cause for each missing required plugin."""
    loaded = {each.origin.key for each in brought}
    failed = {failure.origin.key: failure.error for failure in failures}
    missing = sorted(set(required) - loaded)
    if not missing:
        return
    zh = "；".join(f"{key}：{failed[key].zh if key in failed else '未安装'}" for key in missing)
    en = "; ".join(f"{key}: {failed[key].en if key in failed else 'not installed'}" for key in missing)
    raise StartupError(f"缺少必需的插件：{zh}", f"required plugins are not available: {en}")


def _loaded(kind: str, brought: Brought) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": brought.offered.name,
        "title": brought.offered.title._asdict(),
        "plugin": brought.origin.name,
        "distribution": brought.origin.distribution,
        "version": brought.origin.version,
        "request_schema": brought.schemas.get("Request"),
        "options_schema": brought.schemas.get("Options"),
        "operations": getattr(brought.offered, "has_operations", False),
        "examples": list(getattr(brought.offered, "examples", ())),
        "status": "loaded",
        "error": None,
        "missing_module": None,
    }


def _failed(failure: Failure) -> dict[str, Any]:
    return {
        "kind": "plugin",
        "name": failure.origin.name,
        "title": None,
        "plugin": failure.origin.name,
        "distribution": failure.origin.distribution,
        "version": failure.origin.version,
        "request_schema": None,
        "options_schema": None,
        "operations": False,
        "examples": [],
        "status": "failed",
        "error": failure.error._asdict(),
        "missing_module": failure.missing_module,
    }
