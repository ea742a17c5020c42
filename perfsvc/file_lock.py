"""A lock on a file that ends with its process, however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from perfsvc.errors import StartupError

LONGEST_PID = 20


class FileLock:
    """An exclusive ``flock``; the file stays, with the process id of the latest holder, and means nothing alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Return whether the lock is held now. Raise OSError where the file cannot be made."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Do nothing where it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @property
    def holder(self) -> str:
        """The process id that the latest holder wrote; "?" where that cannot be read."""
        try:
            return self.path.read_text("ascii")[:LONGEST_PID] or "?"
        except (OSError, UnicodeDecodeError):
            return "?"


def lock_data_folder(folder: Path) -> FileLock:
    """Make the data folder if needed and return its lock, held. Raise StartupError while another process has it."""
    lock = FileLock(folder / "lock")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        acquired = lock.acquire()
    except OSError as error:
        raise StartupError(
            f"无法使用数据目录 {folder}：{error}", f"cannot use the data folder {folder}: {error}"
        ) from None
    if not acquired:
        raise StartupError(
            f"数据目录 {folder} 正被进程 {lock.holder} 使用，请先停止它，或用 --data-dir 指定其他目录",
            f"the data folder {folder} is in use by process {lock.holder}; stop it, or choose another with --data-dir",
        )
    return lock
