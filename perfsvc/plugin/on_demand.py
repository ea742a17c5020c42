"""A catalog for one command: built-in plugins are loaded when a plan asks for them, the others at once."""

from __future__ import annotations

from typing import Any

from perfsvc.plugin.catalog import Catalog
from perfsvc.plugin.catalog import by_name
from perfsvc.plugin.datasource import DataSource
from perfsvc.plugin.discovery import OWN
from perfsvc.plugin.discovery import discover
from perfsvc.plugin.discovery import find
from perfsvc.plugin.discovery import installed
from perfsvc.plugin.protocol import Protocol

PROTOCOL, DATA_SOURCE = "protocol-", "data-"
"""How the names of built-in entry points begin; the rest is the name of the protocol or data source."""


def import_built_in(name: str) -> None:
    """Import a built-in plugin by its entry point."""
    for origin, point in find(installed()):
        if (origin.distribution, point.name) == (OWN, name):
            point.load()


class CatalogOnDemand(Catalog):
    """As ``Catalog``, complete as soon as a name is unknown or everything is listed."""

    def __init__(self) -> None:
        points = find(installed())
        self._waiting = {point.name: (origin, point) for origin, point in points if origin.distribution == OWN}
        super().__init__(*discover(point for origin, point in points if origin.distribution != OWN))
        self.register_functions()

    @property
    def protocols(self) -> list[str]:
        self._load(*self._waiting)
        return super().protocols

    @property
    def data_sources(self) -> list[str]:
        self._load(*self._waiting)
        return super().data_sources

    def protocol_versions(self) -> dict[str, str]:
        waiting = {
            name.removeprefix(PROTOCOL): origin.release
            for name, (origin, _) in self._waiting.items()
            if name.startswith(PROTOCOL)
        }
        return {**waiting, **super().protocol_versions()}

    def protocol(self, name: str) -> type[Protocol]:
        self._load(PROTOCOL + name)
        return super().protocol(name)

    def data_source(self, name: str) -> type[DataSource]:
        self._load(DATA_SOURCE + name)
        return super().data_source(name)

    def describe(self) -> list[dict[str, Any]]:
        self._load(*self._waiting)
        return super().describe()

    def _load(self, *names: str) -> None:
        """Load built-in plugins that were not asked for before. Raises PluginConflict."""
        points = [self._waiting.pop(name)[1] for name in names if name in self._waiting]
        if points:
            brought, failures = discover(points)
            self._protocols = by_name([*self._protocols.values(), *(b for b in brought if b.base is Protocol)])
            self._data_sources = by_name([*self._data_sources.values(), *(b for b in brought if b.base is DataSource)])
            self.failures = (*self.failures, *failures)
