"""Data files as the database knows them; what is in them lies in a folder, under ``stored_name``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perfsvc.errors import Text
from perfsvc.model.entities import NO_USES
from perfsvc.model.entities import DataFile
from perfsvc.model.entities import FileContent
from perfsvc.model.entities import Page
from perfsvc.model.entities import Uses
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.store import uses
from perfsvc.store.binding import now
from perfsvc.store.database import writes
from perfsvc.store.rows import DATAFILE
from perfsvc.store.rows import PROJECT
from perfsvc.store.rows import USER
from perfsvc.store.rows import Columns
from perfsvc.store.rows import by_id
from perfsvc.store.rows import page_of
from perfsvc.store.rows import require
from perfsvc.store.tables import DataFileRow
from perfsvc.store.tables import ProjectRow
from perfsvc.store.tables import UserRow

COLUMNS = Columns(
    searched=(DataFileRow.name,),
    orders={"name": DataFileRow.name, "created_at": DataFileRow.id, "size": DataFileRow.size},
)


@writes
def create(project_id: int, creator_id: int, name: str, content: FileContent) -> DataFile:
    """Raises NotFound for the project or the user, InvalidInput."""
    require(ProjectRow, project_id, PROJECT)
    creator = by_id(UserRow, creator_id, USER).username
    values = {"name": name, "updated_by": creator, **columns(content)}
    return get(DataFileRow.add(project=project_id, creator=creator_id, **values))


def get(datafile_id: int) -> DataFile:
    """Raises NotFound."""
    return entities([by_id(DataFileRow, datafile_id, DATAFILE)])[0]


def page(project_id: int, page: int = 1, page_size: int = 10, selection: Selection = ALL) -> Page[DataFile]:
    """A project's files, the newest first."""
    query = DataFileRow.select().where(DataFileRow.project == project_id)
    return page_of(query, DataFileRow.id.desc(), page, page_size, entities, COLUMNS, selection)


def of_project(project_id: int) -> list[DataFile]:
    """All files of a project, the oldest first."""
    return entities(list(DataFileRow.select().where(DataFileRow.project == project_id).order_by(DataFileRow.id)))


@writes
def replace(datafile_id: int, name: str | None, content: FileContent, author: str | None = None) -> str:
    """Replace the content, and the name if given; ``author`` is a name. Return the ``stored_name`` of the old content.

    Raises NotFound, InvalidInput.
    """
    row = by_id(DataFileRow, datafile_id, DATAFILE)
    changed = {"name": name or row.name, "updated_time": now(), "updated_by": author}
    DataFileRow.change(DataFileRow.id == datafile_id, **changed, **columns(content))
    return str(row.stored_name)


@writes
def delete(datafile_id: int) -> str:
    """Delete a data file and return its ``stored_name``. Raises NotFound, Conflict while a plan or a scene uses it."""
    row = by_id(DataFileRow, datafile_id, DATAFILE)
    uses.refuse_used(uses.of_files({row.project_id}).get(datafile_id, NO_USES), Text("数据文件", "the data file"))
    DataFileRow.delete().where(DataFileRow.id == datafile_id).execute()
    return str(row.stored_name)


def stored_names() -> set[str]:
    """Names of files that belong into the folder."""
    return {row.stored_name for row in DataFileRow.select(DataFileRow.stored_name)}


def columns(content: FileContent) -> dict[str, Any]:
    """Columns that change with the content."""
    return {
        "stored_name": content.stored_name,
        "size": content.size,
        "digest": content.digest,
        "column_names": list(content.columns),
        "row_count": content.row_count,
    }


def entities(rows: Sequence[Any]) -> list[DataFile]:
    used = uses.of_files({row.project_id for row in rows})
    return [entity(row, used.get(row.id, NO_USES)) for row in rows]


def entity(row: Any, used: Uses) -> DataFile:
    """A row as the services see it."""
    content = FileContent(row.stored_name, row.size, row.digest, tuple(row.column_names), row.row_count)
    return DataFile(
        id=row.id,
        project_id=row.project_id,
        creator_id=row.creator_id,
        name=row.name,
        content=content,
        created_time=row.created_time,
        updated_time=row.updated_time,
        updated_by=row.updated_by,
        uses=used,
    )
