"""Data files of a project file on the command line: contents that it has, and those that it only lists."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from contextlib import suppress
from pathlib import Path
from typing import Any

from perfsvc.engine.files import find
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.file_fields import places_of_files
from perfsvc.model.file_fields import without_folders
from perfsvc.model.project_file import ProjectDataFile
from perfsvc.model.project_file import ProjectFile
from perfsvc.model.run import RunFiles
from perfsvc.plugin.catalog import Catalog
from perfsvc.temp_folders import scratch_folder

FILE = "file"
DATA_FILE = "config.data_config.file"
"""The field in which test data names its file."""


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


def missing_files(listed: tuple[ProjectDataFile, ...], document: Mapping[str, Any], files: RunFiles) -> list[Problem]:
    """Return a problem for each file of a plan that is listed without its content and is not beside the plan."""
    return [Problem(path, Text(
        f"项目文件只列出了 {file.name}，没有其内容：请把该文件放到项目文件旁，或导出时选择“含小数据文件”",
        f"the project file lists {file.name} without its content: put the file beside it, or export it with small data"
        " files",
    )) for path, name, file in _listed_files_of(listed, document)
        if file.content is None and _path_of(name, files) is None]  # fmt: skip


def notes_on_files(listed: tuple[ProjectDataFile, ...], document: Mapping[str, Any], files: RunFiles) -> list[Text]:
    """Return a note for each file of a plan that is beside the project file with other content than listed there."""
    named = {name: file for _, name, file in _listed_files_of(listed, document)}
    notes = [_note_on(name, file, files) for name, file in named.items()]
    return [note for note in notes if note is not None]


def _note_on(name: str, file: ProjectDataFile, files: RunFiles) -> Text | None:
    beside = _path_of(name, RunFiles(folder=files.folder))
    expected = file.sha256 if file.content is None else hashlib.sha256(file.content).hexdigest()
    if beside is None or expected in (None, _digest_of(beside)):
        return None
    if file.content is None:
        return Text(
            f"数据文件 {name} 与导出项目时的内容不同（SHA-256 不符），使用的是项目文件旁的文件",
            f"the data file {name} is not as it was when the project was exported (another SHA-256); the one beside"
            " the project file is used",
        )
    if _path_of(name, files) == beside:
        return Text(
            f"项目文件旁的 {name} 与项目文件中的内容不同，使用的是项目文件旁的文件",
            f"the data file {name} beside the project file differs from its content there; the one beside it is used",
        )
    return Text(
        f"项目文件旁的 {name} 与项目文件中的内容不同，使用的是项目文件中的内容",
        f"the data file {name} beside the project file differs from its content there; the content there is used",
    )


def _listed_files_of(
    listed: tuple[ProjectDataFile, ...], document: Mapping[str, Any]
) -> list[tuple[str, str, ProjectDataFile]]:
    """Return the files that a plan names and the project file lists, with their paths in the plan."""
    by_name = {file.name: file for file in listed}
    with suppress(RecursionError):  # YAML can contain itself, which is refused later
        paths = {path for path, text in _texts(document) if without_folders(text) in by_name}
        if not paths <= {DATA_FILE}:
            # The schemas of plugins have the other fields; loading all plugins takes a second.
            Catalog.load()
        return [
            (path, name, by_name[without_folders(name)])
            for path, name in places_of_files(document, {FILE})
            if without_folders(name) in by_name
        ]
    return []


def _texts(document: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Find the texts of a document with the keys that lead to them."""
    if isinstance(document, Mapping):
        for inner, value in document.items():
            yield from _texts(value, f"{path}.{inner}" if path else str(inner))
    elif isinstance(document, list):
        for each in document:
            yield from _texts(each, path)
    elif isinstance(document, str):
        yield path, document


def _path_of(name: str, files: RunFiles) -> Path | None:
    try:
        return find(files, name)
    except InvalidInput:
        return None


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
