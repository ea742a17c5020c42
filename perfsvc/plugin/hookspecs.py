"""The hooks. They run once, at start-up, and return classes; no hook is called while load is running."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from perfsvc.model.functions.function import Function
    from perfsvc.plugin.datasource import DataSource
    from perfsvc.plugin.protocol import Protocol

PROJECT = "perfsvc"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_protocols() -> list[type[Protocol]]:  # type: ignore[empty-body]
    """The protocol classes this plugin brings."""


@hookspec
def register_data_sources() -> list[type[DataSource]]:  # type: ignore[empty-body]
    """The data-source classes this plugin brings."""


@hookspec
def register_functions() -> list[type[Function]]:  # type: ignore[empty-body]
    """The template functions this plugin brings."""
