"""What is loaded: protocols and data sources with their schemas, and the plugins that failed, with the cause."""

from __future__ import annotations

from typing import Any

from perfsvc.plugin.catalog import Catalog


class Plugins:
    """Reading the catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._described = catalog.describe()

    def describe(self) -> list[dict[str, Any]]:
        """One entry per protocol, data source and failed plugin."""
        return self._described
