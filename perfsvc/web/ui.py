"""The web UI: one page for every address that a browser opens, and the files it asks for.

Vite names each file by a hash of its content, so browsers may cache it without limit; the page itself is
revalidated each time. Every other unknown address stays a JSON 404.
"""

from __future__ import annotations

import re

from tornado.httputil import HTTPServerRequest

from perfsvc.errors import NotFound
from perfsvc.web.docs import PAGES
from perfsvc.web.docs import POLICY
from perfsvc.web.framework.assets import Asset
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import OPEN

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
NOT_PAGES = re.compile(r"/(api|ws|docs|healthz|metrics|demo|assets)(/|$)")
UNBUILT = 503
"""Status of the page that explains how to build the UI."""


class UiHandler(Handler):
    """Sends files of the UI; what is not found is a JSON error as everywhere."""

    def send_asset(self, asset: Asset, keep: str) -> None:
        """Finish with a file, in the smallest form that the client takes; ``keep`` is its ``Cache-Control``."""
        encoding, content = asset.best(self.request.headers.get("Accept-Encoding", ""))
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("Cache-Control", keep)
        self.set_header("Content-Type", asset.media_type)
        if encoding is not None:
            self.set_header("Content-Encoding", encoding)
        self.finish(content)

    def send_page(self) -> None:
        """Send the page of the UI, or one that explains how to build it."""
        page = self.context.ui.page
        if page is None:
            self.set_status(UNBUILT)
            page = Asset("text/html; charset=utf-8", (PAGES / "unbuilt.html").read_bytes(), {})
        self.send_asset(page, ASK_AGAIN)


class FrontPage(UiHandler):
    @operation("首页", "The front page", OPEN, documented=False)
    async def get(self) -> None:
        self.send_page()

    @operation("首页", "The front page", OPEN, documented=False)
    async def head(self) -> None:
        self.send_page()


class AssetFile(UiHandler):
    @operation("界面文件", "A file of the UI", OPEN, documented=False)
    async def get(self, file: str) -> None:
        self.send_named(file)

    @operation("界面文件", "A file of the UI", OPEN, documented=False)
    async def head(self, file: str) -> None:
        self.send_named(file)

    def send_named(self, name: str) -> None:
        """Finish with the file of this name; raise NotFound."""
        asset = self.context.ui.named.get(name)
        if asset is None:
            raise NotFound("没有这个文件，界面可能已经升级", "There is no such file; the UI may have been upgraded")
        self.send_asset(asset, FOR_EVER)


class EveryOtherAddress(UiHandler):
    """Pages of the UI have addresses of their own; whatever else is asked for is not there."""

    async def prepare(self) -> None:
        if not opens_page(self.request):
            raise NotFound("接口不存在", "There is nothing at this address")
        self.send_page()


def opens_page(request: HTTPServerRequest) -> bool:
    """Whether a browser opens a page at an address that is not one of the API's."""
    reads = request.method in {"GET", "HEAD"}
    return reads and "text/html" in request.headers.get("Accept", "") and NOT_PAGES.match(request.path) is None


routes = [
    Route("/", FrontPage),
    Route("/assets/{file}", AssetFile),
]
