"""Data files of a project file on the command line: contents that it has, and those that it only lists."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from perfsvc.engine.files import find
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.project_file import ProjectDataFile
from perfsvc.model.project_file import ProjectFile
from perfsvc.model.run import RunFiles
from perfsvc.temp_folders import scratch_folder

DATA_FILE = "config.data_config.file"


def listed_files(document: Mapping[str, Any]) -> tuple[ProjectDataFile, ...]:
    """Return the data files of a project's document. Raise InvalidInput."""
    return ProjectFile.parse({"files": document.get("files", [])}).files


@contextmanager
def unpacked(listed: tuple[ProjectDataFile, ...], folder: Path) -> Iterator[RunFiles]:
    """Return the files of a plan in ``folder`` and those whose contents are listed, which are written for as long."""
    contents = {each.name: each.content for each in listed if each.content is not None}
    if not contents:
        yield RunFiles(folder=str(folder))
        return
    with scratch_folder("files") as scratch:
        paths = {}
        for number, (name, content) in enumerate(contents.items()):
            path = scratch / str(number)
            path.write_bytes(content)
            paths[name] = str(path)
        yield RunFiles(paths=paths, folder=str(folder))


def missing_file(listed: tuple[ProjectDataFile, ...], document: Mapping[str, Any], files: RunFiles) -> list[Problem]:
    """Return the problem of a plan whose data file is listed without its content and is not beside the plan."""
    found = _listed_data_file(listed, document)
    if found is None or _path_of(found, files) is not None:
        return []
    return [Problem(DATA_FILE, Text(
        f"项目文件只列出了 {found.name}，没有其内容：请把该文件放到项目文件旁，或导出时选择“含小数据文件”",
        f"the project file lists {found.name} without its content: put the file beside it, or export it with small data"
        " files",
    ))]  # fmt: skip


def changed_file(listed: tuple[ProjectDataFile, ...], document: Mapping[str, Any], files: RunFiles) -> list[Text]:
    """Return a note where the plan's data file is beside the project file, but not as it was when that was written."""
    found = _listed_data_file(listed, document)
    path = None if found is None else _path_of(found, files)
    if found is None or path is None or found.sha256 in (None, _digest_of(path)):
        return []
    return [Text(
        f"数据文件 {found.name} 与导出项目时的内容不同（SHA-256 不符），使用的是项目文件旁的文件",
        f"the data file {found.name} is not as it was when the project was exported (another SHA-256); the one beside"
        " the project file is used",
    )]  # fmt: skip


def _listed_data_file(listed: tuple[ProjectDataFile, ...], document: Mapping[str, Any]) -> ProjectDataFile | None:
    """Return the plan's data file if it is listed without its content."""
    config = document.get("config")
    data = config.get("data_config") if isinstance(config, dict) else None
    name = data.get("file") if isinstance(data, dict) else None
    return next((each for each in listed if each.name == name and each.content is None), None)


def _path_of(file: ProjectDataFile, files: RunFiles) -> Path | None:
    try:
        return find(files, file.name)
    except InvalidInput:
        return None


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
