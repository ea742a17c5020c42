"""The pages of an endpoint as a feed."""

from __future__ import annotations

import asyncio
import hashlib

from perfsvc.plugin import DataFailure
from perfsvc.plugin import Row
from perfsvc.plugin import Text
from perfsvc_datasources._blocks import BlockFeed
from perfsvc_datasources.api.client import Client
from perfsvc_datasources.api.pages import Page
from perfsvc_datasources.api.pages import pager
from perfsvc_datasources.api.request import Request
from perfsvc_datasources.api.spec import Options
from perfsvc_datasources.api.spec import PagePagination
from perfsvc_datasources.api.table import Table

ONCE_MORE = Text("与上一页相同的一页已忽略，请检查分页参数", "a page was the same as the one before: see the parameter")


class ApiFeed(BlockFeed):
    """Rows of all pages. Rewinding requests the first page again."""

    def __init__(self, client: Client, request: Request, options: Options) -> None:
        super().__init__()
        self._client = client
        self._request = request
        self._options = options
        self._table = Table(options.rows, options.columns)
        self.warnings: list[Text] = self._table.warnings
        self._begin()

    async def open(self) -> None:
        """Fetch the first page, which determines the columns. Raises DataFailure, after closing everything."""
        try:
            self._rows = await self._receive()
        except BaseException:
            await self.close()
            raise
        self.columns = self._table.columns

    async def rewind(self) -> None:
        await self._stop()
        self._begin()

    async def close(self) -> None:
        await self._stop()
        await self._client.close()

    def _begin(self) -> None:
        self._pager = pager(self._options.pagination)
        self._following: Request | None = self._pager.first(self._request)
        self._pages = self._so_far = 0
        self._latest = b""

    async def _stop(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
        await self.settle()

    async def block(self) -> list[Row]:
        """Return the rows of the next page that has any."""
        while self._following is not None:
            rows = await self._page(self._following)
            if rows:
                return rows
        return []

    async def _page(self, request: Request) -> list[Row]:
        response = await self._client.get(request)
        self._following = None
        if response.body is None:
            return self._missing()
        sheet = await asyncio.to_thread(self._table.read, response.body)
        if sheet.rows and self._is_the_same(response.body):
            return []
        rows = sheet.rows[: self._options.max_rows - self._so_far]
        self._pages += 1
        self._so_far += len(rows)
        page = Page(request.at(response.url), sheet.document, response.next_link, len(sheet.rows), self._so_far)
        self._following = self._within_limits(self._pager.following(page), cut=len(rows) < len(sheet.rows))
        return rows

    def _missing(self) -> list[Row]:
        """Handle a 404: after the first page the end, as with many services; for the first page a failure."""
        if not self._pages:
            raise DataFailure("接口返回 404", "the endpoint returned 404")
        return []

    def _is_the_same(self, body: bytes) -> bool:
        """Detect an endpoint that ignores the parameter and repeats its first page."""
        if not isinstance(self._options.pagination, PagePagination):
            return False
        digest = hashlib.sha256(body).digest()
        same, self._latest = digest == self._latest, digest
        if same:
            self._warn(ONCE_MORE)
        return same

    def _within_limits(self, following: Request | None, cut: bool) -> Request | None:
        most_pages, most_rows = self._options.max_pages, self._options.max_rows
        full = self._so_far >= most_rows
        if cut or (following is not None and full):
            self._warn(Text(f"只取前 {most_rows} 行（max_rows）", f"only the first {most_rows} rows (max_rows)"))
        elif following is not None and self._pages >= most_pages:
            self._warn(Text(f"只取前 {most_pages} 页（max_pages）", f"only the first {most_pages} pages (max_pages)"))
            return None
        return None if full else following

    def _warn(self, text: Text) -> None:
        if text not in self.warnings:
            self.warnings.append(text)
