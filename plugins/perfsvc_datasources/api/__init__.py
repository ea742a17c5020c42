"""Rows of a JSON endpoint, page by page.

===========  ===================================================
``spec``     user options
``source``   the plugin
``request``  requests with the environment's variables filled in
``client``   HTTP with retries, limits and the target policy
``pages``    pagination
``table``    JSON to rows
``feed``     pages as a feed
===========  ===================================================
"""

from perfsvc.plugin import DataSource
from perfsvc.plugin import hookimpl
from perfsvc_datasources.api.source import ApiSource

__all__ = ["ApiSource", "register_data_sources"]


@hookimpl
def register_data_sources() -> list[type[DataSource]]:
    """Declare the data source."""
    return [ApiSource]
