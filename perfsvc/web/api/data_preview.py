"""Preview of the first rows of a data source."""

from __future__ import annotations

from typing import Any
from typing import Self

from perfsvc.model.entities import Role
from perfsvc.service.auth.access import Kind
from perfsvc.service.data.preview import Preview
from perfsvc.service.data.preview import PreviewForm
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.language import Language
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may


class DataPreviewResponse(Response):
    """The first rows of a data source. ``total`` is null where it is not known without reading everything.

    ``encoding`` and ``delimiter`` are those by which a text file was read, given or detected. Both are null for other
    sources, and ``delimiter`` for a file of one column.
    """

    columns: list[str]
    rows: list[dict[str, Any]]
    total: int | None
    encoding: str | None
    delimiter: str | None
    warnings: list[str]

    @classmethod
    def of(cls, preview: Preview, language: Language) -> Self:
        warnings = [warning.of(language) for warning in preview.warnings]
        return cls(
            columns=preview.columns,
            rows=preview.rows,
            total=preview.count,
            encoding=preview.encoding,
            delimiter=preview.delimiter,
            warnings=warnings,
        )


class DataPreviewHandler(Handler):
    @operation("预览测试数据", "The first rows of a data source", may(Role.EDITOR, Kind.PROJECT), relays=True)
    async def post(self, body: PreviewForm) -> DataPreviewResponse:
        return DataPreviewResponse.of(await self.services.data.preview(body), self.language)


routes = [Route("/api/performance/data-preview/", DataPreviewHandler)]
