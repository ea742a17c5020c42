"""Loaded protocols and data sources with their schemas, and plugins that failed to load, with the cause."""

from __future__ import annotations

from typing import Any

from perfsvc.plugin.catalog import Catalog


class Plugins:
    """Read access to the plugin catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._described = catalog.describe()

    def describe(self) -> list[dict[str, Any]]:
        """Return one entry per protocol, data source and failed plugin."""
        return self._described
