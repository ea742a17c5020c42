"""``csv``: rows of a text file, read chunk by chunk.

============  ========================================================
``options``   what users write
``opening``   the file opened, and what it does not say itself found out
``records``   text to records, with what is wrong told by line
``feed``      one reader of the file
============  ========================================================
"""

from perfsvc.plugin import DataSource
from perfsvc.plugin import hookimpl
from perfsvc_datasources.csv.feed import CsvSource

__all__ = ["CsvSource", "register_data_sources"]


@hookimpl
def register_data_sources() -> list[type[DataSource]]:
    """CSV files."""
    return [CsvSource]
