"""The plugin."""

from __future__ import annotations

from perfsvc.plugin import DataSource
from perfsvc.plugin import Feed
from perfsvc.plugin import Text
from perfsvc_datasources.api.spec import Options


class ApiSource(DataSource):
    """Rows of a JSON endpoint."""

    name = "api"
    title = Text("接口", "API")
    Options = Options
    cacheable = True

    async def open(self) -> Feed:
        # Imported late: aiohttp takes a quarter of a second that few runs need.
        from perfsvc_datasources.api.client import Client
        from perfsvc_datasources.api.feed import ApiFeed
        from perfsvc_datasources.api.request import first_request

        request = first_request(self.options, self.context)
        feed = ApiFeed(Client(self.options, self.context), request, self.options)
        await feed.open()
        return feed
