"""Rows of a text file, read in chunks.

=============  ===========================================================
``options``    user options
``text_file``  opening a regular file; detection of encoding and delimiter
``records``    text to records; errors with line numbers
``feed``       the plugin and its feed
=============  ===========================================================
"""

from perfsvc.plugin import DataSource
from perfsvc.plugin import hookimpl
from perfsvc_datasources.csv.feed import CsvSource

__all__ = ["CsvSource", "register_data_sources"]


@hookimpl
def register_data_sources() -> list[type[DataSource]]:
    """Declare the data source."""
    return [CsvSource]
