"""SQLite files that database connections may use: those in one folder, and never the service's own database."""

from __future__ import annotations

from pathlib import Path

from perfsvc.errors import InvalidInput


class SqliteFiles:
    """The folder, and the files that are off limits even there."""

    def __init__(self, folder: Path, *own: Path) -> None:
        self._folder = folder
        self._own = own

    def path(self, name: str) -> Path:
        """Return the path of a file below the folder. Raises InvalidInput for any other, however it is written."""
        try:
            folder = self._folder.resolve()
            path = (folder / name).resolve(strict=True)
            inside = path.is_relative_to(folder) and path.is_file()
            own = any(path.samefile(each) for each in self._own if each.exists())
        except (OSError, ValueError, RuntimeError):  # missing, a null byte, a loop of links
            inside, own = False, False
        if not inside or own:
            raise InvalidInput.at(
                "connection",
                "连接的 database 应为 sqlite_dir 目录中的文件名",
                "the connection's database must name a file in the folder of the setting sqlite_dir",
            )
        return path
