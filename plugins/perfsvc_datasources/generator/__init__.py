"""Invented rows, the same for the same seed.

===========  =================================
``options``  user options
``columns``  columns made in this process
``pools``    columns made by the Faker process
``feed``     the plugin and its feed
===========  =================================
"""

from perfsvc.plugin import DataSource
from perfsvc.plugin import hookimpl
from perfsvc_datasources.generator.feed import GeneratorSource

__all__ = ["GeneratorSource", "register_data_sources"]


@hookimpl
def register_data_sources() -> list[type[DataSource]]:
    """Declare the data source."""
    return [GeneratorSource]
