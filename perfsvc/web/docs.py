"""The API description, and a page to read it and to try it out. The page loads nothing from other hosts."""

from __future__ import annotations

from importlib.resources import files
from typing import ClassVar

from perfsvc.web.framework.constants import Constant
from perfsvc.web.framework.handler import SECURITY_HEADERS
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.responses import Description
from perfsvc.web.framework.responses import json_bytes
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import OPEN

PAGES = files("perfsvc.web") / "pages"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class OpenApi(Handler):
    @operation("接口描述（OpenAPI 3.1）", "This description", OPEN)
    async def get(self) -> Constant[Description]:
        described = self.context.description
        document = {**vars(described), **(described.model_extra or {})}
        return await self.context.constants.get("openapi", described, lambda: json_bytes(document))


class PageHandler(Handler):
    """A file of ``pages``."""

    file: ClassVar[str]
    media_type: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {
        **SECURITY_HEADERS,
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-cache",
    }

    @operation("接口文档页面", "The page", OPEN, documented=False)
    async def get(self) -> None:
        self.set_header("Content-Type", f"{self.media_type}; charset=utf-8")
        self.finish((PAGES / self.file).read_bytes())


class DocsPage(PageHandler):
    file = "docs.html"
    media_type = "text/html"


class DocsScript(PageHandler):
    file = "docs.js"
    media_type = "text/javascript"


class DocsStyle(PageHandler):
    file = "docs.css"
    media_type = "text/css"


routes = [
    Route("/api/openapi.json", OpenApi),
    Route("/docs/", DocsPage),
    Route("/docs/docs.js", DocsScript),
    Route("/docs/docs.css", DocsStyle),
]
