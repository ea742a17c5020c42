"""Rows of a read-only query over a database connection of the environment.

==============  ==========================================================
``spec``        what users write
``statement``   the query held to be one SELECT, by a real parser
``reader``      what a database driver must do: run the query, give rows
``sqlite`` …    the drivers, each with a session that cannot write
``feed``        a reader in a thread of its own
``source``      the plugin
==============  ==========================================================
"""

from perfsvc.plugin import DataSource
from perfsvc.plugin import hookimpl
from perfsvc_datasources.database.source import DatabaseSource

__all__ = ["DatabaseSource", "register_data_sources"]


@hookimpl
def register_data_sources() -> list[type[DataSource]]:
    """The database."""
    return [DatabaseSource]
