"""The files that a run may send: found by the names that users write, and in no other place."""

from __future__ import annotations

from pathlib import Path

from perfsvc.errors import InvalidInput
from perfsvc.model.file_fields import without_folders
from perfsvc.model.run import RunFiles


def find(files: RunFiles, name: str) -> Path:
    """Return the path of a file. Raises InvalidInput for one that is not the run's or not on this machine."""
    stored = files.paths.get(name)
    if stored is None and files.folder is not None:
        return _beside(files, files.folder, name)
    if stored is None:
        raise InvalidInput.at("file", f"项目中没有数据文件 {name}", f"the project has no data file {name}")
    path = Path(stored)
    if not path.is_file():
        raise InvalidInput.at("file", f"数据文件 {name} 不在本节点上", f"the data file {name} is not on this node")
    return path


def _beside(files: RunFiles, folder: str, name: str) -> Path:
    """Return a file below the plan's folder, or the one of its name whose content the plan's file has."""
    try:
        return file_in(Path(folder), name)
    except InvalidInput:
        unpacked = files.paths.get(without_folders(name))
        if unpacked is None:
            raise
        return Path(unpacked)


def file_in(folder: Path, name: str) -> Path:
    """A plain file in a folder or below it, wherever links lead. Raises InvalidInput."""
    try:
        whole = folder.resolve()
        path = (whole / name).resolve()
        inside, there = path.is_relative_to(whole), path.is_file()
    except (OSError, ValueError, RuntimeError):  # NUL bytes, names that are too long, links in a ring
        inside = there = False
    if not inside:
        zh, en = "应位于计划文件所在的目录中", "must be in the folder of the plan file"
        raise InvalidInput.at("file", zh, en)
    if not there:
        raise InvalidInput.at("file", f"没有文件 {name}", f"there is no file {name}")
    return path
