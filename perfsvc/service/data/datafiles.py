"""Files with test data: uploaded to a project, looked into, replaced and deleted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from typing import Any

from pydantic import Field

from perfsvc.datafeed.sources import DataSources
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.errors import PerfsvcError
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.data import DataSpec
from perfsvc.model.entities import DataFile
from perfsvc.model.entities import FileContent
from perfsvc.model.entities import Page
from perfsvc.model.entities import User
from perfsvc.plugin.datasource import DataContext
from perfsvc.plugin.datasource import DataFailure
from perfsvc.plugin.datasource import Feed
from perfsvc.service.data.file_store import FileStore
from perfsvc.service.data.file_store import Stored
from perfsvc.service.data.file_store import Upload
from perfsvc.service.data.preview import Preview
from perfsvc.service.data.preview import preview_of
from perfsvc.service.fields import Id
from perfsvc.store import datafiles
from perfsvc.store.database import Store

log = logging.getLogger(__name__)

SOURCE = "csv"
"""The data source that reads data files."""
COUNTING_LIMIT_S = 10.0
"""A file whose rows take longer to count has no count."""
BLOCK = 5000

FileName = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]


class NewDataFile(Spec):
    """Where an uploaded file belongs, and what it is called."""

    project_id: Id = titled("项目ID", "Project")
    name: FileName = titled("文件名", "Name")


class NewContent(Spec):
    """A file's new name, if it gets one."""

    name: FileName | None = titled("文件名", "Name", default=None)


class DataFiles:
    """Everything about data files."""

    def __init__(self, store: Store, shelf: FileStore, sources: DataSources, largest: int) -> None:
        self._store = store
        self._shelf = shelf
        self._sources = sources
        self._largest = largest

    def receive(self) -> Upload:
        """A file that is about to come."""
        return self._shelf.receive(self._largest)

    async def create(self, new: NewDataFile, incoming: Upload, creator: User) -> DataFile:
        """Keep what came as a file of a project. Raises NotFound, InvalidInput, Unavailable."""
        async with self._kept(incoming) as content:
            return await self._store.run(datafiles.create, new.project_id, creator.id, new.name, content)

    async def replace(self, datafile_id: int, new: NewContent, incoming: Upload) -> DataFile:
        """Another content for a file; runs that have begun read the old one to its end. Raises as ``create``."""
        async with self._kept(incoming) as content:
            old = await self._store.run(datafiles.replace, datafile_id, new.name, content)
        await self._shelf.remove(old)
        return await self.get(datafile_id)

    async def get(self, datafile_id: int) -> DataFile:
        return await self._store.run(datafiles.get, datafile_id)

    async def page(self, project_id: int, page: int, page_size: int) -> Page[DataFile]:
        return await self._store.run(datafiles.page, project_id, page, page_size)

    async def delete(self, datafile_id: int) -> None:
        """Raises NotFound, Conflict while a plan uses it."""
        await self._shelf.remove(await self._store.run(datafiles.delete, datafile_id))

    async def preview(self, datafile_id: int) -> Preview:
        """The first rows, read as a plan without further options would. Raises NotFound, InvalidInput, SourceFailed."""
        content = (await self.get(datafile_id)).content
        preview = await preview_of(SOURCE, await self._open(content.stored_name))
        return preview if preview.count is not None else preview.counted(content.row_count)

    async def path(self, project_id: int, ident: int | str) -> Path:
        """Where a project's file lies. Raises InvalidInput for one that is not there, or another project's."""
        if isinstance(ident, str):
            raise InvalidInput.at("file", "请改用 datafile_id", "only a plan file has files beside it; use datafile_id")
        try:
            found = await self.get(ident)
        except NotFound:
            found = None
        if found is None or found.project_id != project_id:
            raise InvalidInput.at("datafile_id", "没有该数据文件", "there is no such data file")
        return self._shelf.path(found.content.stored_name)

    async def paths(self, project_id: int) -> dict[str, str]:
        """Where a project's files lie, by id and by name; of two with one name, the newer."""
        found = await self._store.run(datafiles.of_project, project_id)
        where = {file.id: str(self._shelf.path(file.content.stored_name)) for file in found}
        return {file.name: where[file.id] for file in found} | {str(ident): path for ident, path in where.items()}

    async def sweep(self) -> None:
        """Remove what belongs to no data file: left by a crash, or of a project that was deleted."""
        settled = await self._shelf.settled()
        for name in settled - await self._store.run(datafiles.stored_names):
            await self._shelf.remove(name)
            log.info("the file %s of a data file that is gone was removed", name)

    @asynccontextmanager
    async def _kept(self, incoming: Upload) -> AsyncIterator[FileContent]:
        """What came, while it is made known; removed when that is refused."""
        try:
            stored = await incoming.keep()
            columns, count = await self._looked_into(stored)
            try:
                yield FileContent(stored.stored_name, stored.size, stored.digest, columns, count)
            except PerfsvcError:
                await self._shelf.remove(stored.stored_name)
                raise
        finally:
            incoming.settle()

    async def _looked_into(self, stored: Stored) -> tuple[tuple[str, ...], int | None]:
        """The columns, and how many rows there are; nothing of a file that is not to be read without more options."""
        try:
            feed = await self._open(stored.stored_name)
        except PerfsvcError:
            return (), None
        try:
            return tuple(feed.columns), await counted(feed)
        finally:
            await feed.close()

    async def _open(self, stored_name: str) -> Feed:
        async def file(ident: int | str) -> Path:
            return self._shelf.path(stored_name)

        context = DataContext(file, no_connection, no_address, seed=0)
        spec = DataSpec(source=SOURCE, options={"datafile_id": 1})
        return await self._sources.open_live(spec, context, "")


async def counted(feed: Feed) -> int | None:
    """How many rows there are; None where counting takes too long, or goes wrong."""
    count = 0
    try:
        async with asyncio.timeout(COUNTING_LIMIT_S):
            while block := await feed.read(BLOCK):
                count += len(block)
    except (TimeoutError, DataFailure):
        return None
    return count


async def no_connection(name: str) -> dict[str, Any]:
    raise InvalidInput.at("connection", "数据文件不使用数据库连接", "a data file has no connections")


async def no_address(host: str, port: int) -> list[tuple[Any, ...]]:
    raise OSError("a data file has no addresses")
