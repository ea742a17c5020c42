"""Rows of a read-only query over a database connection of the environment.

==============  ===========================================
``spec``        user options
``source``      the plugin
``statement``   validation: one SELECT without side effects
``reader``      interface of database drivers
``sqlite``      SQLite driver
``mysql``       MySQL and MariaDB driver
``postgresql``  PostgreSQL driver
``feed``        a reader in a thread of its own, as a feed
==============  ===========================================
"""

from perfsvc.plugin import DataSource
from perfsvc.plugin import hookimpl
from perfsvc_datasources.database.source import DatabaseSource

__all__ = ["DatabaseSource", "register_data_sources"]


@hookimpl
def register_data_sources() -> list[type[DataSource]]:
    """Declare the data source."""
    return [DatabaseSource]
