"""Pagination: the request after a response, by page number, cursor or link."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from typing import Any
from typing import NamedTuple

from yarl import URL

from perfsvc.plugin import MISSING
from perfsvc.plugin import DataFailure
from perfsvc.plugin import compile_path
from perfsvc_datasources.api.client import moved
from perfsvc_datasources.api.request import Request
from perfsvc_datasources.api.spec import CursorPagination
from perfsvc_datasources.api.spec import LinkPagination
from perfsvc_datasources.api.spec import PagePagination
from perfsvc_datasources.api.spec import Pagination


class Page(NamedTuple):
    """Input of pagination: the response's rows, and the number of all rows so far."""

    request: Request
    document: Any
    link: URL | None
    rows: int
    row_total: int


class Pager(ABC):
    """Pagination of one pass over the pages."""

    def first(self, request: Request) -> Request:
        """Return the request for the first page."""
        return request

    @abstractmethod
    def following(self, page: Page) -> Request | None:
        """Return the request for the next page, None at the end. Raises DataFailure for repeated pages."""


class OnePage(Pager):
    """An endpoint with one page."""

    def following(self, page: Page) -> Request | None:
        return None


class ByNumber(Pager):
    """A page number, or an offset."""

    def __init__(self, spec: PagePagination) -> None:
        self._spec = spec
        self._number = spec.start
        self._total = compile_path(spec.total) if spec.total else lambda document: MISSING

    def first(self, request: Request) -> Request:
        sizes = {} if self._spec.size_parameter is None else {self._spec.size_parameter: self._spec.size}
        return self._numbered(request.with_parameters(sizes, self._spec.place))

    def following(self, page: Page) -> Request | None:
        total = self._total(page.document)
        if not page.rows or (isinstance(total, int) and page.row_total >= total):
            return None
        self._number += self._spec.step
        return self._numbered(page.request)

    def _numbered(self, request: Request) -> Request:
        return request.with_parameters({self._spec.parameter: self._number}, self._spec.place)


class ByCursor(Pager):
    """Pagination by a cursor in each response."""

    def __init__(self, spec: CursorPagination) -> None:
        self._spec = spec
        self._cursor = compile_path(spec.path)
        self._seen: set[Any] = set()

    def following(self, page: Page) -> Request | None:
        cursor = self._cursor(page.document)
        if cursor is MISSING or cursor in (None, "", False):
            return None
        if not isinstance(cursor, str | int) or cursor in self._seen:
            raise DataFailure("分页游标重复或无效", "invalid or repeated page cursor")
        self._seen.add(cursor)
        return page.request.with_parameters({self._spec.parameter: cursor}, self._spec.place)


class ByLink(Pager):
    """Pagination by an address in each response."""

    def __init__(self, spec: LinkPagination) -> None:
        self._path = compile_path(spec.path) if spec.path else None
        self._seen: set[URL] = set()

    def following(self, page: Page) -> Request | None:
        link = page.link if self._path is None else self._path(page.document)
        if link is MISSING or link is None or link == "":
            return None
        try:
            url = page.request.url.join(URL(link) if isinstance(link, str) else link)
        except (ValueError, TypeError):
            raise DataFailure("下一页地址无效", "invalid next-page address") from None
        if url in self._seen or url == page.request.url:
            raise DataFailure("分页地址重复", "repeated next-page address")
        self._seen.add(url)
        return moved(page.request, url)


def pager(spec: Pagination | None) -> Pager:
    """Return the pager of some options."""
    if isinstance(spec, PagePagination):
        return ByNumber(spec)
    if isinstance(spec, CursorPagination):
        return ByCursor(spec)
    return OnePage() if spec is None else ByLink(spec)
