"""Data files."""

from __future__ import annotations

from typing import Literal
from typing import Self

from perfsvc.model.entities import DataFile as StoredFile
from perfsvc.model.entities import Role
from perfsvc.service.auth.access import Kind
from perfsvc.service.data.datafiles import FilePreviewQuery
from perfsvc.service.data.datafiles import NewContent
from perfsvc.service.data.datafiles import NewDataFile
from perfsvc.web.api.data_preview import DataPreviewResponse
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import OfProject
from perfsvc.web.framework.queries import ordered
from perfsvc.web.framework.responses import Message
from perfsvc.web.framework.responses import Moment
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may
from perfsvc.web.framework.upload import UploadHandler
from perfsvc.web.framework.uses import NamedResponse

VIEWERS = may(Role.VIEWER, Kind.DATAFILE)
EDITORS = may(Role.EDITOR, Kind.DATAFILE)


class DataFileResponse(Response):
    """A data file. ``digest`` is its SHA-256; ``row_count`` is null where it is not known.

    ``used_by`` lists the plans that read the file, ``used_by_scenes`` the scenes that send it; while there are any, it
    cannot be deleted.
    """

    id: int
    project_id: int
    name: str
    size: int
    digest: str
    columns: list[str]
    row_count: int | None
    created_at: Moment
    updated_at: Moment
    updated_by: str | None
    used_by: list[NamedResponse]
    used_by_scenes: list[NamedResponse]

    @classmethod
    def of(cls, file: StoredFile) -> Self:
        content = file.content
        return cls(
            id=file.id,
            project_id=file.project_id,
            name=file.name,
            size=content.size,
            digest=content.digest,
            columns=list(content.columns),
            row_count=content.row_count,
            created_at=file.created_time,
            updated_at=file.updated_time,
            updated_by=file.updated_by,
            used_by=NamedResponse.all_of(file.uses.plans),
            used_by_scenes=NamedResponse.all_of(file.uses.scenes),
        )


class DataFilePage(PageOf[DataFileResponse]):
    """Data files."""


FileOrder = Literal["name", "-name", "created_at", "-created_at", "size", "-size"]


class DataFileQuery(OfProject):
    """Data files of a project, by name, the newest first."""

    order: FileOrder = ordered(FileOrder, "-created_at")


class DataFilesHandler(UploadHandler):
    @operation("获取数据文件列表", "List a project's data files", may(Role.VIEWER, Kind.PROJECT))
    async def get(self, query: DataFileQuery) -> DataFilePage:
        page = await self.services.datafiles.page(query.project_id, query.page, query.page_size, query.selection)
        return DataFilePage.of(page, DataFileResponse.of)

    @operation("上传数据文件", "Upload a data file", may(Role.EDITOR, Kind.PROJECT), status=201, uploads=True)
    async def post(self, query: NewDataFile) -> DataFileResponse:
        return DataFileResponse.of(await self.services.datafiles.create(query, self.received(), self.user))


class DataFileHandler(UploadHandler):
    @operation("获取数据文件", "One data file", VIEWERS)
    async def get(self, datafile_id: int) -> DataFileResponse:
        return DataFileResponse.of(await self.services.datafiles.get(datafile_id))

    @operation("替换数据文件内容", "Replace the content of a data file", EDITORS, uploads=True)
    async def put(self, datafile_id: int, query: NewContent) -> DataFileResponse:
        return DataFileResponse.of(
            await self.services.datafiles.replace(datafile_id, query, self.received(), self.user)
        )

    @operation("删除数据文件", "Delete a data file", EDITORS)
    async def delete(self, datafile_id: int) -> Message:
        await self.services.datafiles.delete(datafile_id)
        return self.message("数据文件已删除", "The data file was deleted")


class DataFilePreviewHandler(Handler):
    @operation("预览数据文件", "The first rows of a data file", VIEWERS, relays=True)
    async def get(self, datafile_id: int, query: FilePreviewQuery) -> DataPreviewResponse:
        return DataPreviewResponse.of(await self.services.datafiles.preview(datafile_id, query), self.language)


routes = [
    Route("/api/datafiles/", DataFilesHandler),
    Route("/api/datafiles/{datafile_id}/", DataFileHandler),
    Route("/api/datafiles/{datafile_id}/preview/", DataFilePreviewHandler),
]
