"""Uploaded files with test data: creation, preview, replacement, deletion."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from collections.abc import Collection
from collections.abc import Mapping
from contextlib import AsyncExitStack
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from perfsvc.datafeed.sources import DataSources
from perfsvc.engine.masking import is_secret
from perfsvc.errors import Conflict
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.errors import PerfsvcError
from perfsvc.errors import Text
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.data import Allocation
from perfsvc.model.data import DataSpec
from perfsvc.model.data import FileName
from perfsvc.model.data import split_config
from perfsvc.model.entities import DataFile
from perfsvc.model.entities import FileContent
from perfsvc.model.entities import Page
from perfsvc.model.entities import User
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.plugin.datasource import DataContext
from perfsvc.plugin.datasource import DataFailure
from perfsvc.plugin.datasource import Feed
from perfsvc.plugin.datasource import Row
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
"""Counting the rows of a larger file is given up."""
BLOCK = 5000
COPIED_BYTES = 1_048_576


class NewDataFile(Spec):
    """The project and the name of an uploaded file."""

    project_id: Id = titled("项目ID", "Project")
    name: FileName = titled("文件名", "Name")


class FilePreviewQuery(Spec):
    """How to read a data file: the options of a plan's ``data_config`` as JSON text; without, the defaults."""

    options: str | None = titled(
        "读取选项（JSON）", "Options as JSON", default=None, max_length=10_000, examples=['{"encoding": "gbk"}']
    )

    def data_config(self) -> dict[str, Any]:
        """Return the options. Raise InvalidInput."""
        try:
            found = json.loads(self.options or "{}")
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise InvalidInput.at("options", "应为 JSON 对象", "must be a JSON object")
        return {key: value for key, value in found.items() if key not in {"datafile_id", "file"}}


class NewContent(Spec):
    """A new name for a replaced file, if any."""

    name: FileName | None = titled("文件名", "Name", default=None)


ROWS_AT_ONCE = 1000


