"""Rows of a JSON endpoint, page by page.

==============  ===========================================================
``spec``        what users write
``request``     the first request, made of the options and the environment
``client``      one answer: checked addresses, redirects, retries, limits
``pages``       which request follows an answer
``table``       the rows in an answer
``feed``        all of it as a feed
==============  ===========================================================
"""

from perfsvc.plugin import DataSource
from perfsvc.plugin import hookimpl
from perfsvc_datasources.api.source import ApiSource

__all__ = ["ApiSource", "register_data_sources"]


@hookimpl
def register_data_sources() -> list[type[DataSource]]:
    """The endpoint."""
    return [ApiSource]
