"""``generator``: rows that are invented, the same for the same seed.

============  ==========================================================
``options``   what users write
``columns``   columns that are made here
``pools``     columns whose values another process makes
``feed``      columns to rows
============  ==========================================================
"""

from perfsvc.plugin import DataSource
from perfsvc.plugin import hookimpl
from perfsvc_datasources.generator.feed import GeneratorSource

__all__ = ["GeneratorSource", "register_data_sources"]


@hookimpl
def register_data_sources() -> list[type[DataSource]]:
    """Invented rows."""
    return [GeneratorSource]