class DataFiles:
    """The data files of projects."""

    def __init__(self, store: Store, file_store: FileStore, sources: DataSources, largest: int) -> None:
        self._store = store
        self._file_store = file_store
        self._sources = sources
        self._largest = largest

    def receive(self) -> Upload:
        """Return a new upload to write to."""
        return self._file_store.receive(self._largest)

    async def create(self, new: NewDataFile, upload: Upload, creator: User) -> DataFile:
        """Store an upload as a file of a project. Raises NotFound, InvalidInput, Unavailable."""
        async with self._stored(upload) as content:
            return await self._store.run(datafiles.create, new.project_id, creator.id, new.name, content)

    async def replace(self, datafile_id: int, new: NewContent, upload: Upload, author: User) -> DataFile:
        """Replace a file's content; active runs keep reading the old one. Raises as ``create``."""
        async with self._stored(upload) as content:
            old = await self._store.run(datafiles.replace, datafile_id, new.name, content, author.username)
        await self._file_store.remove(old)
        return await self.get(datafile_id)

    async def get(self, datafile_id: int) -> DataFile:
        return await self._store.run(datafiles.get, datafile_id)

    async def page(self, project_id: int, page: int, page_size: int, selection: Selection = ALL) -> Page[DataFile]:
        return await self._store.run(datafiles.page, project_id, page, page_size, selection)

    async def delete(self, datafile_id: int) -> None:
        """Raises NotFound, Conflict while a plan uses it."""
        await self._file_store.remove(await self._store.run(datafiles.delete, datafile_id))

    async def preview(self, datafile_id: int, query: FilePreviewQuery) -> Preview:
        """Return the first rows. Raises NotFound, InvalidInput, SourceFailed."""
        allocation, options = split_config(query.data_config())
        secret = Allocation.parse(allocation, "options").secret_columns
        content = (await self.get(datafile_id)).content
        feed = await self._open(content.stored_name, options)
        if _uncovers(options, feed.columns, content.columns):
            secret = (*secret, *feed.columns)
        preview = await preview_of(SOURCE, feed, secret)
        return preview if preview.count is not None else preview.with_count(content.row_count)

    async def row(self, project_id: int, ident: int, number: int) -> Row:
        """Return a row of a project's file, counted from 1, read with default options. Raises InvalidInput."""
        file = await self._of_project(project_id, ident)
        feed = await self._open(file.content.stored_name)
        try:
            left = number
            while rows := await feed.read(min(left, ROWS_AT_ONCE)):
                if left <= len(rows):
                    return rows[left - 1]
                left -= len(rows)
        finally:
            await feed.close()
        raise InvalidInput.at("row_number", *no_such_row(file.name, number, number - left))

    async def path(self, project_id: int, ident: int | str) -> Path:
        """Return the path of a project's file. Raises InvalidInput for a missing file or one of another project."""
        if isinstance(ident, str):
            zh, en = "file 只用于计划文件，请改用 datafile_id", "file is for plan files only; use datafile_id"
            raise InvalidInput.at("file", zh, en)
        return self._file_store.path((await self._of_project(project_id, ident)).content.stored_name)

    async def _of_project(self, project_id: int, ident: int) -> DataFile:
        try:
            found = await self.get(ident)
        except NotFound:
            found = None
        if found is None or found.project_id != project_id:
            raise InvalidInput.at("datafile_id", "没有该数据文件", "there is no such data file")
        return found

    async def paths(self, project_id: int) -> dict[str, str]:
        """Return the paths of a project's files by id and by name; of two files with one name, the newer."""
        stored = await self._store.run(datafiles.of_project, project_id)
        where = {file.id: str(self._file_store.path(file.content.stored_name)) for file in stored}
        return {file.name: where[file.id] for file in stored} | {str(ident): path for ident, path in where.items()}

    def stored_path(self, file: DataFile) -> Path:
        """Return where the content of a file lies."""
        return self._file_store.path(file.content.stored_name)

    @asynccontextmanager
    async def stored_contents(self, contents: Mapping[str, bytes | DataFile]) -> AsyncIterator[dict[str, FileContent]]:
        """Store contents under new names while their rows are written; remove them when that fails."""
        async with AsyncExitStack() as stack:
            yield {name: await stack.enter_async_context(self._copied(each)) for name, each in contents.items()}

    @asynccontextmanager
    async def _copied(self, source: bytes | DataFile) -> AsyncIterator[FileContent]:
        upload = self.receive()
        try:
            if isinstance(source, bytes):
                await upload.write(source)
            else:
                await self._copy(self.stored_path(source), upload)
            async with self._stored(upload) as content:
                yield content
        finally:
            await upload.release()

    @staticmethod
    async def _copy(path: Path, upload: Upload) -> None:
        """Raise Conflict for a content that has been replaced or deleted meanwhile."""
        try:
            handle = await asyncio.to_thread(path.open, "rb")
        except FileNotFoundError:
            zh, en = "数据文件刚被替换或删除，请重试", "a data file has just been replaced or deleted; try again"
            raise Conflict(zh, en) from None
        with handle:
            while part := await asyncio.to_thread(handle.read, COPIED_BYTES):
                await upload.write(part)

    async def discard(self, stored_name: str) -> None:
        """Remove a content that no file has any more; active runs keep reading it."""
        await self._file_store.remove(stored_name)

    async def sweep(self) -> None:
        """Remove stored files without a data file: left behind by a crash or by a deleted project."""
        sweepable = await self._file_store.sweepable()
        for name in sweepable - await self._store.run(datafiles.stored_names):
            await self._file_store.remove(name)
            log.info("removed orphaned file %s", name)

    @asynccontextmanager
    async def _stored(self, upload: Upload) -> AsyncIterator[FileContent]:
        """Store the upload's content while its row is written; remove it when that fails."""
        try:
            stored = await upload.keep()
            columns, count = await self._inspect(stored)
            try:
                yield FileContent(stored.stored_name, stored.size, stored.digest, columns, count)
            except PerfsvcError:
                await self._file_store.remove(stored.stored_name)
                raise
        finally:
            upload.allow_sweep()

    async def _inspect(self, stored: Stored) -> tuple[tuple[str, ...], int | None]:
        """Return columns and row count; empty for a file that needs options to be read."""
        try:
            feed = await self._open(stored.stored_name)
        except PerfsvcError:
            return (), None
        try:
            return tuple(feed.columns), await count_rows(feed)
        finally:
            await feed.close()

    async def _open(self, stored_name: str, options: Mapping[str, Any] | None = None) -> Feed:
        async def file(ident: int | str) -> Path:
            return self._file_store.path(stored_name)

        context = DataContext(file, no_connection, no_address, seed=0)
        spec = DataSpec(source=SOURCE, options={**(options or {}), "datafile_id": 1})
        return await self._sources.open_live(spec, context, "")


async def count_rows(feed: Feed) -> int | None:
    """Return the number of rows; None when counting takes too long or fails."""
    count = 0
    try:
        async with asyncio.timeout(COUNTING_LIMIT_S):
            while block := await feed.read(BLOCK):
                count += len(block)
    except (TimeoutError, DataFailure):
        return None
    return count


async def no_connection(name: str) -> dict[str, Any]:
    raise InvalidInput.at("connection", "数据文件不使用数据库连接", "a data file uses no database connection")


async def no_address(host: str, port: int) -> list[tuple[Any, ...]]:
    raise OSError("a data file has no addresses")


def no_such_row(name: str, number: int, rows: int) -> Text:
    """The message for a row behind the last one."""
    if not rows:
        return Text(f"数据文件 {name} 没有数据行", f"the data file {name} has no rows")
    en = f"the data file {name} has {rows} row{'s' * (rows > 1)}; there is no row {number}"
    return Text(f"数据文件 {name} 只有 {rows} 行，没有第 {number} 行", en)


def _uncovers(options: Mapping[str, Any], columns: Collection[str], own: Collection[str]) -> bool:
    """Return whether columns named by ``options`` may hold what a file's own names keep secret."""
    if own:
        return list(columns) != list(own) and any(map(is_secret, own))
    return not options.keys() <= {"encoding"}
